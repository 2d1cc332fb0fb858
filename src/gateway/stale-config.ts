import { formatFault } from '../base/config-error.ts'
import type { LifecycleEvent } from '../telemetry/security-events.ts'
import type { ReloadResult } from './reload-notice.ts'

/** For so long a configuration may be in force that is not the one on the disk (CONTROLS 3.3, configuration source). */
export const STALE_MS = 86_400_000

/**
 * Tells the log when the configuration could not be read anew for a day, and once more for each further day: what
 * somebody believes to be in force is not.
 */
export class StaleConfig {
  readonly #emit: (event: LifecycleEvent) => void
  readonly #staleMs: number
  #timer: NodeJS.Timeout | undefined
  #days = 0
  #fault = ''

  /** `staleMs`: how long a day is, for tests. */
  constructor(emit: (event: LifecycleEvent) => void, staleMs: number = STALE_MS) {
    this.#emit = emit
    this.#staleMs = staleMs
  }

  /** What a reload came to: a good one ends it, the first bad one begins it. */
  heard(result: ReloadResult): void {
    if (result.ok) return this.close()
    this.held(result.faults.map(formatFault).join('; '), 0)
  }

  /** A configuration is in force that was read `ageMs` ago; `fault`: why no other. */
  held(fault: string, ageMs: number): void {
    this.#fault = fault
    this.#timer ??= this.#after(Math.max(0, this.#staleMs - ageMs))
  }

  /** Stops to count. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#days = 0
  }

  #after(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#tell(), ms).unref()
  }

  #tell(): void {
    this.#days += 1
    this.#timer = this.#after(this.#staleMs)
    const times = this.#days === 1 ? 'a day' : `${this.#days} days`
    this.#emit({
      name: 'sp_config_stale',
      level: 'critical',
      control: 'configuration',
      reason: 'not_reloaded',
      detail: `for ${times} the configuration in force is not the one that is written: ${this.#fault}`,
    })
  }
}
