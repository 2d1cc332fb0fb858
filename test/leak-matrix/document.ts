import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

/** A JSON Schema, as far as attacks need it. */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
}

/** A declared operation, references resolved. */
export interface Declared {
  readonly id: string
  readonly method: string
  readonly template: string
  readonly parameters: readonly { readonly name: string; readonly in: string }[]
  /** Media type -> schema. */
  readonly bodies: ReadonlyMap<string, Schema>
  /** Names of the fields in answers of its API. */
}

const FILE = fileURLToPath(new URL('../../examples/shop/openapi.yaml', import.meta.url))
const METHODS = ['get', 'put', 'post', 'patch', 'delete']

type Json = Readonly<Record<string, unknown>>

/** The operations of the shop's document. */
export function declaredOperations(): readonly Declared[] {
  const root = parse(readFileSync(FILE, 'utf8')) as Json
  const resolve = (value: unknown): Json => {
    const { $ref } = (value ?? {}) as { $ref?: string }
    if ($ref === undefined) return (value ?? {}) as Json
    let at: unknown = root
    for (const step of $ref.slice(2).split('/')) at = (at as Json)[step]
    return resolve(at)
  }
  return Object.entries(root['paths'] as Json).flatMap(([template, item]) =>
    METHODS.filter((method) => Object.hasOwn(item as Json, method)).map((method): Declared => {
      const operation = (item as Json)[method] as Json
      const parameters = [
        ...(((item as Json)['parameters'] ?? []) as unknown[]),
        ...((operation['parameters'] ?? []) as unknown[]),
      ].map((one) => resolve(one) as unknown as Declared['parameters'][number])
      const content = (resolve(operation['requestBody'])['content'] ?? {}) as Json
      return {
        id: String(operation['operationId']),
        method: method.toUpperCase(),
        template,
        parameters,
        bodies: new Map(
          Object.entries(content).map(([type, media]) => [
            type,
            flat((media as Json)['schema'], resolve, 0),
          ]),
        ),
      }
    }),
  )
}

/** A schema with its references and `allOf` put together; circles end. */
function flat(value: unknown, resolve: (value: unknown) => Json, depth: number): Schema {
  const schema = resolve(value)
  if (depth > 8) return {}
  const parts = ((schema['allOf'] ?? []) as unknown[]).map((one) => flat(one, resolve, depth + 1))
  const own = Object.entries((schema['properties'] ?? {}) as Json).map(
    ([name, inner]) => [name, flat(inner, resolve, depth + 1)] as const,
  )
  const properties = Object.assign(
    {},
    ...parts.map((part) => part.properties ?? {}),
    Object.fromEntries(own),
  ) as Schema['properties']
  return {
    ...(schema as Schema),
    ...(properties !== undefined && Object.keys(properties).length > 0 ? { properties } : {}),
    ...(schema['items'] === undefined ? {} : { items: flat(schema['items'], resolve, depth + 1) }),
  }
}
