import { compileAddressSet } from '../base/cidr.ts'
import { andThen, isPromise } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { memo } from '../base/memo.ts'
import type { Principal } from '../identity/principal.ts'
import type { DetectPolicy, Grade } from '../pipeline/detect-policy.ts'
import { GRADES } from '../pipeline/detect-policy.ts'
import type { Exchange, SecurityEvent } from '../pipeline/exchange.ts'
import type { BucketRate, Counters } from '../store/counters.ts'
import { GenerationMap } from '../store/generation-map.ts'
import { ActiveCount } from '../store/sketches/active-count.ts'
import { callerOf } from './failures/caller.ts'
import type { Detection } from './detection.ts'
import type { Kit } from './kit.ts'
import type { Suspect } from './penalty-record.ts'
import { noteRisk } from './risk-note.ts'
import { foreignUses, travelKeys } from './travel-marks.ts'

/** Something that speaks against a caller. */
export interface RiskSignal {
  /** Stable, snake_case: stands in logs. */
  readonly name: string
  /** 1 to 200; half of the way to a block is 50. */
  readonly weight: number
  /** What may follow at most. */
  readonly most: Grade
  readonly event: string
  readonly level: SecurityEvent['level']
  readonly detail: string
  readonly control: string
}

/** A response in force. */
export interface Ban {
  /** As logs name callers: `key:…`, `issuer|subject`, an address; or `credential:…`. */
  readonly subject: string
  readonly grade: Exclude<Grade, 'log'> | 'quarantine'
  /** The signal that led to it. */
  readonly reason: string
  readonly score: number
  readonly sinceMs: number
  readonly untilMs: number
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/** A score runs out of itself: 100 points in four hours, longer than a challenge, so that who goes on gets further. */
const SCORE: BucketRate = { count: 100, windowMs: 4 * HOUR_MS, burst: 200 }
/** From which score on what follows. */
const STEPS: Readonly<Record<Exclude<Grade, 'log'>, number>> = {
  throttle: 40,
  challenge: 70,
  block: 100,
}
const THROTTLE_MS = 5 * MINUTE_MS
/** How long a challenge waits to be met. */
export const CHALLENGE_MS: number = 15 * MINUTE_MS
/** The same about the same is told once in this time by each thread. */
const TELL_MS = 5 * MINUTE_MS
const MAX_TOLD = 20_000
/** Of all active principals so many percent, and at least so many, meet a machine's hard responses in an hour. */
const BLAST_SHARE = 0.01
const BLAST_LEAST = 10
/** How long an answer of counters elsewhere is good. */
const ASKED_MS = 1000

/** Keys under which responses to a subject stand, the one that says whether there is any first. */
export function riskKeys(subject: string): readonly string[] {
  const kinds = ['any', ...GRADES.slice(1), 'quarantine', 'score']
  return [...kinds.map((kind) => `risk-${kind}:${subject}`), ...causesOf(subject)]
}

/** Without what led to a response it would be given again at once. */
function causesOf(subject: string): readonly string[] {
  const credential = subject.startsWith('credential:') ? subject.slice(11) : undefined
  // A key is called as its principal is; a token is not.
  return credential === undefined
    ? travelKeys(subject)
    : [foreignUses(credential), ...travelKeys(credential)]
}

/** What is remembered per gateway and thread, whatever plan is in force: it hangs on the counters. */
interface Memory {
  readonly active: ActiveCount
  /** Who was counted in this hour since 1970. */
  seen: WeakSet<Principal>
  hour: number
  /** The exchange that was asked about last, and the answer: authentication is over by then. */
  asking: Exchange | undefined
  suspect: Suspect | undefined
  readonly told: GenerationMap<number>
  readonly asked: GenerationMap<{ readonly untilMs: number | undefined; readonly atMs: number }>
  tell: (ban: Ban) => void
}

const MEMORIES = new WeakMap<Counters, Memory>()

function memoryOf(counters: Counters): Memory {
  const known = MEMORIES.get(counters)
  if (known !== undefined) return known
  const fresh: Memory = {
    active: new ActiveCount(),
    seen: new WeakSet(),
    hour: 0,
    asking: undefined,
    suspect: undefined,
    told: new GenerationMap(MAX_TOLD),
    asked: new GenerationMap(MAX_TOLD),
    tell: () => undefined,
  }
  MEMORIES.set(counters, fresh)
  return fresh
}

/** From here on `tell` hears of every response that controls with these counters give. Must not throw. */
export function watchBans(counters: Counters, tell: (ban: Ban) => void): void {
  memoryOf(counters).tell = tell
}

const anyKey = memo((id) => `risk-any:${id}`, { maxEntries: 8192, maxChars: 256 })

/** Scores of callers and what follows from them: graded, for a time, told, and to be taken back [MON-03]. */
export class RiskBook {
  readonly #policy: DetectPolicy
  readonly #isOnTrial: boolean
  readonly #kit: Pick<Kit, 'counters' | 'clock'>
  readonly #memory: Memory
  readonly #isExempt: (address: string) => boolean

  constructor({ policy, isOnTrial }: Detection, kit: Pick<Kit, 'counters' | 'clock'>) {
    const exempt = compileAddressSet(policy.exempt, 'detect.exempt')
    this.#policy = policy
    this.#isOnTrial = isOnTrial
    this.#kit = kit
    this.#memory = memoryOf(kit.counters)
    this.#isExempt = policy.exempt.length === 0 ? nobody : (address) => exempt.has(address)
  }

  /** Whom a signal of this exchange speaks against: a proven principal, else the address; nobody who is exempt. */
  suspectOf(exchange: Exchange): Suspect | undefined {
    const memory = this.#memory
    // Several controls ask about the same request, one after another.
    if (memory.asking !== exchange) {
      memory.suspect = this.#findSuspect(exchange)
      memory.asking = exchange
    }
    return memory.suspect
  }

  #findSuspect(exchange: Exchange): Suspect | undefined {
    if (this.#isExempt(exchange.clientAddress)) return undefined
    const { id } = callerOf(exchange)
    const isAddress = id === exchange.clientKey
    return isAddress && exchange.hidesClients ? undefined : { id, isAddress }
  }

  /** The address alone, for what happens before or at a log-in. */
  sourceOf(exchange: Exchange): Suspect | undefined {
    if (exchange.hidesClients || this.#isExempt(exchange.clientAddress)) return undefined
    return { id: exchange.clientKey, isAddress: true }
  }

  /** Counts a caller as active; a credential that was seen this hour costs a look. */
  seen(principal: Principal, nowMs: number): void {
    const memory = this.#memory
    const hour = Math.floor(nowMs / HOUR_MS)
    if (memory.hour !== hour) {
      memory.hour = hour
      memory.seen = new WeakSet()
    }
    if (memory.seen.has(principal)) return
    memory.seen.add(principal)
    memory.active.note(principal.id, nowMs)
  }

  /** Until when any response to a subject is in force. */
  anyUntil(id: string, nowMs: number): MaybePromise<number | undefined> {
    const { asked } = this.#memory
    const known = asked.size === 0 ? undefined : asked.get(id)
    if (known !== undefined && nowMs - known.atMs < ASKED_MS) return known.untilMs
    const found = this.#kit.counters.isBanned(anyKey(id), nowMs)
    // Counters elsewhere cost a round trip: their word is good for a second.
    if (!isPromise(found)) return found
    return found.then((untilMs) => {
      asked.set(id, { untilMs, atMs: nowMs })
      return untilMs
    })
  }

  /** Adds a signal to the score of a suspect, tells it, and does what follows. */
  note(exchange: Exchange, suspect: Suspect, signal: RiskSignal): MaybePromise<void> {
    const nowMs = this.#kit.clock.nowMs()
    this.tellOnce(exchange, `${signal.name} ${suspect.id}`, eventOf(signal))
    const { id } = suspect
    const taken = this.#kit.counters.take(`risk-score:${id}`, SCORE, signal.weight, nowMs)
    return andThen(taken, ({ allowed, remaining }) => {
      const score = allowed ? SCORE.burst - remaining : SCORE.burst
      noteRisk(exchange, signal.name, score)
      const grade = lesser(gradeOf(score), signal.most)
      if (grade === 'log') return undefined
      const ban = this.#banOf({ id, grade, signal, score, nowMs })
      if (this.#isOnTrial) return this.tellOnce(exchange, `${grade} ${id}`, wouldEvent(ban))
      return andThen(this.#withinBlast(suspect, grade, exchange), (given) =>
        this.#impose(exchange, given === grade ? ban : { ...ban, ...this.#lighter(given, nowMs) }),
      )
    })
  }

  /** Refuses a credential until then, whoever shows it; to be lifted like any other response. */
  quarantine(
    exchange: Exchange,
    what: { readonly credential: string; readonly untilMs: number; readonly reason: string },
  ): MaybePromise<void> {
    const nowMs = this.#kit.clock.nowMs()
    const ban: Ban = {
      subject: `credential:${what.credential}`,
      grade: 'quarantine',
      reason: what.reason,
      score: SCORE.burst,
      sinceMs: nowMs,
      untilMs: what.untilMs,
    }
    if (this.#isOnTrial) return this.tellOnce(exchange, ban.subject, wouldEvent(ban))
    return this.#impose(exchange, ban)
  }

  /** Pushes an event unless this thread told it lately. */
  tellOnce(exchange: Exchange, about: string, event: SecurityEvent): void {
    const nowMs = this.#kit.clock.nowMs()
    const { told } = this.#memory
    if ((told.get(about) ?? -Infinity) > nowMs) return
    told.set(about, nowMs + TELL_MS)
    exchange.events.push(event)
  }

  #banOf(what: {
    readonly id: string
    readonly grade: Exclude<Grade, 'log'>
    readonly signal: RiskSignal
    readonly score: number
    readonly nowMs: number
  }): Ban {
    const { id, grade, signal, score, nowMs } = what
    const untilMs = nowMs + this.#lengthOf(grade)
    return { subject: id, grade, reason: signal.name, score, sinceMs: nowMs, untilMs }
  }

  #lengthOf(grade: Exclude<Grade, 'log'>): number {
    if (grade === 'block') return this.#policy.blockMs
    return grade === 'challenge' ? CHALLENGE_MS : THROTTLE_MS
  }

  #lighter(grade: Exclude<Grade, 'log'>, nowMs: number): Pick<Ban, 'grade' | 'untilMs'> {
    return { grade, untilMs: nowMs + this.#lengthOf(grade) }
  }

  /** A machine that errs must not shut out many before a person looks: beyond the share it only slows down. */
  #withinBlast(
    { id, isAddress }: Suspect,
    grade: Exclude<Grade, 'log'>,
    exchange: Exchange,
  ): MaybePromise<Exclude<Grade, 'log'>> {
    if (grade === 'throttle' || isAddress) return grade
    const { counters, clock } = this.#kit
    const nowMs = clock.nowMs()
    return andThen(counters.isBanned(`risk-${grade}:${id}`, nowMs), (untilMs) => {
      if (untilMs !== undefined) return grade
      const share = Math.ceil(this.#memory.active.estimate * BLAST_SHARE)
      const count = Math.max(BLAST_LEAST, share)
      const rate = { count, windowMs: HOUR_MS, burst: count }
      return andThen(counters.take(`risk-blast:${grade}`, rate, 1, nowMs), ({ allowed }) => {
        if (allowed) return grade
        this.tellOnce(exchange, 'blast', heldBack(count))
        return 'throttle'
      })
    })
  }

  /** A response that is in force already is not given again, so that it ends. */
  #impose(exchange: Exchange, ban: Ban): MaybePromise<void> {
    const { counters, clock } = this.#kit
    const nowMs = clock.nowMs()
    const key = `risk-${ban.grade}:${ban.subject}`
    return andThen(counters.isBanned(key, nowMs), (before) => {
      if (before !== undefined) return undefined
      exchange.events.push(actionEvent(ban))
      this.#memory.asked.delete(ban.subject)
      this.#memory.tell(ban)
      const set = counters.ban(key, ban.untilMs, nowMs)
      return andThen(set, () => counters.ban(anyKey(ban.subject), ban.untilMs, nowMs))
    })
  }
}

function nobody(): boolean {
  return false
}

function gradeOf(score: number): Grade {
  if (score >= STEPS.block) return 'block'
  if (score >= STEPS.challenge) return 'challenge'
  return score >= STEPS.throttle ? 'throttle' : 'log'
}

function lesser(one: Grade, other: Grade): Grade {
  return GRADES.indexOf(one) < GRADES.indexOf(other) ? one : other
}

function eventOf({ event, level, control, name, detail }: RiskSignal): SecurityEvent {
  return { name: event, level, control, reason: name, detail }
}

function detailOf({ reason, score, untilMs }: Ban): string {
  return `${reason}, score ${Math.round(score)}, until ${new Date(untilMs).toISOString()}`
}

function actionEvent(ban: Ban): SecurityEvent {
  const level = ban.grade === 'throttle' ? 'warn' : 'critical'
  return {
    name: 'sp_response_action',
    level,
    control: 'bans',
    reason: ban.grade,
    detail: detailOf(ban),
  }
}

/** In `monitor`: what would have been done. */
function wouldEvent(ban: Ban): SecurityEvent {
  return { ...actionEvent(ban), level: 'info', reason: `would_${ban.grade}` }
}

function heldBack(count: number): SecurityEvent {
  return {
    name: 'sp_response_action',
    level: 'critical',
    control: 'bans',
    reason: 'held_back',
    detail: `more than ${count} callers in an hour: from here on they are slowed down only`,
  }
}
