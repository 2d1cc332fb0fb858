import type { SchemaCompiler } from '../openapi/schema/compiler.ts'
import type { Policy } from '../pipeline/policy.ts'
import type { ApiRuntime } from './kit.ts'

/** How requests are held to their schemas, and the bounds that hold where the document has none. */
export interface RequestStrictness {
  readonly kind: 'strict' | 'schema'
  readonly capLength: number
  readonly capItems: number
}

/** The part of a policy that says how; `undefined` where requests are not looked at. */
export function requestStrictness({ validate }: Policy): RequestStrictness | undefined {
  const { request, capLength, capItems } = validate
  return request === 'off' ? undefined : { kind: request, capLength, capItems }
}

/** The compiler of what requests may hold. Operations with the same bounds share it. */
export function requestSchemas(
  { requestSchemas: strict, looseRequestSchemas }: ApiRuntime,
  { kind, capLength, capItems }: RequestStrictness,
): SchemaCompiler {
  const schemas = kind === 'strict' ? strict : looseRequestSchemas
  return schemas.withCaps({ maxLength: capLength, maxItems: capItems })
}
