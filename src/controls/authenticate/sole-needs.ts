import { modeOf } from '../../pipeline/control.ts'
import type { SchemeKind } from '../../pipeline/policy.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'
import { authenticate } from './control.ts'
import { planAlternatives } from './scheme-plan.ts'

/** What no request at all can do without. */
export interface SoleNeeds {
  /** A key of ours, and so the store of keys. */
  readonly keys: boolean
  /** A token with times in it, and so a clock. */
  readonly tokens: boolean
}

const KEYS: ReadonlySet<SchemeKind> = new Set(['apiKey'])
const TOKENS: ReadonlySet<SchemeKind> = new Set(['jwt', 'wrap'])

/** What every operation of the plan asks for, whichever of its alternatives is met. Without operations: nothing. */
export function soleNeeds(kit: Pick<Kit, 'apis' | 'hasIssuers' | 'sites' | 'wraps'>): SoleNeeds {
  const all = (kinds: ReadonlySet<SchemeKind>): boolean =>
    kit.sites.length > 0 && kit.sites.every((site) => needsOneOf(kinds, site, kit))
  return { keys: all(KEYS), tokens: all(TOKENS) }
}

function needsOneOf(
  kinds: ReadonlySet<SchemeKind>,
  { operation, policy }: Site,
  kit: Pick<Kit, 'apis' | 'hasIssuers' | 'wraps'>,
): boolean {
  if (operation.security?.length === 0 || modeOf(authenticate, policy) !== 'enforce') return false
  const alternatives = planAlternatives(operation, {
    schemes: policy.auth.schemes,
    hasIssuers: kit.hasIssuers,
    hasWraps: kit.wraps.get(operation.api)?.makesCredentials === true,
    declared: kit.apis.get(operation.api)?.model.securitySchemes ?? new Map(),
  })
  return alternatives.every(({ schemes }) => schemes.some(({ plan }) => kinds.has(plan.kind)))
}
