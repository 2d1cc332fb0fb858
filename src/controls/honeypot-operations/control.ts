import { ConfigError } from '../../base/config-error.ts'
import { andThen } from '../../base/maybe-promise.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Policy } from '../../pipeline/policy.ts'
import type { Site } from '../../pipeline/site.ts'
import { detectionFor } from '../detection.ts'
import { HONEYPOT_REASON, honeypotSignal } from '../honeypot-signal.ts'
import type { Kit } from '../kit.ts'
import { RiskBook } from '../risk-book.ts'
import { configureHoneypotOperations } from './config.ts'

const MARK = 'x-sallyport-honeypot'

/** Recognizes who reads the document to find what to attack: operations that no client of ours calls [MON-01]. */
export const honeypotOperations: Control<Policy, Kit> = {
  name: 'honeypot-operations',
  ids: ['MON-01'],
  stage: 'limit',
  scope: 'operation',
  // There is nothing behind it that could be served in `monitor`.
  block: undefined,
  adopt: 'enforce',
  onFault: 'deny',
  reasons: { honeypot_operation: HONEYPOT_REASON },
  configure: configureHoneypotOperations,
  compile: (policy, site, kit) => (site === undefined ? undefined : trapGuard(policy, site, kit)),
}

const DENIAL: Denial = Object.freeze({ reason: 'honeypot_operation' })

function trapGuard(policy: Policy, { operation }: Site, kit: Kit): Guard | undefined {
  const mark = operation.extensions.get(MARK)
  if (mark === undefined || mark === false) return undefined
  if (mark !== true)
    throw new ConfigError({
      path: operation.source.pointer,
      message: `${MARK} must be true or false`,
    })
  const detection = detectionFor(policy, 'honeypot-operations')
  const trap = detection?.policy.honeypots
  if (detection === undefined || trap === undefined) return { onRequest: () => DENIAL }
  const book = new RiskBook(detection, kit)
  const detail = `the operation ${operation.id}, which nobody calls`
  const signal = honeypotSignal('honeypot-operations', trap.most, detail)
  return {
    onRequest: (exchange) => {
      const suspect = book.suspectOf(exchange)
      if (suspect === undefined) return DENIAL
      return andThen(book.note(exchange, suspect, signal), () => DENIAL)
    },
  }
}
