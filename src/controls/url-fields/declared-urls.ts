import type { SchemaRef } from '../../openapi/model.ts'
import { applicable } from '../../openapi/schema/facts.ts'
import type { Applicable } from '../../openapi/schema/facts.ts'
import type { Resources, Site } from '../../openapi/schema/resources.ts'
import { declaredProperties } from '../declared-properties.ts'

/** Formats whose values an API may go and fetch. */
const URL_FORMATS: ReadonlySet<unknown> = new Set(['uri', 'url', 'iri'])

/** Lists of lists of URLs are looked into this deep. */
const MAX_LISTS = 3

/** Names of the properties anywhere below some schemas that are declared as URLs. */
export function urlPropertyNames(
  refs: readonly SchemaRef[],
  resources: Resources,
): ReadonlySet<string> {
  return declaredProperties(refs, resources, (_name, site) => isUrl(resources, site))
}

/**
 * Whether wherever one of some names is declared below the schemas, no text can stand under it but one of the format
 * `uri`.
 */
export function areAllUris(
  names: ReadonlySet<string>,
  refs: readonly SchemaRef[],
  resources: Resources,
): boolean {
  const others = declaredProperties(
    refs,
    resources,
    (name, site) => names.has(name) && !isUri(resources, site),
  )
  return others.size === 0
}

function isUri(resources: Resources, site: Site, depth = 0): boolean {
  if (depth > MAX_LISTS) return false
  const schemas = applicable(resources, site)
  const isUriHere = ({ site: at, keywords: { type, format, items } }: Applicable): boolean => {
    const types: readonly unknown[] = [type].flat()
    if (types.length === 1 && types[0] === 'array')
      return items !== undefined && isUri(resources, resources.child(at, 'items'), depth + 1)
    return format === 'uri' && types.every((one) => SCALARS.has(one))
  }
  // Of branches, the one that takes a text may be any of them.
  const branches = schemas.filter(({ isConditional }) => isConditional)
  return (
    schemas.some(isUriHere) &&
    branches.every((one) => one.keywords['type'] === 'null' || isUriHere(one))
  )
}

const SCALARS: ReadonlySet<unknown> = new Set(['string', 'null'])

/** Names of the properties whose example or default is a URL: who wrote the document knows what they hold. */
export function urlExampleNames(
  refs: readonly SchemaRef[],
  resources: Resources,
): ReadonlySet<string> {
  return declaredProperties(refs, resources, (_name, site) => hasUrlExample(resources, site))
}

/** Whether a schema shows a URL for what it takes. */
export function hasUrlExample(resources: Resources, site: Site | undefined): boolean {
  if (site === undefined) return false
  return applicable(resources, site).some(({ keywords: { example, examples, default: usual } }) =>
    [example, usual, ...(Array.isArray(examples) ? examples : [])].some(
      (text) => typeof text === 'string' && /^https?:\/\//i.test(text),
    ),
  )
}

/** Whether a schema is one of a URL, or of a list of them. */
export function isUrl(resources: Resources, site: Site | undefined, depth = 0): boolean {
  if (site === undefined || depth > MAX_LISTS) return false
  return applicable(resources, site).some(
    ({ site: at, keywords }) =>
      URL_FORMATS.has(keywords['format']) ||
      (typeof keywords['items'] === 'object' &&
        isUrl(resources, resources.child(at, 'items'), depth + 1)),
  )
}
