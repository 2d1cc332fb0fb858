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
  const [site] = sites
  const written = site?.policy.authorize.schemas ?? new Map<string, string>()
  return [...apis].flatMap(([api, { model, responseSchemas }]) =>
    componentSchemas(model, responseSchemas.resources).flatMap(
      ({ name, site: { schema, resource, pointer } }): SchemaRow[] => {
        const text = written.get(name)
        if (text !== undefined) {
          const at = settingPath('authorize.schemas', name)
          return [{ api, schema: name, condition: text, at }]
        }
        const mark = ownerMark(schema)
        if (mark === undefined) return []
        const condition = `response.${mark} == subject.id`
        return [{ api, schema: name, condition, at: `${resource.file}#${pointer}/${OWNER_MARK}` }]
      },
    ),
  )
}

function ownerMark(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null || !Object.hasOwn(schema, OWNER_MARK))
    return undefined
  const mark = (schema as Readonly<Record<string, unknown>>)[OWNER_MARK]
  return typeof mark === 'string' ? mark : undefined
}
