import type { Kit } from '../../src/controls/kit.ts'
import { settingPath } from '../../src/controls/setting-path.ts'
import { componentSchemas } from '../../src/openapi/fields/named-field.ts'
import type { Site } from '../../src/pipeline/site.ts'

/** Whose the objects of a schema are. */
export interface SchemaRow {
  readonly api: string
  readonly schema: string
  /** The condition under which a caller sees one, `public`, or the member that names its owner. */
  readonly condition: string
  /** Where that stands: a path of the configuration, or of the document as `FILE#POINTER`. */
  readonly at: string
}

const OWNER_MARK = 'x-sallyport-owner'

/** Every schema about whose owner anything is said; what the configuration says comes before the document. */
export function schemaRows(sites: readonly Site[], { apis }: Kit): SchemaRow[] {
  return [...apis].flatMap(([api, { model, responseSchemas }]) => {
    const own = sites.filter(({ operation }) => operation.api === api)
    return componentSchemas(model, responseSchemas.resources).flatMap(
      ({ name, site: { schema, resource, pointer } }): SchemaRow[] => {
        const written = writtenRows(own, api, name)
        const isSilent = own.some(({ policy }) => !policy.authorize.schemas.has(name))
        const mark = isSilent ? ownerMark(schema) : undefined
        if (mark === undefined) return written
        const condition = `response.${mark} == subject.id`
        const at = `${resource.file}#${pointer}/${OWNER_MARK}`
        return [...written, { api, schema: name, condition, at }]
      },
    )
  })
}

/** What the configuration says of a schema, once for each place: rules may say other things for some operations. */
function writtenRows(sites: readonly Site[], api: string, name: string): SchemaRow[] {
  const path = settingPath('authorize.schemas', name)
  const rows = new Map<string, SchemaRow>()
  for (const { policy } of sites) {
    const { schemas, placed } = policy.authorize
    const condition = schemas.get(name)
    const at = placed?.get(path) ?? path
    if (condition !== undefined) rows.set(at, { api, schema: name, condition, at })
  }
  return [...rows.values()]
}

function ownerMark(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null || !Object.hasOwn(schema, OWNER_MARK))
    return undefined
  const mark = (schema as Readonly<Record<string, unknown>>)[OWNER_MARK]
  return typeof mark === 'string' ? mark : undefined
}
