import { formatFault } from '../base/config-error.ts'
import type { ConfigFault } from '../base/config-error.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Recorder } from '../telemetry/recorder.ts'
import type { Settings } from './config/settings.ts'
import { restartParts } from './restart-parts.ts'

/** What a reload came to. */
export type ReloadResult =
  | { readonly ok: true; readonly planId: string }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] }

/** Where a reload is written down. */
export interface ReloadBooks {
  readonly metrics: Pick<Metrics, 'configReloaded'>
  readonly recorder: Pick<Recorder, 'emit'>
}

/** Counts a reload and tells the log what it came to. @returns the result. */
export function tellReload(result: ReloadResult, { metrics, recorder }: ReloadBooks): ReloadResult {
  metrics.configReloaded(result.ok ? 'success' : 'failure')
  const detail = result.ok ? `plan ${result.planId}` : result.faults.map(formatFault).join('; ')
  recorder.emit({
    name: result.ok ? 'sp_config_change' : 'sp_config_rejected',
    level: result.ok ? 'info' : 'critical',
    control: 'configuration',
    reason: 'reload',
    detail,
  })
  return result
}

/** What was accepted and cannot be in force must not be believed to be. */
export function tellUnapplied(
  startedWith: Settings,
  settings: Settings,
  recorder: Pick<Recorder, 'emit'>,
): void {
  const parts = restartParts(startedWith, settings)
  if (parts.length === 0) return
  recorder.emit({
    name: 'sp_config_change',
    level: 'warn',
    control: 'configuration',
    reason: 'needs_restart',
    detail: `in force after a restart: ${parts.join(', ')}`,
  })
}
