import type { EvidenceKind } from '../../pipeline/evidence.ts'

/** What stands in the books: evidence, refusals without evidence, and counts. */
export type FindingKind =
  | EvidenceKind
  /** A refusal that says nothing about the document; pointer `control/reason`. */
  | 'would-refuse'
  /** A failed call's answer that the document does not declare: its body would be replaced. Never taught from. */
  | 'response-undeclared-error'
  /** Pointer `GET /orders/{id}`; anybody can ask for anything, so it is never proposed. */
  | 'undeclared-operation'
  /** Pointer: the base path that was used. */
  | 'wrong-base-path'
  /** Calls that reached the API, and those that may teach; sample `{"quiet": n}`. */
  | 'calls'
  | 'good-calls'

/** The name under which requests are kept that reach no operation. No API is called so. */
export const NO_OPERATION = { api: '*', operation: 'undeclared' } as const

/** Kinds that are no deviation from the document which enforcement would act on. */
const HARMLESS: ReadonlySet<string> = new Set<FindingKind>([
  'calls',
  'good-calls',
  'response-secret-field',
  'response-undeclared-error',
])

/** Whether a finding keeps its operation from being enforced. */
export function isDeviation(kind: string): boolean {
  return !HARMLESS.has(kind)
}
