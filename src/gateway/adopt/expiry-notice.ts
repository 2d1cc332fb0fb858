import type { Clock } from '../../base/clock.ts'
import type { LifecycleEvent } from '../../telemetry/security-events.ts'
import type { AdoptNumbers } from './numbers.ts'
import { ADOPT_NUMBERS } from './numbers.ts'

/** What the notice needs of the gateway. */
export interface NoticeDeps {
  readonly clock: Clock
  readonly numbers?: Partial<AdoptNumbers>
  /** Operations whose traffic still differs from the document. */
  openOperations(): number
  emit(event: LifecycleEvent): void
}

/** Longest delay a timer of Node can be set to. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Announces the end of the profile: at the start and daily, during its last days. */
export class ExpiryNotice {
  readonly #deps: NoticeDeps
  readonly #numbers: AdoptNumbers
  #untilMs: number | undefined
  #saidMs = -Infinity
  #timer: NodeJS.Timeout | undefined

  constructor(deps: NoticeDeps) {
    this.#deps = deps
    this.#numbers = { ...ADOPT_NUMBERS, ...deps.numbers }
  }

  /** Follows the profile of the configuration in force; `undefined`: there is none. */
  follow(untilMs: number | undefined): void {
    this.#untilMs = untilMs
    this.check()
  }

  /** Says what is due, and looks again when the next announcement is. */
  check(): void {
    clearTimeout(this.#timer)
    const untilMs = this.#untilMs
    const nowMs = this.#deps.clock.nowMs()
    if (untilMs === undefined || nowMs >= untilMs) return
    const { noticeMs, noticeEveryMs } = this.#numbers
    const dueMs = Math.max(untilMs - noticeMs, this.#saidMs + noticeEveryMs)
    if (nowMs >= dueMs) this.#say(untilMs, nowMs)
    const nextMs = nowMs >= dueMs ? nowMs + noticeEveryMs : dueMs
    this.#timer = setTimeout(() => this.check(), Math.min(nextMs - nowMs, MAX_TIMER_MS))
    this.#timer.unref()
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #say(untilMs: number, nowMs: number): void {
    this.#saidMs = nowMs
    const open = this.#deps.openOperations()
    const until = new Date(untilMs).toISOString()
    this.#deps.emit({
      name: 'sp_adopt_expiring',
      level: 'warn',
      control: 'adopt',
      reason: 'until',
      detail: `everything is enforced from ${until}; ${open} operations still have findings`,
      facts: { until, operations: open },
    })
  }
}
