import { ConfigError } from './config-error.ts'

/** `20/s burst 100`: `count` per `windowMs`, with up to `burst` at once. */
export interface Rate {
  readonly count: number
  readonly windowMs: number
  readonly burst: number
}

/**
 * A rate with what is done about it: `bucket` refuses what comes above it, `leaky` lets up to `burst` wait for their
 * turn, `quota` counts a sliding window, where `burst` says nothing.
 */
export interface PolicyRate extends Rate {
  /** `bucket` unless said. */
  readonly kind?: 'bucket' | 'leaky' | 'quota'
}

/** `score` refusals and more put a caller aside, each time for longer; one step is forgiven per `forgiveMs`. */
export interface PenaltyRule {
  readonly score: Rate
  readonly stepsMs: readonly number[]
  readonly forgiveMs: number
  /** CIDR texts of monitors and tests that nobody puts aside. */
  readonly exempt: readonly string[]
}

/** `10/5min ban 15min`: after `count` failures in `windowMs`, no more for `banMs`. */
export interface FailureLimit {
  readonly count: number
  readonly windowMs: number
  readonly banMs: number
}

/**
 * One part of a limit's key: the client address, the principal (this key, this token's subject), the subject whatever
 * the credential, the tenant, a claim, or a part of the request.
 */
export type LimitKeyPart =
  | { readonly from: 'ip' | 'principal' | 'subject' | 'tenant' }
  | { readonly from: 'body' | 'query' | 'path' | 'header' | 'claim'; readonly name: string }

/** `5/min by ip, body.email`. `by` is empty where the text does not say. */
export interface KeyedRate {
  readonly rate: PolicyRate
  readonly by: readonly LimitKeyPart[]
}

const SECOND = 1000
const DAY = 86_400 * SECOND

const DURATION_UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', SECOND],
  ['m', 60 * SECOND],
  ['min', 60 * SECOND],
  ['h', 3600 * SECOND],
  ['hour', 3600 * SECOND],
  ['d', DAY],
  ['day', DAY],
  ['w', 7 * DAY],
  ['week', 7 * DAY],
  ['month', 30 * DAY],
  ['y', 365 * DAY],
])

const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ['b', 1],
  ['kb', 1024],
  ['mb', 1024 ** 2],
  ['gb', 1024 ** 3],
])

const THOUSANDS: ReadonlyMap<string, number> = new Map([
  ['k', 1000],
  ['m', 1_000_000],
])

/** Longer than any sane setting, short enough that sums of two stay exact. */
const MAX_DURATION_MS = 100 * 365 * DAY
const MAX_SIZE_BYTES = 1024 ** 4
const MAX_COUNT = 1_000_000_000
const MAX_KEY_PARTS = 8
/** Nobody waits longer for a turn: the connection is held meanwhile. */
const MAX_SPACING_MS = 30 * SECOND

const DURATION_CURE = 'write a whole number and a unit: ms, s, m, min, h, d, w or y, such as 15m'
const SIZE_CURE = 'write a whole number and a unit: b, kb, mb or gb, such as 1mb'
const RATE_CURE = 'write COUNT/WINDOW, with or without a burst: 20/s burst 100, 5/min, 10/5min'
const FAILURE_CURE = 'write COUNT/WINDOW ban DURATION, such as 10/5min ban 15min'
const KEY_CURE =
  'a limit counts by ip, principal, subject, tenant, body.NAME, query.NAME, path.NAME, header.NAME or claim.NAME'

function refuse(path: string, message: string, cure: string): never {
  throw new ConfigError({ path, message, cure })
}

/** The value as it may stand in a message: quoted, cut at 60 characters. */
function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}

/**
 * Reads `15m` as milliseconds. Units: ms, s, m = min, h = hour, d = day, w = week, month (30 days), y (365 days); whole
 * numbers, at most 100 years.
 * Throws `ConfigError` that names `path`.
 */
export function parseDuration(text: string, path: string): number {
  const match = /^(\d{1,15}) ?([a-z]{1,5})$/.exec(text)
  const unitMs = DURATION_UNITS.get(match?.[2] ?? '')
  if (match === null || unitMs === undefined) {
    return refuse(path, `${quote(text)} is not a duration`, DURATION_CURE)
  }
  const durationMs = Number(match[1]) * unitMs
  if (durationMs > MAX_DURATION_MS) {
    return refuse(path, `${quote(text)} is too long`, 'the longest duration is 100y')
  }
  return durationMs
}

/**
 * Reads `1mb` as bytes. Units: b, kb, mb, gb in any case, powers of 1024; whole numbers, at most 1024 gb.
 * Throws `ConfigError` that names `path`.
 */
export function parseSize(text: string, path: string): number {
  const match = /^(\d{1,15}) ?([a-z]{1,2})$/i.exec(text)
  const unitBytes = SIZE_UNITS.get(match?.[2]?.toLowerCase() ?? '')
  if (match === null || unitBytes === undefined) {
    return refuse(path, `${quote(text)} is not a size`, SIZE_CURE)
  }
  const sizeBytes = Number(match[1]) * unitBytes
  if (sizeBytes > MAX_SIZE_BYTES) {
    return refuse(path, `${quote(text)} is too large`, 'the largest size is 1024gb')
  }
  return sizeBytes
}

/** Reads `20/s` or `10/5min`: how many, and in which window. `undefined` when it is neither. */
function parseCountPerWindow(text: string): { count: number; windowMs: number } | undefined {
  const match = /^(\d{1,10})([km]?)\/(\d{0,9})([a-z]{1,5})$/.exec(text)
  const unitMs = DURATION_UNITS.get(match?.[4] ?? '')
  if (match === null || unitMs === undefined) return undefined
  const count = Number(match[1]) * (THOUSANDS.get(match[2] ?? '') ?? 1)
  const windowMs = (match[3] === '' ? 1 : Number(match[3])) * unitMs
  if (count < 1 || count > MAX_COUNT || windowMs < 1 || windowMs > MAX_DURATION_MS) return undefined
  return { count, windowMs }
}

/**
 * Reads `20/s burst 100`, `5/min`, `10/5min`. Without a burst, as many as `count` may come at once.
 * Throws `ConfigError` that names `path`.
 */
export function parseRate(text: string, path: string): Rate {
  const match = /^(\S{1,30})(?: burst (\d{1,10}))?$/.exec(text)
  const base = parseCountPerWindow(match?.[1] ?? '')
  if (match === null || base === undefined) {
    return refuse(path, `${quote(text)} is not a rate`, RATE_CURE)
  }
  const burst = match[2] === undefined ? base.count : Number(match[2])
  if (burst < 1 || burst > MAX_COUNT) {
    return refuse(path, `${quote(text)} has no usable burst`, 'a burst is a whole number from 1 on')
  }
  return { ...base, burst }
}

const QUOTA_CURE = 'write quota COUNT/WINDOW, such as quota 1k/day'
const LEAKY_CURE = 'write leaky COUNT/WINDOW burst WAITING, with less than 30s for the last one'

/**
 * Reads a rate, `quota 1k/day`, or `leaky 10/s burst 20`, of which the twentieth waits for its turn, at most 30 s.
 * `k` and `m` after a count are thousands and millions. Throws `ConfigError` that names `path`.
 */
export function parsePolicyRate(text: string, path: string): PolicyRate {
  if (text.startsWith('quota ')) {
    if (text.includes('burst'))
      return refuse(path, `${quote(text)}: a quota has no burst`, QUOTA_CURE)
    return { ...parseRate(text.slice(6), path), kind: 'quota' }
  }
  if (!text.startsWith('leaky ')) return parseRate(text, path)
  const rate = parseRate(text.slice(6), path)
  if (((rate.burst - 1) * rate.windowMs) / rate.count > MAX_SPACING_MS)
    return refuse(path, `${quote(text)} lets the last one wait for too long`, LEAKY_CURE)
  return { ...rate, kind: 'leaky' }
}

/**
 * Reads one rate of a plan: as `parsePolicyRate`, but a window of an hour and more without a burst is a quota.
 * Throws `ConfigError` that names `path`.
 */
export function parsePlanRate(text: string, path: string): PolicyRate {
  const rate = parsePolicyRate(text, path)
  const isQuota = rate.kind === undefined && rate.windowMs >= 3600 * SECOND && !/ burst /.test(text)
  return isQuota ? { ...rate, kind: 'quota' } : rate
}

/**
 * Reads `10/5min ban 15min`.
 * Throws `ConfigError` that names `path`.
 */
export function parseFailureLimit(text: string, path: string): FailureLimit {
  const match = /^(\S{1,30}) ban (\S{1,20})$/.exec(text)
  const base = parseCountPerWindow(match?.[1] ?? '')
  if (match === null || base === undefined) {
    return refuse(path, `${quote(text)} is not a failure limit`, FAILURE_CURE)
  }
  return { ...base, banMs: parseDuration(match[2] ?? '', path) }
}

/**
 * Reads one part of a limit's key: `ip`, `principal`, `subject`, `tenant`, `body.email`, `header.x-tenant`, `claim.tid`.
 * Header names come back in lower case. Throws `ConfigError` that names `path`.
 */
export function parseLimitKeyPart(text: string, path: string): LimitKeyPart {
  if (text === 'ip' || text === 'principal' || text === 'subject' || text === 'tenant')
    return { from: text }
  const match = /^(body|query|path|header|claim)\.([\w$@:/.-]{1,100})$/.exec(text)
  const name = match?.[2] ?? ''
  switch (match?.[1]) {
    case 'body':
    case 'query':
    case 'path':
    case 'claim':
      return { from: match[1], name }
    case 'header':
      return { from: 'header', name: name.toLowerCase() }
    default:
      return refuse(path, `${quote(text)} is nothing a limit can count by`, KEY_CURE)
  }
}

/**
 * Reads `5/min by ip, body.email`; without `by`, the key parts are empty and the caller chooses.
 * Throws `ConfigError` that names `path`.
 */
export function parseOperationLimit(text: string, path: string): KeyedRate {
  const split = text.indexOf(' by ')
  if (split === -1) return { rate: parsePolicyRate(text, path), by: [] }
  const words = text.slice(split + 4).split(',')
  if (words.length > MAX_KEY_PARTS) {
    return refuse(path, `${quote(text)} counts by too much`, `at most ${MAX_KEY_PARTS} parts`)
  }
  const by = words.map((word) => parseLimitKeyPart(word.trim(), path))
  return { rate: parsePolicyRate(text.slice(0, split), path), by }
}
