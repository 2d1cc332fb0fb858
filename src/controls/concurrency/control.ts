import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'
import { LIMIT_REASON } from '../limit-answer.ts'
import { configureConcurrency, SHARES } from './config.ts'
import type { ConcurrencyConfig } from './config.ts'
import { AdaptivePlaces } from './places.ts'

/** Bounds what is in work at once, and lets go of what matters least first [RLM-02, RLM-06, NET-04]. */
export const concurrency: Control<ConcurrencyConfig, Kit> = {
  name: 'concurrency',
  ids: ['RLM-02', 'RLM-06', 'NET-04'],
  stage: 'validate',
  scope: 'operation',
  block: 'limits',
  adopt: 'enforce',
  onFault: 'pass',
  reasons: {
    too_many_at_once: {
      status: 503,
      problem: 'unavailable',
      title: 'Service unavailable',
      event: 'sp_overload',
    },
    operation_busy: {
      status: 503,
      problem: 'unavailable',
      title: 'Service unavailable',
      event: 'sp_overload',
    },
    caller_busy: { ...LIMIT_REASON, event: 'excess_rate_limit_exceeded' },
  },
  configure: configureConcurrency,
  compile: (config, site, kit) =>
    site === undefined ? undefined : concurrencyGuard(config, site, kit),
}

const SOON = ['Retry-After', '1'] as const
const TOO_MANY: Denial = Object.freeze({ reason: 'too_many_at_once', headers: SOON })
const OPERATION_BUSY: Denial = Object.freeze({ reason: 'operation_busy', headers: SOON })
const CALLER_BUSY: Denial = Object.freeze({
  reason: 'caller_busy',
  headers: SOON,
  detail: 'limit concurrency',
  violatedPolicies: ['concurrency'],
})

/** One place that a request asks for. */
interface Place {
  readonly key: string
  readonly max: number
  readonly denial: Denial
}

function concurrencyGuard(config: ConcurrencyConfig, site: Site, kit: Kit): Guard {
  const { counters } = kit
  const adaptive = config.total === 'adaptive' ? AdaptivePlaces.of(counters) : undefined
  const share = SHARES[config.priority]
  /** What each request holds, until it ends. */
  const held = new WeakMap<Exchange, readonly string[]>()
  const fixed = fixedPlaces(config, site)
  const leave = (keys: readonly string[]): void => {
    for (const key of keys) counters.leave(key)
  }
  return {
    onRequest: (exchange) => {
      const keys: string[] = []
      const places = [...fixed, ...ownPlaces(config, exchange)]
      for (const { key, max, denial } of places) {
        if (counters.enter(key, max)) keys.push(key)
        else {
          leave(keys)
          return denial
        }
      }
      if (adaptive !== undefined && !adaptive.enter(share)) {
        leave(keys)
        return TOO_MANY
      }
      held.set(exchange, keys)
      return undefined
    },
    onEnd: (exchange) => {
      const keys = held.get(exchange)
      if (keys === undefined) return
      held.delete(exchange)
      leave(keys)
      adaptive?.leave(exchange)
    },
  }
}

function fixedPlaces({ total, operation, priority }: ConcurrencyConfig, site: Site): Place[] {
  const all =
    typeof total === 'number'
      ? [{ key: 'all', max: Math.max(1, Math.floor(total * SHARES[priority])), denial: TOO_MANY }]
      : []
  if (operation === undefined) return all
  return [...all, { key: `op:${site.label}`, max: operation, denial: OPERATION_BUSY }]
}

/** So many more than one client's are the places of an address from which come credentials that nobody verified. */
const CROWD = 10

/**
 * Whoever proved who they are has places of their own; others have those of their address. What only the API can check
 * may be made up anew for each request, so there the address counts too.
 */
function ownPlaces({ principal: max }: ConcurrencyConfig, exchange: Exchange): Place[] {
  if (max === undefined) return []
  const { principal, clientKey, hidesClients } = exchange
  const places: Place[] = []
  if (principal.kind !== 'none')
    places.push({ key: `caller:${principal.id}`, max, denial: CALLER_BUSY })
  const isProven = principal.kind !== 'none' && principal.kind !== 'upstream'
  if (isProven || hidesClients) return places
  const most = principal.kind === 'none' ? max : max * CROWD
  return [...places, { key: `caller:ip:${clientKey}`, max: most, denial: CALLER_BUSY }]
}
