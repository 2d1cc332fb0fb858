import type { Site } from '../../pipeline/site.ts'
import { classAccess } from '../classes/class-access.ts'
import { fieldMarks } from '../field-marks.ts'
import { readAccess } from '../fields/read-access.ts'
import type { Kit } from '../kit.ts'
import { successes } from '../objects/json-success.ts'
import { siteOwners } from '../objects/site-owners.ts'
import { schemasOf } from '../responses/declared.ts'
import { hiddenFields } from './hidden-fields.ts'

/** Whether the answer of an operation hides anything from anybody. */
export function hiddenIn(site: Site, kit: Kit): boolean {
  const api = kit.apis.get(site.operation.api)
  const refs = successes(site.operation).flatMap(schemasOf)
  if (api === undefined || refs.length === 0) return false
  const accesses = [readAccess, classAccess(site.policy.data.classes)]
  const root = fieldMarks(api, site.policy).place(refs)
  return (
    hiddenFields(root, { accesses, isOwn: false }) !== undefined ||
    siteOwners(site, kit) !== undefined
  )
}
