import { andThen } from '../../base/maybe-promise.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Detection } from '../detection.ts'
import { HONEYPOT_REASON, honeypotSignal } from '../honeypot-signal.ts'
import type { Kit } from '../kit.ts'
import { RiskBook } from '../risk-book.ts'
import { configureHoneypots } from './config.ts'

/** Recognizes scanners by what they ask every host for [MON-01]. */
export const honeypots: Control<Detection, Kit> = {
  name: 'honeypots',
  ids: ['MON-01'],
  stage: 'route',
  scope: 'gateway',
  block: 'detect',
  adopt: 'observe',
  onFault: 'pass',
  reasons: { honeypot: HONEYPOT_REASON },
  configure: configureHoneypots,
  compile: (detection, _site, kit) => honeypotsGuard(detection, kit),
}

const DENIAL: Denial = Object.freeze({ reason: 'honeypot' })

function honeypotsGuard(detection: Detection, kit: Kit): Guard | undefined {
  const { honeypots: trap } = detection.policy
  if (trap === undefined) return undefined
  const book = new RiskBook(detection, kit)
  // What a document declares is there on purpose.
  const served = kit.sites.map(patternOf)
  const paths = new Set(trap.paths.filter((path) => !served.some((one) => one.test(path))))
  const signal = honeypotSignal('honeypots', trap.most, 'a path that only scanners ask for')
  return {
    onRequest: (exchange) => {
      if (!paths.has(exchange.path)) return undefined
      const suspect = book.sourceOf(exchange)
      if (suspect === undefined) return DENIAL
      return andThen(book.note(exchange, suspect, signal), () => DENIAL)
    },
  }
}

function patternOf({ publicBase, operation }: Site): RegExp {
  const parts = `${publicBase}${operation.template}`.split(/\{[^}]*\}/)
  return new RegExp(`^${parts.map((part) => RegExp.escape(part)).join('[^/]+')}$`)
}
