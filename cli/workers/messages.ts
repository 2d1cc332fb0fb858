import type { SecureContextOptions } from 'node:tls'
import type { ConfigFault } from '../../src/base/config-error.ts'
import type { ListedBan } from '../../src/gateway/bans.ts'
import type { ThreadWord } from '../../src/gateway/dependencies.ts'
import type { AdoptNote } from '../../src/gateway/adopt/notes.ts'
import type { SinkTarget } from '../../src/gateway/config/values/text.ts'
import type { KeyAnswer, KeyCall } from '../../src/store/remote-keys.ts'
import type { SeatMemory } from '../../src/store/shared/seats.ts'
import type { SharedCounterMemory } from '../../src/store/shared/shared-counters.ts'
import type { NumberBlock } from '../../src/telemetry/numbers.ts'

/** What a worker thread is started with. */
export interface WorkerOrder {
  /** Its number among the threads, for the shared tables. */
  readonly thread: number
  /** How many threads share what the settings allow in all. */
  readonly threads: number
  /** `PlanSnapshot` and secrets, packed. */
  readonly snapshot: unknown
  readonly secretsText: unknown
  readonly counters: SharedCounterMemory
  readonly keyVersions: SharedArrayBuffer
  /** Open connections of each listener. */
  readonly seats: { readonly https: SeatMemory; readonly http: SeatMemory }
  readonly ports: { readonly https: number | undefined; readonly http: number | undefined }
  readonly tls: SecureContextOptions | undefined
  /** Keys of session tickets, 48 bytes. */
  readonly ticketKeys: Uint8Array
}

/** What the main thread tells a worker. */
export type ToWorker =
  | { readonly kind: 'prepare'; readonly id: number; readonly snapshot: unknown }
  | { readonly kind: 'commit'; readonly id: number }
  | { readonly kind: 'abandon' }
  | { readonly kind: 'tls'; readonly options: SecureContextOptions }
  | { readonly kind: 'tickets'; readonly keys: Uint8Array }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: KeyAnswer }
  | {
      readonly kind: 'written'
      readonly id: number
      readonly error: { readonly code: string; readonly message: string } | undefined
      readonly bytes: number
    }
  | { readonly kind: 'close'; readonly graceMs: number; readonly lingerMs: number }

/** What a worker tells the main thread. */
export type FromWorker =
  | {
      readonly kind: 'ready'
      readonly https: number | undefined
      readonly http: number | undefined
    }
  /** It cannot serve: the system's error of `listen`, or what else went wrong at the start. */
  | {
      readonly kind: 'failed'
      readonly error: Readonly<Record<string, unknown>> & { readonly message: string }
    }
  | { readonly kind: 'prepared'; readonly id: number; readonly faults: readonly ConfigFault[] }
  | { readonly kind: 'committed'; readonly id: number }
  | { readonly kind: 'ask'; readonly id: number; readonly call: KeyCall }
  | {
      readonly kind: 'write'
      readonly id: number
      readonly target: SinkTarget
      readonly chunk: Uint8Array
    }
  | { readonly kind: 'numbers'; readonly block: NumberBlock }
  | { readonly kind: 'notes'; readonly notes: readonly AdoptNote[] }
  | { readonly kind: 'ban'; readonly ban: ListedBan }
  | { readonly kind: 'dependency'; readonly word: ThreadWord }
  | { readonly kind: 'closed' }
