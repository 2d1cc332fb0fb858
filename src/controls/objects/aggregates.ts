import { ConfigError } from '../../base/config-error.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'
import { settingPath } from '../setting-path.ts'
import { returnedSchemas } from './json-success.ts'
import { listBinding } from './list-binding.ts'
import { isSummaryName, summaryMembers } from './list-counts.ts'
import { isForEverybody } from './nobody-known.ts'
import { OBJECT_MARK, readObjectMark } from './object-mark.ts'
import { siteOwners } from './site-owners.ts'

/**
 * Refuses an operation that counts or adds up what another one lists by owner: nobody can take the others' share out of a
 * sum. Where a rule, an access list or the author says who may know, it loads. Throws `ConfigError`.
 */
export function refuseSummaries(site: Site, kit: Kit): void {
  const { operation, policy } = site
  if (operation.method !== 'GET' || isForEverybody(operation)) return
  const { operations, acl } = policy.authorize
  if (operations.has(operation.id) || acl?.has(operation.id) === true) return
  const list = listAbove(site, kit)
  const names = list === undefined ? [] : summarized(site, kit)
  if (list === undefined || names.length === 0 || isDeclared(site, kit)) return
  const owners = siteOwners(site, kit)
  if (owners?.isJudged === true || (owners?.reads.length ?? 0) > 0) return
  throw new ConfigError({
    path: settingPath('authorize.operations', operation.id),
    message: `${site.label} tells of all that ${list.label} lists by owner: ${names.slice(0, 5).join(', ')}`,
    cure: `write ${settingPath('authorize.operations', operation.id)} (a condition, or public), ${settingPath('authorize.queries', operation.id)}: own where the API counts only what is the caller’s, or ${OBJECT_MARK}: { public: true, why: … }`,
  })
}

/** The list by owner below whose path an operation stands. */
function listAbove({ operation }: Site, kit: Kit): Site | undefined {
  return kit.sites.find((other) => {
    const { api, method, template } = other.operation
    if (api !== operation.api || method !== 'GET') return false
    const isBelow = operation.template.startsWith(`${template.replace(/\/$/, '')}/`)
    return isBelow && !template.includes('{') && siteOwners(other, kit)?.isList === true
  })
}

/** What an answer says on the whole, as far as names tell. */
function summarized({ operation }: Site, kit: Kit): readonly string[] {
  const resources = kit.apis.get(operation.api)?.responseSchemas.resources
  if (resources === undefined) return []
  const names = returnedSchemas(operation).flatMap((ref) => summaryMembers(ref, resources))
  const last = operation.template.split('/').at(-1) ?? ''
  if (isSummaryName(last)) return names
  return names.filter((name) => name.includes(' ') || isSummaryName(name.split('.').at(-1) ?? ''))
}

function isDeclared(site: Site, kit: Kit): boolean {
  const { extensions, source } = site.operation
  const at = `${source.file}#${source.pointer}/${OBJECT_MARK}`
  const mark = readObjectMark(extensions.get(OBJECT_MARK), at)
  return mark === 'public' || listBinding(site, kit, 0) === 'own'
}
