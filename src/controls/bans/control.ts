import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Control } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Detection } from '../detection.ts'
import type { Kit } from '../kit.ts'
import { LIMIT_REASON, limitDenial } from '../limit-answer.ts'
import { CHALLENGE_MS, RiskBook } from '../risk-book.ts'
import { noteRisk } from '../risk-note.ts'
import { canStepUp, hasSteppedUp, STEP_UP_REASON, stepUpDenial } from '../step-up.ts'
import { configureBans } from './config.ts'

/** Holds callers to the responses that their scores have earned [MON-03]. */
export const bans: Control<Detection, Kit> = {
  name: 'bans',
  ids: ['MON-03'],
  stage: 'limit',
  scope: 'operation',
  block: 'detect',
  adopt: 'observe',
  onFault: 'pass',
  reasons: {
    risk_throttle: { ...LIMIT_REASON, event: 'excess_rate_limit_exceeded' },
    risk_wait: { ...LIMIT_REASON, event: 'excess_rate_limit_exceeded' },
    risk_step_up: STEP_UP_REASON,
    risk_block: {
      status: 403,
      problem: 'not_allowed',
      title: 'Not allowed',
      event: 'authz_fail',
    },
  },
  configure: configureBans,
  compile: (detection, site, kit) => {
    if (site === undefined) return undefined
    const book = new RiskBook(detection, kit)
    return { onRequest: (exchange) => judge(exchange, { book, kit, detection }) }
  },
}

type Verdict = MaybePromise<Denial | undefined>

interface Parts {
  readonly book: RiskBook
  readonly kit: Kit
  readonly detection: Detection
}

function judge(exchange: Exchange, parts: Parts): Verdict {
  const suspect = parts.book.suspectOf(exchange)
  if (suspect === undefined) return undefined
  const nowMs = parts.kit.clock.nowMs()
  if (!suspect.isAddress) parts.book.seen(exchange.principal, nowMs)
  return andThen(parts.book.anyUntil(suspect.id, nowMs), (untilMs) =>
    untilMs === undefined ? undefined : judgeGrades(exchange, suspect.id, parts),
  )
}

function judgeGrades(exchange: Exchange, id: string, parts: Parts): Verdict {
  const { counters, clock } = parts.kit
  const nowMs = clock.nowMs()
  return andThen(counters.isBanned(`risk-block:${id}`, nowMs), (blockedUntilMs) => {
    if (blockedUntilMs !== undefined) {
      noteRisk(exchange, 'blocked', 100)
      return blocked(blockedUntilMs, nowMs)
    }
    return andThen(counters.isBanned(`risk-challenge:${id}`, nowMs), (untilMs) => {
      if (untilMs === undefined) return throttle(exchange, id, parts)
      noteRisk(exchange, 'challenged', 70)
      return challenge(exchange, untilMs, parts)
    })
  })
}

function blocked(untilMs: number, nowMs: number): Denial {
  const detail = `until ${new Date(untilMs).toISOString()}`
  return { reason: 'risk_block', detail, headers: ['Retry-After', secondsUntil(untilMs, nowMs)] }
}

function challenge(exchange: Exchange, untilMs: number, { kit, detection }: Parts): Verdict {
  const { principal } = exchange
  const { acr } = detection.policy
  const nowMs = kit.clock.nowMs()
  if (!canStepUp(principal)) return wait(exchange, 'risk_wait', untilMs - nowMs)
  if (hasSteppedUp(principal, acr, untilMs - CHALLENGE_MS)) return undefined
  return stepUpDenial('risk_step_up', acr, `until ${new Date(untilMs).toISOString()}`)
}

/** Who is slowed down has one request in two seconds. */
const SLOW = { count: 30, windowMs: 60_000, burst: 3 }

function throttle(exchange: Exchange, id: string, { kit }: Parts): Verdict {
  const { counters, clock } = kit
  const nowMs = clock.nowMs()
  return andThen(counters.isBanned(`risk-throttle:${id}`, nowMs), (untilMs) => {
    if (untilMs === undefined) return undefined
    noteRisk(exchange, 'throttled', 40)
    return andThen(counters.take(`risk-slow:${id}`, SLOW, 1, nowMs), (taken) =>
      taken.allowed ? undefined : wait(exchange, 'risk_throttle', taken.retryAfterMs),
    )
  })
}

function wait(exchange: Exchange, reason: string, retryAfterMs: number): Denial {
  const taken = { allowed: false, remaining: 0, retryAfterMs }
  return limitDenial(exchange, reason, { limit: { name: 'risk', rate: SLOW }, taken })
}

function secondsUntil(untilMs: number, nowMs: number): string {
  return String(Math.max(1, Math.ceil((untilMs - nowMs) / 1000)))
}
