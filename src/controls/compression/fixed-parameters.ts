import type { Operation, Parameter } from '../../openapi/model.ts'
import { parseTemplate } from '../../openapi/path-template.ts'
import { applicable } from '../../openapi/schema/facts.ts'
import type { Resources } from '../../openapi/schema/resources.ts'

const FIXED_TYPES: ReadonlySet<unknown> = new Set(['integer', 'number', 'boolean'])
const FIXED_FORMATS: ReadonlySet<unknown> = new Set(['uuid', 'date', 'date-time'])

/** The parameters of an operation that have no room for a guess. */
export interface FixedParameters {
  /** Names of the query's. */
  readonly query: ReadonlySet<string>
  /** Positions of the path's, in the order of the template. */
  readonly path: ReadonlySet<number>
}

/** Where nothing is known of the values that came. */
export const NONE_FIXED: FixedParameters = { query: new Set(), path: new Set() }

/** Parameters whose schema takes numbers, ids and words from a list, and no free text. */
export function fixedParameters(operation: Operation, resources: Resources): FixedParameters {
  const namesAt = (place: Parameter['place']): readonly string[] =>
    operation.parameters
      .filter((one) => one.place === place && isFixed(one, resources))
      .map(({ name }) => name)
  const parsed = parseTemplate(operation.template)
  const order = parsed.ok ? parsed.names : []
  return {
    query: new Set(namesAt('query')),
    path: new Set(namesAt('path').map((name) => order.indexOf(name))),
  }
}

function isFixed({ schema }: Parameter, resources: Resources): boolean {
  const site = schema === undefined ? undefined : resources.site(schema)
  if (site === undefined) return false
  return applicable(resources, site).some(
    ({ keywords, isConditional }) =>
      !isConditional &&
      (FIXED_TYPES.has(keywords['type']) ||
        FIXED_FORMATS.has(keywords['format']) ||
        'const' in keywords ||
        Array.isArray(keywords['enum'])),
  )
}
