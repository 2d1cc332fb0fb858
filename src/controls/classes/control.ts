import type { Control } from '../../pipeline/control.ts'
import type { Policy } from '../../pipeline/policy.ts'
import { answerGuard } from '../answer-fields.ts'
import { callerRoles } from '../caller-roles.ts'
import { fieldMarks } from '../field-marks.ts'
import { keysFor } from '../keyed-actions.ts'
import type { Kit } from '../kit.ts'
import { ownerFinder } from '../owner-test.ts'
import { shownViews } from '../shown-views.ts'
import { shownAsTable } from '../tables/site-table.ts'
import { classAccess } from './class-access.ts'
import { configureClasses } from './config.ts'

const BAD_GATEWAY = { status: 502, problem: 'bad_gateway', title: 'Bad gateway' } as const

/** Shows values of fields by their class and the caller's roles. */
export const classes: Control<Policy, Kit> = {
  name: 'classes',
  ids: ['OUT-03'],
  stage: 'filter',
  scope: 'operation',
  block: 'data',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    // What a caller is shown in another form is no attack: the access record tells of it.
    field_hidden: BAD_GATEWAY,
    unfilterable: { ...BAD_GATEWAY, event: 'sp_response_leak_blocked' },
  },
  configure: configureClasses,
  compile: (policy, site, kit) => {
    const api = site === undefined ? undefined : kit.apis.get(site.operation.api)
    if (site === undefined || api === undefined) return undefined
    const findOwner = ownerFinder(site, kit)
    const access = classAccess(policy.data.classes)
    return answerGuard(site.operation, {
      marks: fieldMarks(api, policy),
      viewsOf: (root) => shownViews(root, access, findOwner),
      roles: callerRoles(policy),
      keysFor: keysFor(kit.dataKeys, policy.auth.tenantClaim),
      ...shownAsTable(site, kit),
      makeKernel: (place) => api.responseSchemas.kernelAt(place),
      onTold: (exchange, pointers) => {
        exchange.events.push({
          name: 'sensitive_read',
          level: 'info',
          control: 'classes',
          reason: 'unmasked',
          detail: pointers.join(' ').slice(0, 1000),
        })
      },
    })
  },
}
