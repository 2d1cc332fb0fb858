import type { ConfigFault } from '../../base/config-error.ts'
import type { PolicyMoment } from '../config/policy-for.ts'
import type { Settings } from '../config/settings.ts'

/** Everything a plan is compiled from: what stands on disk meanwhile has no say. `pack` it for another thread. */
export interface PlanSnapshot {
  readonly settings: Settings
  /** As `LoadedConfig.hash`: plans of one hash come from one text. */
  readonly hash: string
  readonly file: string | undefined
  /** For each API in the order of the settings: absolute path -> text of every file that was read. */
  readonly texts: readonly ReadonlyMap<string, string>[]
  readonly moment: PolicyMoment
}

/** Threads that work by the plan of this one. */
export interface Followers {
  /** Compiles aside, everywhere. Resolves to what stands in the way; nothing: all are ready. Never rejects. */
  prepare(snapshot: PlanSnapshot): Promise<readonly ConfigFault[]>
  /** Puts what was prepared last in force everywhere; resolves when it is. Never rejects. */
  commit(): Promise<void>
  /** Forgets what was prepared last. */
  abandon(): void
}
