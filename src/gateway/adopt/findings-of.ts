import { controls } from '../../controls/index.ts'
import type { DecisionRecord, Exchange } from '../../pipeline/exchange.ts'
import type { FindingKind } from './kinds.ts'

/** One thing that an exchange says about its operation. */
export interface Learnt {
  readonly kind: FindingKind
  readonly pointer: string
  readonly sample: string
}

/**
 * Whether an exchange may teach: the API took it (2xx or 3xx), nobody broke it off, and it came with a credential that
 * was accepted, or the operation is public. Whoever has no credential, or fails, must not shape the document.
 */
export function mayTeach(exchange: Exchange, isPublic: boolean): boolean {
  const { upstream, decision, abortedBy, principal, status } = exchange
  if (upstream === undefined || decision !== undefined || abortedBy !== undefined) return false
  if (status < 200 || status >= 400) return false
  return isPublic || principal.kind !== 'none'
}

/** What an exchange that may teach says about the document. */
export function lessonsOf(exchange: Exchange): Learnt[] {
  const { observed, repaired, lessons = [] } = exchange
  return [
    ...observed.filter(isAdopted).flatMap(ofRecord),
    ...lessons.flatMap((find) => find()),
    ...repaired.flatMap(({ evidence }) => evidence?.() ?? []),
  ]
}

/** What a failed call may tell: that its answer is not declared. */
export function errorsOf({ observed, upstream, decision, principal }: Exchange): Learnt[] {
  if (upstream === undefined || decision !== undefined || principal.kind === 'none') return []
  return observed
    .filter(isAdopted)
    .flatMap(({ evidence }) => evidence?.() ?? [])
    .filter(({ kind }) => RESPONSE_HEADS.has(kind))
    .map(({ pointer }) => ({ kind: 'response-undeclared-error', pointer, sample: '{}' }))
}

const RESPONSE_HEADS: ReadonlySet<string> = new Set([
  'response-undeclared-status',
  'response-undeclared-media-type',
])

/** Controls that only observe because of the profile; what a configuration holds back is not ours to count. */
const ADOPTED: ReadonlySet<string> = new Set(
  controls.filter(({ adopt }) => adopt === 'observe').map(({ name }) => name),
)

function isAdopted({ control }: DecisionRecord): boolean {
  return ADOPTED.has(control)
}

function ofRecord({ control, reason, evidence }: DecisionRecord): readonly Learnt[] {
  const found = evidence?.() ?? []
  if (found.length > 0) return found
  return [{ kind: 'would-refuse', pointer: `${control}/${reason}`, sample: '{}' }]
}
