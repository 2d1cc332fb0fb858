import { ConfigError } from '../base/config-error.ts'
import type { Site } from '../pipeline/site.ts'
import { conditionScope } from './condition-scope.ts'
import type { Kit } from './kit.ts'
import { SchemaRules } from './objects/schema-rules.ts'
import type { FindOwner } from './shown-views.ts'

/** Finds whose an object is by the same rules as objects: `authorize.schemas`, and `x-sallyport-owner` in the document. */
export function ownerFinder(site: Site, kit: Kit): FindOwner {
  const { authorize, auth, listen } = site.policy
  const rules = new SchemaRules({
    written: authorize.schemas,
    placed: authorize.placed,
    tenantClaim: auth.tenantClaim,
    clients: listen,
    facts: kit.facts?.(site),
    typeOf: (ref) => conditionScope(site, kit, ref).response,
  })
  return ({ owners, at }) => {
    const found = owners.map((owner) => rules.of(owner)).filter((rule) => rule !== undefined)
    if (found.length === 0) {
      throw new ConfigError({
        path: at,
        message: 'names the owner, and nobody says whose the object is',
        cure: 'write authorize.schemas for the schema that has the field, or x-sallyport-owner on it',
      })
    }
    return (exchange, object) => found.every(({ condition }) => condition.holds(exchange, object))
  }
}
