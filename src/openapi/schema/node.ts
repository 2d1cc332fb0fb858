import type { Finding } from '../model.ts'
import type { CompileOptions } from './contract.ts'
import type { Choices } from './choice.ts'
import type { Keywords } from './dialect.ts'
import type { FactsReader } from './facts.ts'
import type { Marks } from './marks.ts'
import type { Pattern } from './pattern.ts'
import type { Resources, Site } from './resources.ts'
import type { Run } from './run.ts'
import { fail, isSettled } from './run.ts'

/** A compiled schema: whether the value is valid; notes violations in the run's log and members in `marks`. */
export type Check = (value: unknown, run: Run, marks: Marks | undefined) => boolean

/**
 * Whether caps hold for the value of a schema itself, only for what stands inside it (its place has them already), or
 * not at all: in `not`, `if` and `contains` a cap would let in what the document refuses.
 */
export type CapScope = 'here' | 'inside' | 'none'

/** How a schema is compiled besides its own keywords: what the value's whole location asks of it. */
export interface Variant {
  /** Refuse properties that no applicable schema names. */
  readonly closed: boolean
  /** Where the bounds hold that the document leaves out. */
  readonly caps: CapScope
  /** Schemas whose discriminator has already chosen a branch for this value. */
  readonly chosen: readonly object[]
  /** Names that `required` does not ask for: `readOnly` in requests, `writeOnly` in responses. */
  readonly exempt: readonly string[]
}

/** A schema that others refer to; compiled once for each variant, filled in after its references were made. */
export interface Cell {
  readonly site: Site
  readonly variant: Variant
  readonly edges: Edge[]
  check: Check
}

/** A reference between compiled schemas. */
export interface Edge {
  readonly target: Cell
  /** The same value is checked, so a circle of such edges would never end. */
  readonly inPlace: boolean
  /** Set when the reference closes a circle. */
  isCyclic: boolean
}

/** Where the compiler stands. */
export interface Frame {
  readonly owner: Cell
  readonly inPlace: boolean
  readonly variant: Variant
  readonly depth: number
}

/** A schema object about to be compiled. */
export interface Part {
  readonly site: Site
  readonly keywords: Keywords
  readonly frame: Frame
}

/** What the compilers of single keywords need of the whole. */
export interface Builder {
  readonly options: CompileOptions
  /** Refuse `readOnly` properties in requests and `writeOnly` ones in responses. */
  readonly refusesHidden: boolean
  readonly resources: Resources
  readonly facts: FactsReader
  readonly choices: Choices
  /** Compiles a schema for a member of the value: a place of its own. */
  value(site: Site, frame: Frame): Check
  /** Compiles a schema for the same value. */
  branch(site: Site, frame: Frame): Check
  /** As `branch`, for a schema that is tried and whose `required` is meant as it stands (`not`, `if`). */
  trial(site: Site, frame: Frame): Check
  /** Compiles a schema for the same value behind a reference. */
  reference(target: Site, frame: Frame): Check
  /** Tells the operator, once for each place. */
  report(site: Site, finding: Pick<Finding, 'severity' | 'code' | 'message'>): void
  pattern(source: string, site: Site): Pattern
}

/** Accepts everything. */
export const PASS: Check = () => true

/** Accepts nothing. */
export const REFUSE: Check = (_, run) => fail(run, 'false', 'is not allowed')

/** Joins the checks of one schema: all must hold, and with a log all are asked. */
export function every(checks: readonly Check[]): Check {
  const [first, second] = checks
  if (first === undefined) return PASS
  if (second === undefined) return first
  if (checks.length === 2) {
    return (value, run, marks) => {
      const ok = first(value, run, marks)
      if (!ok && isSettled(run)) return false
      return second(value, run, marks) && ok
    }
  }
  return (value, run, marks) => {
    let ok = true
    for (const check of checks) {
      if (check(value, run, marks)) continue
      if (isSettled(run)) return false
      ok = false
    }
    return ok
  }
}

/** Checks a member of the present value. */
export function visit(check: Check, member: unknown, token: string | number, run: Run): boolean {
  const { log } = run
  if (log === undefined) return check(member, run, undefined)
  log.path.push(token)
  const ok = check(member, run, undefined)
  log.path.pop()
  return ok
}
