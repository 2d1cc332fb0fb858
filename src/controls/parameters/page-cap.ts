import type { Operation, Parameter } from '../../openapi/model.ts'
import { applicable } from '../../openapi/schema/facts.ts'
import type { Resources } from '../../openapi/schema/resources.ts'

/** Names under which clients say how much they want of a list, and nothing else. */
const PAGE_SIZE =
  /^(?:limit|take|\$top|per[_-]?page|page[_-]?(?:size|limit)|page\[(?:size|limit)\]|max[_-]?results|(?:results|items)[_-]?per[_-]?page)$/i

const BOUNDS = ['maximum', 'exclusiveMaximum', 'enum', 'const'] as const

/** Whether a parameter says how much is read, and the document sets no maximum for it [VAL-06]. */
export function isUnboundedPage(
  { method }: Pick<Operation, 'method'>,
  { place, name, schema }: Parameter,
  resources: Resources,
): boolean {
  if (method !== 'GET' || place !== 'query' || !PAGE_SIZE.test(name)) return false
  const site = schema === undefined ? undefined : resources.site(schema)
  if (site === undefined) return true
  return applicable(resources, site).every(({ keywords }) =>
    BOUNDS.every((key) => keywords[key] === undefined),
  )
}

/** The most that such a parameter may ask for: the cap, or what the document itself gives as a default or an example. */
export function pageCap(cap: number, { schema }: Parameter, resources: Resources): number {
  const site = schema === undefined ? undefined : resources.site(schema)
  if (site === undefined) return cap
  const told = applicable(resources, site).flatMap(({ keywords }) => [
    keywords['default'],
    keywords['example'],
    ...(Array.isArray(keywords['examples']) ? (keywords['examples'] as readonly unknown[]) : []),
  ])
  return Math.max(cap, ...told.filter((one) => typeof one === 'number'))
}
