import { modeOf } from '../../pipeline/control.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Policy } from '../../pipeline/policy.ts'
import type { Site } from '../../pipeline/site.ts'
import { answerGuard } from '../answer-fields.ts'
import { answerPassOf } from '../answer-pass.ts'
import { callerRoles } from '../caller-roles.ts'
import { fieldMarks } from '../field-marks.ts'
import { keysFor } from '../keyed-actions.ts'
import type { ApiRuntime, Kit } from '../kit.ts'
import { configureFields } from './config.ts'
import { ownerFinder } from '../owner-test.ts'
import { shownViews } from '../shown-views.ts'
import { shownAsTable } from '../tables/site-table.ts'
import { readAccess } from './read-access.ts'
import { writeGuard } from './write-guard.ts'

const INVALID = { status: 422, problem: 'invalid_body', title: 'Invalid body' } as const
const BAD_GATEWAY = { status: 502, problem: 'bad_gateway', title: 'Bad gateway' } as const

/** Decides field by field who may read and who may set it. */
export const fields: Control<Policy, Kit> = {
  name: 'fields',
  ids: ['AZN-05'],
  stage: 'filter',
  scope: 'operation',
  block: 'authorize',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    field: { ...INVALID, event: 'authz_fail' },
    field_unreadable: { ...INVALID, event: 'authz_fail' },
    // What a caller does not see is no attack: the access record tells of it.
    field_hidden: BAD_GATEWAY,
    unfilterable: { ...BAD_GATEWAY, event: 'sp_response_leak_blocked' },
  },
  configure: configureFields,
  compile: (policy, site, kit) => {
    const api = site === undefined ? undefined : kit.apis.get(site.operation.api)
    return site === undefined || api === undefined
      ? undefined
      : fieldsGuard(policy, site, { api, kit })
  },
}

function fieldsGuard(
  policy: Policy,
  site: Site,
  { api, kit }: { readonly api: ApiRuntime; readonly kit: Kit },
): Guard | undefined {
  const marks = fieldMarks(api, policy)
  const findOwner = ownerFinder(site, kit)
  const roles = callerRoles(policy)
  const read = answerGuard(site.operation, {
    marks,
    viewsOf: (root) => shownViews(root, readAccess, findOwner),
    roles,
    keysFor: keysFor(kit.dataKeys, policy.auth.tenantClaim),
    ...shownAsTable(site, kit),
    makeKernel: (place) => api.responseSchemas.kernelAt(place),
    pass: modeOf(fields, policy) === 'enforce' ? answerPassOf(site) : undefined,
  })
  const write = writeGuard(site, { marks, findOwner, roles, sites: kit.sites })
  return read === undefined && write === undefined ? undefined : { ...read, ...write }
}
