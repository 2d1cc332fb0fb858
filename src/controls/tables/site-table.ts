import { parseMediaType } from '../../http/media-type.ts'
import type { FieldEdge } from '../../openapi/fields/graph.ts'
import type { MediaType, SchemaRef } from '../../openapi/model.ts'
import { applicable } from '../../openapi/schema/facts.ts'
import type { Resources, Site as SchemaSite } from '../../openapi/schema/resources.ts'
import type { UpstreamResponse } from '../../pipeline/exchange.ts'
import type { Policy } from '../../pipeline/policy.ts'
import type { Site } from '../../pipeline/site.ts'
import { fieldMarks } from '../field-marks.ts'
import type { FieldMark } from '../field-marks.ts'
import type { Kit } from '../kit.ts'
import { refuseUnknownCallers } from '../objects/nobody-known.ts'
import type { OwnerPlace } from '../objects/owner-places.ts'
import { ownersOf } from '../objects/owners.ts'
import { jsonContent, successes } from '../objects/json-success.ts'
import { configureTables } from './config.ts'
import { RowReader } from './row-values.ts'

/** The one media type that is read as a table. */
export const CSV = 'text/csv'

/** All that is known at load of the table that an operation answers. */
export interface SiteTable {
  /** Where rows stand in the list that the table is. */
  readonly rows: FieldEdge<FieldMark>
  readonly reader: RowReader
  /** Whose rows are; `undefined`: nobody's. */
  readonly place: OwnerPlace | undefined
  /** Rows may have columns that the document does not declare. */
  readonly isOpen: boolean
  /** Nothing else is answered. */
  readonly isOnly: boolean
}

/** The media type by which a document describes the rows of a table. */
function tableContent({ operation }: Pick<Site, 'operation'>): MediaType | undefined {
  return successes(operation)
    .flatMap(({ content }) => content)
    .find(({ type, schema, itemSchema }) => type === CSV && (itemSchema ?? schema) !== undefined)
}

/** Finds the table of an operation; `undefined` where the document describes none. Throws `ConfigError`. */
export function siteTable(site: Site, kit: Kit, policy: Policy): SiteTable | undefined {
  const media = tableContent(site)
  const api = kit.apis.get(site.operation.api)
  const resources = api?.responseSchemas.resources
  if (media === undefined || api === undefined || resources === undefined) return undefined
  const item = itemOf(media, resources)
  if (item === undefined) return undefined
  const ref: SchemaRef = { uri: item.resource.file, pointer: item.pointer, schema: item.schema }
  const rows = fieldMarks(api, policy).place([ref])
  if (rows.node.members.size === 0) return undefined
  const place = ownersOf(site, kit)?.placeOf(site, ref)
  if (place !== undefined) refuseUnknownCallers(site)
  return {
    rows,
    reader: new RowReader(resources, item, rows.node),
    place,
    isOpen: declaresOpen(resources, item),
    isOnly: successes(site.operation).every((response) => jsonContent(response).length === 0),
  }
}

/** Whether the document says that rows may have columns that it does not name. */
function declaresOpen(resources: Resources, item: SchemaSite): boolean {
  return applicable(resources, item).some(
    ({ keywords }) =>
      keywords['additionalProperties'] === true || keywords['unevaluatedProperties'] === true,
  )
}

function itemOf({ schema, itemSchema }: MediaType, resources: Resources): SchemaSite | undefined {
  if (itemSchema !== undefined) return resources.site(itemSchema)
  const root = schema === undefined ? undefined : resources.site(schema)
  if (root === undefined) return undefined
  const list = applicable(resources, root).find(
    ({ keywords }) => typeof keywords['items'] === 'object' && keywords['items'] !== null,
  )
  return list === undefined ? undefined : resources.child(list.site, 'items')
}

/** Whether an answer is a table (of whatever rows). */
export function isTable({ headers }: UpstreamResponse): boolean {
  return parseMediaType(headers.get('content-type') ?? '')?.essence === CSV
}

/** What other controls need not look at: tables whose rows are described, where `tables` stands. Throws `ConfigError`. */
export function shownAsTable(
  site: Site,
  kit: Kit,
): { readonly isShownElsewhere?: (response: UpstreamResponse) => boolean } {
  const { isEnforced } = configureTables(site.policy)
  const isDescribed = isEnforced && siteTable(site, kit, site.policy) !== undefined
  return isDescribed ? { isShownElsewhere: (one) => one.status < 300 && isTable(one) } : {}
}
