import type { Violation } from './contract.ts'

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

/** What one validation carries along. The shared `QUICK` is used where nothing has to be remembered. */
export interface Run {
  readonly log: Log | undefined
  readonly scope: Scope | undefined
  /** Verdicts of recursive schemas by value: keeps recursion through `oneOf` from growing exponentially. */
  readonly memo: Map<object, Map<object, boolean>> | undefined
  /** The same run without a log; used to try branches. */
  readonly quiet: Run | undefined
}

/** A run without memory: no log, no scope, no memo. Shared, because nothing in it can change. */
export const QUICK: Run = Object.freeze({
  log: undefined,
  scope: undefined,
  memo: undefined,
  quiet: undefined,
})

/** A run of a schema that refers to itself, or has dynamic scopes. */
export function rememberingRun(scope: Scope | undefined): Run {
  return { log: undefined, scope, memo: new Map(), quiet: undefined }
}

/** A run that collects violations; `quiet` is the run that only answers yes or no. */
export function loggingRun(quiet: Run): Run {
  return {
    log: { violations: [], path: [] },
    scope: quiet.scope,
    memo: quiet.memo,
    quiet,
  }
}

/** The run for trying a branch whose failure is not the value's failure. */
export function trying(run: Run): Run {
  return run.quiet ?? run
}

/**
 * The same run inside another dynamic scope. The memo is left behind: verdicts there depend on the scope.
 */
export function scopedRun(run: Run, scope: Scope): Run {
  const quiet: Run = { log: undefined, scope, memo: undefined, quiet: undefined }
  return run.log === undefined ? quiet : { log: run.log, scope, memo: undefined, quiet }
}

/** Notes a violation at the present place and answers `false`, the verdict of the keyword. */
export function fail(run: Run, keyword: string, message: string): false {
  const log = run.log
  if (log !== undefined && log.violations.length < MAX_VIOLATIONS) {
    log.violations.push({ pointer: pointerOf(log.path), keyword, message })
  }
  return false
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
