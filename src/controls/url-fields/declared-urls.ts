import type { SchemaRef } from '../../openapi/model.ts'

/** Formats whose values an API may go and fetch. */
const URL_FORMATS: ReadonlySet<string> = new Set(['uri', 'url', 'iri'])

/** Most schema objects looked at; documents are large and refer in circles. */
const MAX_VISITED = 20_000

/**
 * Names of the properties anywhere below a schema that are declared as URLs. References are followed inside the
 * document by `resolve`. By name, not by place: a name that is a URL here is one in every branch.
 */
export function urlPropertyNames(
  ref: SchemaRef,
  resolve: (reference: string, uri: string) => SchemaRef | undefined,
): ReadonlySet<string> {
  const names = new Set<string>()
  const seen = new Set<unknown>()
  const queue: SchemaRef[] = [ref]
  for (let at = queue.pop(); at !== undefined && seen.size < MAX_VISITED; at = queue.pop()) {
    if (typeof at.schema !== 'object' || at.schema === null || seen.has(at.schema)) continue
    seen.add(at.schema)
    const schema = at.schema as Readonly<Record<string, unknown>>
    const target = typeof schema['$ref'] === 'string' ? resolve(schema['$ref'], at.uri) : undefined
    if (target !== undefined) queue.push(target)
    collect(schema['properties'], names)
    for (const child of Object.values(schema))
      queue.push({ uri: at.uri, pointer: '', schema: child })
  }
  return names
}

function collect(properties: unknown, names: Set<string>): void {
  if (typeof properties !== 'object' || properties === null) return
  for (const [name, schema] of Object.entries(properties)) if (isUrl(schema)) names.add(name)
}

function isUrl(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false
  const { format, items } = schema as { readonly format?: unknown; readonly items?: unknown }
  return (
    (typeof format === 'string' && URL_FORMATS.has(format)) || (items !== undefined && isUrl(items))
  )
}
