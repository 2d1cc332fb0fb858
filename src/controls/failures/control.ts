import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange, SecurityEvent } from '../../pipeline/exchange.ts'
import type { FailureLimit, Rate } from '../../base/units.ts'
import type { Refusal } from '../../pipeline/runner.ts'
import { banDenial, limitDenial, LIMIT_REASON } from '../limit-answer.ts'
import type { Kit } from '../kit.ts'
import { callerFinder, callerOf } from './caller.ts'
import type { Caller } from './caller.ts'
import { configureFailures } from './config.ts'
import type { FailuresConfig } from './config.ts'

/**
 * Stops guessing: an address that sends wrong credentials, or walks paths without one, gets 429 in their place.
 * A valid credential from the same address still passes, so that one bad neighbor locks out nobody.
 */
export const failures: Control<FailuresConfig, Kit> = {
  name: 'failures',
  ids: ['KEY-06', 'RLM-01', 'RTE-01'],
  stage: 'admit',
  scope: 'gateway',
  block: 'limits',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    too_many_failures: { ...LIMIT_REASON, event: 'authn_login_fail_max' },
    too_many_errors: { ...LIMIT_REASON, event: 'excess_rate_limit_exceeded' },
  },
  configure: configureFailures,
  compile: (config, _site, kit) => failuresGuard(config, kit),
}

type Verdict = MaybePromise<Denial | undefined>

function failuresGuard(config: FailuresConfig, kit: Kit): Guard {
  const findCaller = callerFinder(kit)
  const count = (exchange: Exchange, seen: Seen): Verdict =>
    andThen(noteWalk(exchange, seen, kit), () => limit(exchange, seen, { config, kit }))
  return {
    onRefusal: (exchange, refusal) => {
      const status = refusal.denial.status ?? refusal.spec.status
      if (!isCounted(status)) return undefined
      // Before an operation is known nobody has looked at the credential yet.
      const caller = exchange.site === undefined ? findCaller(exchange) : callerOf(exchange)
      return andThen(caller, (found) => {
        const isWrong = found.isWrong || isWrongCredential(refusal)
        return count(exchange, { status, caller: { ...found, isWrong } })
      })
    },
    onResponse: (exchange, { status }) => {
      if (!isCounted(status)) return undefined
      // What only the API can check is wrong when the API says so (DESIGN 3, `upstream`).
      const isWrong = status === 401 && exchange.principal.kind === 'upstream'
      return count(exchange, { status, caller: { ...callerOf(exchange), isWrong } })
    },
  }
}

/** An answer that may be part of a search. */
interface Seen {
  readonly status: number
  readonly caller: Caller
}

function isCounted(status: number): boolean {
  return status === 401 || status === 404
}

/** A credential was shown and did not hold: the public class says so, whatever the cause. */
function isWrongCredential({ spec }: Refusal): boolean {
  return spec.problem === 'invalid_credential'
}

function limit(
  exchange: Exchange,
  { caller }: Seen,
  { config, kit }: { readonly config: FailuresConfig; readonly kit: Kit },
): Verdict {
  const { failures: rule, errors: rate } = config
  const error = (): Verdict =>
    rate === undefined || (caller.isKnown && !caller.isWrong)
      ? undefined
      : countError(exchange, rate, kit)
  if (!caller.isWrong || rule === undefined) return error()
  if (!exchange.hidesClients) return countFailure(exchange, rule, kit)
  // Behind a proxy that nobody listed one address is many; but whoever says so must not guess without end.
  const wide = { ...rule, count: rule.count * CROWD }
  return andThen(countFailure(exchange, wide, kit), (denial) => denial ?? error())
}

/** So many more failures are a crowd's than one client's. */
const CROWD = 10

function countFailure(exchange: Exchange, rule: FailureLimit, { counters, clock }: Kit): Verdict {
  const key = `${exchange.hidesClients ? 'fail-crowd' : 'fail'}:${exchange.clientKey}`
  const nowMs = clock.nowMs()
  return andThen(counters.isBanned(key, nowMs), (untilMs) => {
    if (untilMs !== undefined)
      return banDenial(exchange, 'too_many_failures', { rule, waitMs: untilMs - nowMs })
    return andThen(counters.fail(key, rule, nowMs), () => undefined)
  })
}

function countError(exchange: Exchange, rate: Rate, { counters, clock }: Kit): Verdict {
  const found = counters.take(`errors:${exchange.clientKey}`, rate, 1, clock.nowMs())
  return andThen(found, (taken) =>
    taken.allowed
      ? undefined
      : limitDenial(exchange, 'too_many_errors', { limit: { name: 'errors', rate }, taken }),
  )
}

/** RTE-01: 20 answers 404 to one caller in a minute are a walk; it is told once, then not again for a minute. */
const WALK: FailureLimit = { count: 20, windowMs: 60_000, banMs: 60_000 }

function noteWalk(
  exchange: Exchange,
  { status, caller }: Seen,
  { counters, clock }: Kit,
): MaybePromise<void> {
  if (status !== 404) return undefined
  const key = `walk:${caller.id}`
  const nowMs = clock.nowMs()
  return andThen(counters.isBanned(key, nowMs), (toldUntilMs) => {
    if (toldUntilMs !== undefined) return undefined
    return andThen(counters.fail(key, WALK, nowMs), ({ bannedUntilMs }) => {
      if (bannedUntilMs !== undefined) exchange.events.push(EXCESS_404)
    })
  })
}

const EXCESS_404: SecurityEvent = Object.freeze({
  name: 'malicious_excess_404',
  level: 'warn',
  control: 'failures',
  reason: 'excess_404',
})
