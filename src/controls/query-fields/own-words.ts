import type { Operation, Parameter } from '../../openapi/model.ts'
import { applicable } from '../../openapi/schema/facts.ts'
import type { Resources, Site as SchemaSite } from '../../openapi/schema/resources.ts'
import { schemasOf } from '../responses/declared.ts'
import { fieldMarks } from '../field-marks.ts'
import type { Kit } from '../kit.ts'
import { successes } from '../objects/json-success.ts'
import type { Site } from '../../pipeline/site.ts'
import { FieldIndex } from './field-index.ts'
import { hiddenIn } from './hidden-in.ts'
import { foldWord } from './words.ts'

/** A filter is declared this deep: `{"where":{"address":{"city":…}}}`. */
const MAX_DEPTH = 4
/** Names of one parameter; more are no language of filters. */
const MAX_NAMES = 500

/**
 * The names that the schema of each parameter declares, folded: `limit` and `where` of a filter that is written as JSON
 * are words of its language, not fields. By the name of the parameter; only those that declare any.
 */
export function ownWords(site: Site, kit: Kit): ReadonlyMap<string, ReadonlySet<string>> {
  const resources = kit.apis.get(site.operation.api)?.requestSchemas.resources
  const found = new Map<string, ReadonlySet<string>>()
  if (resources === undefined) return found
  for (const parameter of site.operation.parameters) {
    const names = namesOf(parameter, resources)
    if (names.size > 0) found.set(parameter.name, names)
  }
  return found
}

function namesOf({ place, schema, content }: Parameter, resources: Resources): ReadonlySet<string> {
  const names = new Set<string>()
  const ref = schema ?? content?.schema
  const root = ref === undefined ? undefined : resources.site(ref)
  if (place === 'query' && root !== undefined) collect(resources, root, names, MAX_DEPTH)
  return names
}

function collect(resources: Resources, at: SchemaSite, names: Set<string>, depth: number): void {
  if (depth === 0) return
  for (const { site, keywords } of applicable(resources, at)) {
    const { properties, items } = keywords
    if (typeof items === 'object')
      collect(resources, resources.child(site, 'items'), names, depth - 1)
    if (typeof properties !== 'object' || properties === null) continue
    for (const name of Object.keys(properties)) {
      if (names.size >= MAX_NAMES) return
      names.add(foldWord(name))
      collect(resources, resources.child(site, 'properties', name), names, depth - 1)
    }
  }
}

/**
 * The fields of the list that an operation is about where its own answer tells none of them, such as `GET /todos` for
 * `GET /todos/count`; `undefined` where there is none, or something of it is hidden from somebody.
 */
export function listedFields(site: Site, kit: Kit): FieldIndex | undefined {
  const parent = kit.sites.find(({ operation }) => isListOf(operation, site.operation))
  const api = parent === undefined ? undefined : kit.apis.get(parent.operation.api)
  if (parent === undefined || api === undefined) return undefined
  const refs = successes(parent.operation).flatMap(schemasOf)
  if (refs.length === 0 || hiddenIn(parent, kit)) return undefined
  return new FieldIndex(fieldMarks(api, parent.policy).place(refs))
}

function isListOf(list: Operation, { api, template }: Operation): boolean {
  const above = template.slice(0, template.lastIndexOf('/'))
  return list.api === api && list.method === 'GET' && list.template === above && above !== ''
}
