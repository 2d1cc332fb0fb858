import { inOnePiece } from '../base/one-piece.ts'
import type { Denial } from '../pipeline/denial.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { FailureLimit, Rate } from '../base/units.ts'
import type { Taken } from '../store/counters.ts'

/** A limit as its name and rate appear in `RateLimit-Policy`. */
export interface NamedRate {
  /** Fit for a structured-field string: printable ASCII without quotes. */
  readonly name: string
  readonly rate: Pick<Rate, 'count' | 'windowMs'>
  /** Further prefixes in the place of `X-RateLimit-`. */
  readonly aliases?: readonly string[]
  /** Whether `X-RateLimit-Reset` names a moment in seconds since 1970, not a duration. */
  readonly resetsAtMoment?: boolean
  /** What is said of it, where `withTexts` has made them. */
  readonly texts?: LimitTexts
}

/** Keeps what is said of a limit: much of it never changes, and what is left often is what was left the last time. */
export function withTexts(limit: NamedRate): NamedRate {
  return { ...limit, texts: new LimitTexts(limit) }
}

/** The texts about a limit in fields of answers. */
class LimitTexts {
  /** Its item of `RateLimit-Policy`. */
  readonly policy: string
  readonly count: string
  readonly #name: string
  #lastRemaining = -1
  #lastResetS = -1
  #isWhole = false
  /** Its item of `RateLimit`, and the parts of it; of what was said last. */
  left = ''
  remaining = ''
  reset = ''

  constructor(limit: NamedRate) {
    this.policy = policyOf(limit)
    this.count = String(limit.rate.count)
    this.#name = limit.name
  }

  /** From here on the texts are about this. */
  say(taken: LimitFinding['taken']): this {
    const remaining = remainingOf(taken)
    const resetS = resetOf(taken)
    if (remaining === this.#lastRemaining && resetS === this.#lastResetS) return this.#again()
    this.#lastRemaining = remaining
    this.#lastResetS = resetS
    this.remaining = String(remaining)
    this.reset = String(resetS)
    this.left = `"${this.#name}";r=${this.remaining};t=${this.reset}`
    this.#isWhole = false
    return this
  }

  #again(): this {
    if (!this.#isWhole) this.left = inOnePiece(this.left)
    this.#isWhole = true
    return this
  }
}

function policyOf({ name, rate }: NamedRate): string {
  return `"${name}";q=${rate.count};w=${Math.ceil(rate.windowMs / 1000)}`
}

/** What a limit found of a request. */
export interface LimitFinding {
  readonly limit: NamedRate
  readonly taken: Omit<Taken, 'resetMs'> & Partial<Taken>
}

/** What every limit answers: 429 with the problem type of the RateLimit draft. */
export const LIMIT_REASON = {
  status: 429,
  problem: 'quota_exceeded',
  title: 'Too many requests',
} as const

/** The refusal of a limit that is reached, with its fields (RFC 9110 section 10.2.3, RateLimit draft). */
export function limitDenial(exchange: Exchange, reason: string, finding: LimitFinding): Denial {
  return limitsDenial(exchange, reason, [finding])
}

/** The refusal of limits that were asked together: the one that takes longest says when to come again. */
export function limitsDenial(
  exchange: Exchange,
  reason: string,
  findings: readonly LimitFinding[],
): Denial {
  withdraw(exchange, isDeFacto)
  const refused = findings.filter(({ taken }) => !taken.allowed)
  const strictest = refused.reduce((one, other) =>
    other.taken.retryAfterMs > one.taken.retryAfterMs ? other : one,
  )
  // Seconds, rounded up, at least one: nobody comes back too early.
  const waitS = Math.max(1, Math.ceil(strictest.taken.retryAfterMs / 1000))
  const headers = ['Retry-After', String(waitS)]
  for (const finding of findings) pushDraft(headers, finding)
  pushDeFacto(headers, strictest, exchange)
  const names = refused.map(({ limit }) => limit.name)
  return { reason, detail: `limit ${names.join(', ')}`, headers, violatedPolicies: names }
}

/** The refusal of a caller who failed too often and may come back after `waitMs`. */
export function banDenial(
  exchange: Exchange,
  reason: string,
  ban: { readonly rule: Pick<FailureLimit, 'count' | 'windowMs'>; readonly waitMs: number },
): Denial {
  const taken = { allowed: false, remaining: 0, retryAfterMs: ban.waitMs }
  return limitDenial(exchange, reason, { limit: { name: 'failures', rate: ban.rule }, taken })
}

/**
 * Says on the answer how much of a limit is left: `RateLimit-Policy` and `RateLimit`
 * (draft-ietf-httpapi-ratelimit-headers) for every limit, the de facto fields, which have room for one, for the
 * scarcest.
 */
export function announceLimit(exchange: Exchange, finding: LimitFinding): void {
  const { answerHeaders } = exchange
  const isFirst = answerHeaders.length === 0
  pushDraft(answerHeaders, finding)
  if (isFirst) return pushDeFacto(answerHeaders, finding, exchange)
  const at = answerHeaders.indexOf('X-RateLimit-Remaining')
  if (at >= 0 && Number(answerHeaders[at + 1]) <= finding.taken.remaining) return
  if (at >= 0) withdraw(exchange, isDeFacto)
  pushDeFacto(answerHeaders, finding, exchange)
}

/** The same for limits that were asked together. */
export function announceLimits(exchange: Exchange, findings: readonly LimitFinding[]): void {
  for (const finding of findings) announceLimit(exchange, finding)
}

/** Takes back what was announced when the answer is 401: it would say that there is a plan [RLM-03]. */
export function hideLimitsOf401(exchange: Exchange): void {
  if (exchange.status === 401) withdraw(exchange, isLimitField)
}

function pushDraft(headers: string[], { limit, taken }: LimitFinding): void {
  const { policy, left } = textsOf(limit).say(taken)
  headers.push('RateLimit-Policy', policy, 'RateLimit', left)
}

function pushDeFacto(
  headers: string[],
  { limit, taken }: LimitFinding,
  { startedMs }: Pick<Exchange, 'startedMs'>,
): void {
  const { count, remaining, reset: seconds } = textsOf(limit).say(taken)
  const reset =
    limit.resetsAtMoment === true ? String(Math.ceil(startedMs / 1000) + resetOf(taken)) : seconds
  headers.push('X-RateLimit-Limit', count, 'X-RateLimit-Remaining', remaining)
  headers.push('X-RateLimit-Reset', reset)
  for (const prefix of limit.aliases ?? NO_ALIASES)
    headers.push(`${prefix}Limit`, count, `${prefix}Remaining`, remaining, `${prefix}Reset`, reset)
}

function textsOf(limit: NamedRate): LimitTexts {
  return limit.texts ?? new LimitTexts(limit)
}

const NO_ALIASES: readonly string[] = []

function remainingOf({ remaining }: LimitFinding['taken']): number {
  return Math.max(0, Math.floor(remaining))
}

/** Seconds, rounded up. */
function resetOf(taken: LimitFinding['taken']): number {
  const ms = taken.allowed ? (taken.resetMs ?? 0) : taken.retryAfterMs
  return Math.ceil(ms / 1000)
}

/** Only limits write names with these ends, whatever prefix the configuration gives them. */
function isDeFacto(name: string): boolean {
  return /(?:Limit|Remaining|Reset)$/.test(name) && name !== 'RateLimit'
}

function isLimitField(name: string): boolean {
  return isDeFacto(name) || name === 'RateLimit' || name === 'RateLimit-Policy'
}

function withdraw({ answerHeaders }: Exchange, isMeant: (name: string) => boolean): void {
  for (let index = answerHeaders.length - 2; index >= 0; index -= 2) {
    if (isMeant(answerHeaders[index] ?? '')) answerHeaders.splice(index, 2)
  }
}
