import { nextTurn } from '../../base/next-turn.ts'
import type { SlicedValidate, Validate, Violation } from './contract.ts'
import type { Check } from './node.ts'
import type { Run, Scope } from './run.ts'
import { fail, loggingRun, newRun, slicedRun } from './run.ts'
import { Slices } from './slices.ts'

/** A compiled schema from which validations begin. */
export interface Root {
  readonly check: Check
  /** It refers to itself, or has dynamic scopes. */
  readonly remembers: boolean
  readonly scope: Scope | undefined
}

/** Asks first without a log, which costs no memory; only a refused value is looked at again. */
export function toValidate({ check, remembers, scope }: Root): Validate {
  return (value) => {
    const run = newRun(scope, remembers)
    if (check(value, run, undefined)) return undefined
    const logging = loggingRun(run)
    check(value, logging, undefined)
    return violationsOf(logging)
  }
}

/** As `toValidate`, with pauses. What the first look has found to be fine the second one leaves out. */
export function toSlicedValidate(
  root: Root,
  newSlices: () => Slices = () => new Slices(),
): SlicedValidate {
  return async (value) => {
    const slices = newSlices()
    const quiet = newRun(root.scope, root.remembers)
    if (await finish(root, value, slicedRun(quiet, slices))) return undefined
    const logging = loggingRun(quiet, slices)
    await finish(root, value, logging)
    return violationsOf(logging)
  }
}

async function finish({ check }: Root, value: unknown, run: Run): Promise<boolean> {
  for (;;) {
    const isValid = check(value, run, undefined)
    const { slices } = run
    if (slices === undefined) return isValid
    if (!slices.isOver) {
      if (slices.isLong()) await nextTurn()
      return isValid
    }
    await nextTurn()
    slices.resume()
  }
}

function violationsOf(logging: Run): readonly Violation[] {
  const violations = logging.log?.violations ?? []
  if (violations.length === 0) fail(logging, 'schema', 'must match the schema')
  return violations
}
