import { uptime } from 'node:os'
import type { Clock } from '../base/clock.ts'
import type { LifecycleEvent } from '../telemetry/security-events.ts'

/** The clock that is set, and those that only run; milliseconds. */
export interface Clocks {
  wallMs(): number
  /** Asked at most 20 times a second while all is well. May stand still while the machine sleeps. */
  steadyMs(): number
  /** Runs on while the machine sleeps; asked once a second. */
  sinceBootMs(): number
}

/** The time as tokens are judged by it. */
export interface TokenTime {
  /** `undefined`: nobody knows what time it is, so no token can be judged. */
  nowMs(): number | undefined
  /** What only runs, for ages of what was fetched. */
  steadyMs(): number
}

/** How far the clock is to be believed: `held`: another time is used in its place, `closed`: none is. */
export type ClockState = 'good' | 'held' | 'closed'

const LOOK_MS = 1000
/** A time so little after one that was good needs no second clock: each costs as much as some checks of a token. */
const COMPARE_MS = 50
/** Clocks are set right by less. */
const JUMP_MS = 30_000
/** From there on what tokens say of their times means nothing. */
const CRITICAL_MS = 5 * 60_000
/** A time that has run evenly for so long is taken as true: somebody set right what was wrong before. */
const TAKEN_MS = 15 * 60_000

/** The clocks of this machine; `clock` is the one that is set. */
export function clocksOf(clock: Clock): Clocks {
  return {
    wallMs: () => clock.nowMs(),
    steadyMs: () => performance.now(),
    sinceBootMs: () => uptime() * 1000,
  }
}

/** The time of a clock that nobody sets. */
export function unwatched(clock: Clock): TokenTime {
  return { nowMs: () => clock.nowMs(), steadyMs: () => clock.nowMs() }
}

/**
 * Notices that somebody set the clock of the machine, and keeps the time that tokens are judged by (CONTROLS 3.3,
 * clock): after a jump of more than 30 s the last good time runs on, after one of more than 5 min there is none. That
 * ends when the clock is back, or has run evenly for 15 min. A clock that is slowly put right is followed, and a machine
 * that slept has its time.
 */
export class ClockWatch implements TokenTime {
  readonly #clocks: Clocks
  readonly #emit: (event: LifecycleEvent) => void
  #timer: NodeJS.Timeout | undefined
  /** How far the clocks that run were apart at the start; more is sleep. */
  readonly #bootGapMs: number
  #sleptMs = 0
  /** How far the clock that is set is ahead of the one that runs: as it is believed, and at the last look. */
  #goodMs: number
  #seenMs: number
  #jumpedAtMs = 0
  /** The last time that was compared with the other clock, and good. */
  #comparedMs = -Infinity

  constructor(emit: (event: LifecycleEvent) => void, clocks: Clocks) {
    this.#emit = emit
    this.#clocks = clocks
    this.#bootGapMs = clocks.sinceBootMs() - clocks.steadyMs()
    this.#goodMs = this.#aheadMs()
    this.#seenMs = this.#goodMs
  }

  start(): this {
    this.#timer = setInterval(() => this.look(), LOOK_MS)
    this.#timer.unref()
    return this
  }

  /** How the clock was at the last look. */
  get state(): ClockState {
    const jumpMs = Math.abs(this.#seenMs - this.#goodMs)
    if (jumpMs <= JUMP_MS) return 'good'
    return jumpMs <= CRITICAL_MS ? 'held' : 'closed'
  }

  steadyMs(): number {
    return this.#clocks.steadyMs() + this.#sleptMs
  }

  nowMs(): number | undefined {
    const wallMs = this.#clocks.wallMs()
    const sinceMs = wallMs - this.#comparedMs
    if (sinceMs >= 0 && sinceMs < COMPARE_MS) return wallMs
    const steadyMs = this.steadyMs()
    const aheadMs = wallMs - steadyMs
    if (Math.abs(aheadMs - this.#goodMs) <= JUMP_MS) {
      this.#comparedMs = wallMs
      return wallMs
    }
    this.#comparedMs = -Infinity
    // Nobody waits for the next look with a time that is wrong; the machine may have slept besides.
    if (Math.abs(aheadMs - this.#seenMs) > JUMP_MS) this.look()
    switch (this.state) {
      case 'good':
        return wallMs
      case 'held':
        return steadyMs + this.#goodMs
      default:
        return undefined
    }
  }

  /** Compares the clocks with each other as they were at the last look. */
  look(): void {
    this.#sleptMs = this.#clocks.sinceBootMs() - this.#clocks.steadyMs() - this.#bootGapMs
    const aheadMs = this.#aheadMs()
    const stepMs = aheadMs - this.#seenMs
    this.#seenMs = aheadMs
    if (Math.abs(stepMs) > JUMP_MS) this.#jumped(stepMs)
    if (this.state === 'good') this.#goodMs = aheadMs
    else if (this.steadyMs() - this.#jumpedAtMs >= TAKEN_MS) this.#take(aheadMs)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #aheadMs(): number {
    return this.#clocks.wallMs() - this.steadyMs()
  }

  #jumped(stepMs: number): void {
    this.#jumpedAtMs = this.steadyMs()
    this.#comparedMs = -Infinity
    this.#emit({
      name: 'sp_clock_skew',
      level: Math.abs(stepMs) > CRITICAL_MS ? 'critical' : 'warn',
      control: 'clock',
      reason: stepMs > 0 ? 'forward' : 'back',
      detail: `the clock jumped by ${Math.round(stepMs / 1000)} s`,
    })
  }

  #take(aheadMs: number): void {
    const seconds = Math.round((aheadMs - this.#goodMs) / 1000)
    this.#goodMs = aheadMs
    this.#emit({
      name: 'sp_clock_skew',
      level: 'warn',
      control: 'clock',
      reason: 'taken',
      detail: `the clock stays ${seconds} s from where it was: tokens are judged by it from now on`,
    })
  }
}
