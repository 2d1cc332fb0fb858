/** What an attack came to on one range. `untried`: something broke before it could be judged. */
export type Outcome = 'succeeds' | 'fails' | 'untried'

/** One row of the report. */
export interface ProofRow {
  readonly kind: 'attack' | 'honest' | 'order' | 'hidden' | 'own' | 'direct'
  /** Control it is about; empty where it is about all. */
  readonly control: string
  /** Row of CONTROLS. */
  readonly id: string
  /** What was tried, in a sentence. */
  readonly name: string
  /** With the control left out of the plan; `undefined` where nothing is left out. */
  readonly without: Outcome | undefined
  /** With everything in place. */
  readonly with: Outcome
  readonly isProven: boolean
  /** Why it is not proven. */
  readonly reason?: string
  readonly ms: number
}

/** Everything a run came to. */
export interface ProofReport {
  readonly ok: boolean
  readonly proven: number
  readonly notProven: number
  readonly seconds: number
  readonly rows: readonly ProofRow[]
}

/** A row for a check that has no counterpart without a control: `fault` says what is wrong, if anything. */
export function checkRow(
  about: Pick<ProofRow, 'kind' | 'id' | 'name'> & { readonly control?: string },
  fault: string | undefined,
  ms: number,
): ProofRow {
  return {
    control: '',
    ...about,
    without: undefined,
    with: fault === undefined ? 'fails' : 'succeeds',
    isProven: fault === undefined,
    ms,
    ...(fault === undefined ? {} : { reason: fault }),
  }
}
