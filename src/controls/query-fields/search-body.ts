import { parseTemplate } from '../../openapi/path-template.ts'
import type { Site } from '../../pipeline/site.ts'

const SEARCH = /^(?:.*[_-])?(?:search|query|queries|find|filter|list|lookup|select|report)$/i

/** Whether the body of an operation says what is looked for. */
export function isSearch({ operation }: Pick<Site, 'operation'>): boolean {
  if (operation.method !== 'POST' && operation.method !== 'QUERY') return false
  if (operation.method === 'QUERY') return true
  const parsed = parseTemplate(operation.template)
  const last = operation.template.split('/').at(-1) ?? ''
  return parsed.ok && SEARCH.test(last.replace(/^.*:/, ''))
}

const MAX_LEAVES = 2000
const MAX_DEPTH = 32

/** The values of a body with their names as a query would write them; `undefined`: too many to judge. */
export function pairsOf(body: unknown): readonly (readonly [string, string])[] | undefined {
  const pairs: (readonly [string, string])[] = []
  const collect = (value: unknown, name: string, depth: number): boolean => {
    if (pairs.length > MAX_LEAVES || depth > MAX_DEPTH) return false
    if (typeof value !== 'object' || value === null) {
      pairs.push([name, String(value)])
      return true
    }
    const isList = Array.isArray(value)
    for (const [key, inner] of Object.entries(value)) {
      // `{"age": {"$gt": 3}}` in a query is `age[gt]=3`.
      const step = key.startsWith('$') ? key.slice(1) : key
      const inside = isList ? name : name === '' ? step : `${name}[${step}]`
      if (!collect(inner, inside, depth + 1)) return false
    }
    return true
  }
  return collect(body, '', 0) ? pairs : undefined
}
