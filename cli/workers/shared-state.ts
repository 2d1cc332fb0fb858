import { systemClock } from '../../src/base/clock.ts'
import type { SinkTarget } from '../../src/gateway/config/values/text.ts'
import type { SharedParts } from '../../src/gateway/gateway.ts'
import type { Services } from '../../src/gateway/services.ts'
import {
  KeyVersions,
  KeyVersionsKeeper,
  newKeyVersions,
} from '../../src/store/shared/key-versions.ts'
import {
  CounterKeeper,
  newCounterMemory,
  SharedCounters,
} from '../../src/store/shared/shared-counters.ts'
import type { SharedCounterMemory } from '../../src/store/shared/shared-counters.ts'
import { emptySeats, newSeats } from '../../src/store/shared/seats.ts'
import { MAX_THREADS } from '../../src/store/shared/time-table.ts'
import { EndedNumbers, SharedNumbers } from '../../src/telemetry/numbers.ts'
import { OutletQueue } from '../../src/telemetry/outlet-queue.ts'
import { openOutlet } from '../../src/telemetry/outlet.ts'
import { createSink, sinkName } from '../../src/telemetry/sink.ts'
import type { WorkerOrder } from './messages.ts'

const TEND_MS = 50
const POLL_MS = 250

/** What all threads of the process have in common; the main thread keeps it in order. */
export class SharedState {
  readonly counters: SharedCounterMemory = newCounterMemory(systemClock.nowMs())
  readonly keyVersions: SharedArrayBuffer = newKeyVersions()
  readonly seats: WorkerOrder['seats'] = { https: newSeats(), http: newSeats() }
  /** Numbers of the main thread itself. */
  readonly numbers: SharedNumbers = new SharedNumbers()
  /** What dead workers have counted. */
  readonly ended: EndedNumbers = new EndedNumbers()
  readonly #counterKeeper = new CounterKeeper(this.counters)
  readonly #outlets = new Map<string, OutletQueue>()
  readonly #timers: NodeJS.Timeout[] = []
  #versionsKeeper: KeyVersionsKeeper | undefined

  /** What the main thread's gateway is started with. */
  readonly parts: SharedParts = {
    numbers: this.numbers.allocate,
    openSink: (target, watch, limits) =>
      createSink({
        name: sinkName(target),
        limits,
        watch,
        open: () => {
          // Asked again after a fault, or to begin a new file.
          const isKnown = this.#outlets.has(sinkName(target))
          const queue = this.outlet(target)
          if (isKnown) queue.reopen()
          return queue.asOutlet()
        },
      }),
    // No worker has the last number.
    counters: new SharedCounters(this.counters, MAX_THREADS - 1),
    onKeyChange: (id) => this.#versionsKeeper?.wrote(id, systemClock.nowMs()),
  }

  /** From here on changes of keys, by whomever, reach every thread. */
  watch({ records }: Services): void {
    const changeToken = (): number => records.changeToken()
    const versions = new KeyVersions(this.keyVersions)
    const keeper = new KeyVersionsKeeper(versions, changeToken, systemClock.nowMs())
    this.#versionsKeeper = keeper
    this.#every(TEND_MS, () => this.#counterKeeper.tend(systemClock.nowMs()))
    this.#every(POLL_MS, () => keeper.poll(systemClock.nowMs()))
  }

  /** The one way to a log target. @throws the system's error when it cannot be opened. */
  outlet(target: SinkTarget): OutletQueue {
    const name = sinkName(target)
    const known = this.#outlets.get(name)
    if (known !== undefined) return known
    const queue = new OutletQueue(() => openOutlet(target))
    this.#outlets.set(name, queue)
    return queue
  }

  /** A thread died, wherever it stood. */
  threadGone(thread: number): void {
    this.#counterKeeper.threadGone(thread)
    for (const seats of [this.seats.https, this.seats.http]) emptySeats(seats, thread)
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer)
    for (const queue of this.#outlets.values()) queue.close()
  }

  #every(ms: number, act: () => void): void {
    this.#timers.push(setInterval(act, ms).unref())
  }
}
