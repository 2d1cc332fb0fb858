import { ConfigError } from '../../base/config-error.ts'
import type { Control } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'
import { configureSensitivity } from './config.ts'
import type { SensitivityConfig } from './config.ts'

/**
 * Closes operations of high sensitivity while the counters that nodes share are away (CONTROLS 3.3). Stands behind the
 * limit of callers, so that the request that finds out is closed too.
 */
export const sensitivity: Control<SensitivityConfig, Kit> = {
  name: 'sensitivity',
  ids: ['RLM-02'],
  stage: 'limit',
  scope: 'operation',
  block: 'limits',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    counters_away: {
      status: 503,
      problem: 'unavailable',
      title: 'Service unavailable',
      event: 'sp_sensitive_closed',
    },
  },
  configure: configureSensitivity,
  compile: ({ isHigh }, site, { counters }) => {
    if (site === undefined || !(isHigh || isMarked(site))) return undefined
    return { onRequest: () => (counters.isUp === false ? AWAY : undefined) }
  },
}

const AWAY: Denial = Object.freeze({ reason: 'counters_away', headers: ['Retry-After', '1'] })
const MARK = 'x-sallyport-sensitivity'

function isMarked({ operation }: Site): boolean {
  const mark = operation.extensions.get(MARK)
  if (mark === undefined || mark === 'normal') return false
  if (mark === 'high') return true
  throw new ConfigError({
    path: `${operation.id} ${MARK}`,
    message: `${JSON.stringify(mark)} is no sensitivity`,
    cure: 'write normal or high',
    file: operation.source.file,
  })
}
