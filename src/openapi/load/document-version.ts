import type { Findings } from './findings.ts'
import { own } from './json-value.ts'
import type { OpenApiVersion } from './structure.ts'

/** The version of a document; reports and returns `undefined` where it is none that loads. */
export function readVersion(
  root: unknown,
  file: string,
  findings: Findings,
): OpenApiVersion | undefined {
  const written = own(root, 'openapi')
  const match = typeof written === 'string' ? /^(3\.[012])\.\d+(?:-.*)?$/.exec(written) : null
  const version = (['3.0', '3.1', '3.2'] as const).find((known) => known === match?.[1])
  if (version !== undefined) return version
  if (own(root, 'swagger') !== undefined) {
    const message = 'the document is Swagger 2.0; convert it to OpenAPI 3'
    findings.error('swagger-2.0', message, { file, pointer: '/swagger' })
  } else if (written === undefined) {
    findings.error('not-openapi', 'the document has no `openapi` version', { file, pointer: '' })
  } else {
    const message = `the version ${JSON.stringify(written)} is not known; 3.0, 3.1 and 3.2 are, written like "3.1.0"`
    findings.error('unknown-version', message, { file, pointer: '/openapi' })
  }
  return undefined
}
