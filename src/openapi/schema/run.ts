import type { Violation } from './contract.ts'
import { MAX_PATTERN_STEPS } from './pattern-work.ts'
import type { WorkLeft } from './pattern-work.ts'
import type { Slices } from './slices.ts'

/** At most this many violations are reported for one value. */
const MAX_VIOLATIONS = 32

/** Collects violations and knows where in the value the check stands. One per failing validation. */
export interface Log {
  readonly violations: Violation[]
  readonly path: (string | number)[]
}

/** Schema resources entered on the way to the present one, for `$dynamicRef`. Innermost first. */
export interface Scope {
  readonly resource: object
  readonly parent: Scope | undefined
  readonly depth: number
  /** Shared by all scopes of one validation: a schema author's endless recursion ends here. */
  readonly budget: { left: number }
}

/** What one validation carries along. */
export interface Run {
  readonly log: Log | undefined
  readonly scope: Scope | undefined
  /** Verdicts of recursive schemas by value: keeps recursion through `oneOf` from growing exponentially. */
  readonly memo: Map<object, Map<object, boolean>> | undefined
  /** The run for trying branches: without a log and without slices. */
  readonly quiet: Run | undefined
  /** Where a check of a large value may stop, to go on later. */
  readonly slices: Slices | undefined
  /** Shared by all runs of one validation. */
  readonly work: WorkLeft
  /** Names of objects that have many: branches ask for them again and again. */
  large: Map<object, readonly string[]> | undefined
}

/** A run that only answers yes or no. `remembers`: for a schema that refers to itself, or has dynamic scopes. */
export function newRun(scope?: Scope, remembers = false): Run {
  const work = { left: MAX_PATTERN_STEPS }
  const memo = remembers ? new Map<object, Map<object, boolean>>() : undefined
  return {
    log: undefined,
    scope,
    memo,
    quiet: undefined,
    slices: undefined,
    work,
    large: undefined,
  }
}

/** The same run, which may stop between slices. */
export function slicedRun(quiet: Run, slices: Slices): Run {
  const { scope, memo, work } = quiet
  return { log: undefined, scope, memo, quiet, slices, work, large: undefined }
}

/** A run that collects violations; `quiet` is the run that only answers yes or no. */
export function loggingRun(quiet: Run, slices?: Slices): Run {
  const { scope, memo, work } = quiet
  const log = { violations: [], path: [] }
  return { log, scope, memo, quiet, slices, work, large: undefined }
}

/** The run for trying a branch whose failure is not the value's failure. */
export function trying(run: Run): Run {
  return run.quiet ?? run
}

/**
 * The same run inside another dynamic scope. The memo is left behind: verdicts there depend on the scope. So are the
 * slices.
 */
export function scopedRun(run: Run, scope: Scope): Run {
  const { log, work } = run
  const plain = { scope, memo: undefined, slices: undefined, work, large: undefined }
  const quiet: Run = { ...plain, log: undefined, quiet: undefined }
  return log === undefined ? quiet : { ...plain, log, quiet }
}

/** Whether nothing more is to be learned of a value that has failed: nobody asked why, or enough is known. */
export function isSettled({ log, slices }: Run): boolean {
  return (
    log === undefined ||
    log.violations.length >= MAX_VIOLATIONS ||
    (slices !== undefined && slices.isOver)
  )
}

/** Objects with more names than this are listed once for each run. */
export const FEW_NAMES = 64

/** The names of an object in order; kept where there are many. */
export function namesOf(value: object, run: Run): readonly string[] {
  const known = run.large?.get(value)
  if (known !== undefined) return known
  const names = Object.keys(value)
  if (names.length > FEW_NAMES) keepNames(value, names, run)
  return names
}

/** Keeps the names of an object that has many. */
export function keepNames(value: object, names: readonly string[], run: Run): undefined {
  run.large ??= new Map()
  run.large.set(value, names)
}

/** Notes a violation at the present place and answers `false`, the verdict of the keyword. */
export function fail(run: Run, keyword: string, message: string): false {
  const log = run.log
  if (log === undefined || log.violations.length >= MAX_VIOLATIONS) return false
  const pointer = pointerOf(log.path)
  // A check in slices comes by again.
  if (run.slices === undefined || !isKnown(log.violations, { pointer, keyword, message }))
    log.violations.push({ pointer, keyword, message })
  return false
}

function isKnown(known: readonly Violation[], { pointer, keyword, message }: Violation): boolean {
  return known.some(
    (one) => one.pointer === pointer && one.keyword === keyword && one.message === message,
  )
}

/** As `fail`, for a member of the present value, such as a missing or unknown field. */
export function failAt(
  run: Run,
  token: string | number,
  failure: readonly [string, string],
): false {
  const log = run.log
  if (log === undefined) return false
  log.path.push(token)
  fail(run, failure[0], failure[1])
  log.path.pop()
  return false
}

/** JSON Pointer of a path (RFC 6901 section 3). */
export function pointerOf(path: readonly (string | number)[]): string {
  let pointer = ''
  for (const token of path) pointer += `/${escapeToken(String(token))}`
  return pointer
}

/** One reference token, escaped (RFC 6901 section 3). */
export function escapeToken(token: string): string {
  if (!token.includes('~') && !token.includes('/')) return token
  return token.replaceAll('~', '~0').replaceAll('/', '~1')
}
