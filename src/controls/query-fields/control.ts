import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Policy } from '../../pipeline/policy.ts'
import { callerRoles } from '../caller-roles.ts'
import type { CallerRoles } from '../caller-roles.ts'
import type { Kit } from '../kit.ts'
import { configureQueryFields } from './config.ts'
import { NOTHING_HIDDEN } from './hidden-fields.ts'
import type { QueryFault } from './judge-query.ts'
import { heldQueries } from '../token-parameters/held-queries.ts'
import { KnownPairs } from './known-pairs.ts'
import { isSearch, pairsOf } from './search-body.ts'
import { siteQueries } from './site-queries.ts'
import type { SiteQueries } from './site-queries.ts'

/** Refuses queries that sort, filter, search or choose by what the caller may not read. */
export const queryFields: Control<Policy, Kit> = {
  name: 'query-fields',
  ids: ['AZN-05'],
  stage: 'authorize-object',
  scope: 'operation',
  block: 'authorize',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    hidden_field: {
      status: 403,
      problem: 'not_allowed',
      title: 'Not allowed',
      event: 'authz_fail',
    },
    unknown_field: {
      status: 400,
      problem: 'invalid_parameter',
      title: 'Invalid parameter',
      event: 'malicious_extraneous',
    },
  },
  configure: configureQueryFields,
  compile: (policy, site, kit) => {
    const queries = site === undefined ? undefined : siteQueries(site, kit)
    if (site === undefined || queries === undefined) return undefined
    const judging: Judging = {
      queries,
      known: new KnownPairs(queries),
      roles: callerRoles(policy),
      isAdopting: policy.adopt !== undefined,
    }
    const guard = queryGuard(judging, heldQueries(site))
    return isSearch(site) ? { ...guard, ...bodyGuard(judging) } : guard
  },
}

/** @param held parameters by which nothing can be found out: they take tokens. */
function queryGuard(judging: Judging, held: ReadonlySet<string>): Guard {
  return {
    onRequest: (exchange) => {
      const { pairs: sent } = exchange.query
      const pairs = held.size === 0 ? sent : sent.filter(([name]) => !held.has(name))
      return pairs.length === 0 ? undefined : judgePairs(exchange, pairs, judging)
    },
  }
}

function bodyGuard(judging: Judging): Guard {
  return {
    onRequestBody: (exchange) => {
      if (!exchange.hasBodyValue) return undefined
      const pairs = pairsOf(exchange.body)
      return pairs === undefined ? TOO_MUCH : judgePairs(exchange, pairs, { ...judging, at: '' })
    },
  }
}

const TOO_MUCH: Denial = Object.freeze({
  reason: 'unknown_field',
  detail: 'more than can be judged',
})

interface Judging {
  readonly queries: SiteQueries
  readonly known: KnownPairs
  readonly roles: CallerRoles
  /** What nobody declared is only refused once the document is known to be whole. */
  readonly isAdopting: boolean
  readonly at?: string
}

function judgePairs(
  exchange: Exchange,
  pairs: readonly (readonly [name: string, value: string, ...unknown[]])[],
  { queries, known, roles, isAdopting, at = 'query' }: Judging,
): Denial | undefined {
  const hidden = queries.hidden?.of(roles.of(exchange)) ?? NOTHING_HIDDEN
  for (const [name, value] of pairs) {
    const fault = known.judge(name, value, hidden)
    if (isAdopting && fault?.reason === 'unknown_field') continue
    if (fault !== undefined) return denialOf(fault, `${at}/${name.slice(0, 100)}`)
  }
  return undefined
}

function denialOf({ reason, field }: QueryFault, pointer: string): Denial {
  const detail =
    reason === 'hidden_field' ? 'names what may not be read' : 'names no declared field'
  return { reason, detail: `${pointer} ${detail}: ${field}`, errors: [{ pointer, detail }] }
}
