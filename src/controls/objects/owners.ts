import { ConfigError } from '../../base/config-error.ts'
import { didYouMean } from '../../base/suggest.ts'
import type { ApiModel } from '../../openapi/model.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Policy } from '../../pipeline/policy.ts'
import type { Kit } from '../kit.ts'
import { settingPath } from '../setting-path.ts'
import { ApiOwners } from './api-owners.ts'

type Schemas = Policy['authorize']['schemas']

/**
 * The owners of the APIs of one plan; a plan is compiled operation by operation, and this once for operations with the
 * same rules of schemas.
 */
const OWNERS = new WeakMap<Kit, Map<Schemas, Map<string, ApiOwners>>>()

/** The owners of the API of an operation; `undefined` where the plan does not have the API. Throws `ConfigError`. */
export function ownersOf(site: Site, kit: Kit): ApiOwners | undefined {
  const bySchemas = OWNERS.get(kit) ?? new Map<Schemas, Map<string, ApiOwners>>()
  OWNERS.set(kit, bySchemas)
  const { schemas } = site.policy.authorize
  let byApi = bySchemas.get(schemas)
  if (byApi === undefined) {
    byApi = new Map()
    bySchemas.set(schemas, byApi)
    checkSchemaNames(site, kit)
  }
  const { api } = site.operation
  const runtime = kit.apis.get(api)
  if (runtime === undefined) return undefined
  const owners = byApi.get(api) ?? new ApiOwners(site, runtime, kit)
  byApi.set(api, owners)
  return owners
}

/** A rule for a schema that no document has protects nothing. Throws `ConfigError`. */
function checkSchemaNames({ policy }: Site, { apis }: Kit): void {
  const { schemas, placed } = policy.authorize
  if (schemas.size === 0) return
  const known = new Set([...apis.values()].flatMap(({ model }) => schemaNames(model)))
  const faults = [...schemas.keys()]
    .filter((name) => !known.has(name))
    .map((name) => {
      const cure = didYouMean(name, known)
      const own = settingPath('authorize.schemas', name)
      const path = placed?.get(own) ?? own
      const message = `no document has a schema ${JSON.stringify(name)}`
      return { path, message, ...(cure === undefined ? {} : { cure }) }
    })
  if (faults.length > 0) throw new ConfigError(faults)
}

function schemaNames({ operations, registry }: ApiModel): readonly string[] {
  const files = new Set(operations.map(({ source }) => source.file))
  for (const { responses } of operations)
    for (const { content } of responses.values())
      for (const { schema } of content) if (schema !== undefined) files.add(schema.uri)
  return [...files].flatMap((file) => {
    const components = memberOf(registry.resource(file)?.root, 'components')
    const schemas = memberOf(components, 'schemas')
    return typeof schemas === 'object' && schemas !== null ? Object.keys(schemas) : []
  })
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}
