import type { Branch, BranchFinder } from './branches.ts'
import { compileBranchFinder, toBranches } from './branches.ts'
import { kindOf } from './choice.ts'
import { isObject } from './equal.ts'
import { compileGate, compileTagFinder, NO_NEEDS, readNeeds } from './gate.ts'
import type { Needs, TagFinder } from './gate.ts'
import type { Marks } from './marks.ts'
import { mergeMarks, newMarks } from './marks.ts'
import type { Builder, Check, Frame, Part } from './node.ts'
import type { Site } from './resources.ts'
import type { Run } from './run.ts'
import { fail, isSettled, trying } from './run.ts'

/** Compiles the keywords that apply schemas to the same value; `skip` names those that a discriminator replaces. */
export function compileApplicators(
  part: Part,
  builder: Builder,
  skip: readonly string[],
): readonly Check[] {
  const checks: (Check | undefined)[] = [...compileAll(part, builder)]
  for (const key of ['anyOf', 'oneOf'] as const) {
    if (!skip.includes(key)) checks.push(compileBranches(part, builder, key))
  }
  checks.push(
    compileNot(part, builder),
    compileIf(part, builder),
    ...compileDependents(part, builder),
  )
  return checks.filter((check) => check !== undefined)
}

function sites(part: Part, builder: Builder, key: string): readonly Site[] {
  const list = part.keywords[key]
  return Array.isArray(list) ? list.map((_, i) => builder.resources.child(part.site, key, i)) : []
}

function compileAll(part: Part, builder: Builder): readonly Check[] {
  const checks = sites(part, builder, 'allOf').map((site) => ({
    check: builder.branch(site, part.frame),
    needs: conditionOf(site, builder, part.frame) ?? NO_NEEDS,
  }))
  const find = checks.length > 1 ? compileTagFinder(checks) : undefined
  return find === undefined ? checks.map(({ check }) => check) : [allFound(checks, find)]
}

interface Conditional {
  readonly check: Check
  readonly needs: Needs
}

/** Many an `allOf` has an `if` for each kind of object: those for another kind say nothing. */
function allFound(all: readonly Conditional[], find: TagFinder<Conditional>): Check {
  return (value, run, marks) => {
    let ok = true
    for (const { check } of isObject(value) ? find(value) : all) {
      if (check(value, run, marks)) continue
      if (isSettled(run)) return false
      ok = false
    }
    return ok
  }
}

/** Keywords of a schema that says something only where its `if` holds. */
const CONDITIONAL: ReadonlySet<string> = new Set(['if', 'then', 'title', 'description', '$comment'])

/** What an object needs for a schema to say anything of it. */
function conditionOf(site: Site, builder: Builder, frame: Frame): Needs | undefined {
  const keywords = builder.resources.keywords(site)
  if (keywords['if'] === undefined || !Object.keys(keywords).every((key) => CONDITIONAL.has(key)))
    return undefined
  return readNeeds(builder.resources.child(site, 'if'), builder, frame.variant.exempt)
}

function compileBranches(part: Part, builder: Builder, key: 'anyOf' | 'oneOf'): Check | undefined {
  const list = sites(part, builder, key)
  const branches = toBranches(list, builder, part.frame)
  if (branches.length === 0) return undefined
  const find = compileBranchFinder(branches)
  return key === 'anyOf' ? anyOf(branches, find) : oneOf(branches, find)
}

function anyOf(branches: readonly Branch[], find: BranchFinder): Check {
  return (value, run, marks) => {
    const attempt = trying(run)
    if (marks !== undefined) {
      // Every branch that holds has looked at something, so none may be left out.
      let ok = false
      for (const { check, gate } of find(value))
        if (gate === undefined || gate(value)) ok = tryBranch(check, value, attempt, marks) || ok
      return ok || explain(branches, value, run, 'anyOf')
    }
    for (const { check, gate } of find(value))
      if ((gate === undefined || gate(value)) && check(value, attempt, undefined)) return true
    return explain(branches, value, run, 'anyOf')
  }
}

function oneOf(branches: readonly Branch[], find: BranchFinder): Check {
  return (value, run, marks) => {
    const attempt = trying(run)
    const found = find(value)
    const [only] = found
    if (only !== undefined && found.length === 1) {
      // Should it fail, the value is refused, and nobody asks what it has seen.
      return only.check(value, attempt, marks) || explain(branches, value, run, 'oneOf')
    }
    let holds = 0
    let seen: Marks | undefined
    for (const { check, gate } of found) {
      if (gate !== undefined && !gate(value)) continue
      const inner = marks === undefined ? undefined : newMarks(value, attempt)
      if (!check(value, attempt, inner)) continue
      holds++
      seen = inner
      if (holds > 1) return fail(run, 'oneOf', 'must match exactly one schema, but matches several')
    }
    if (holds === 0) return explain(branches, value, run, 'oneOf')
    if (marks !== undefined && seen !== undefined) mergeMarks(marks, seen)
    return true
  }
}

function tryBranch(check: Check, value: unknown, run: Run, marks: Marks): boolean {
  const inner = newMarks(value, run)
  if (!check(value, run, inner)) return false
  mergeMarks(marks, inner)
  return true
}

/** When only one branch is for this kind of value, its violations say more than "no branch matches". */
function explain(branches: readonly Branch[], value: unknown, run: Run, key: string): false {
  if (run.log === undefined) return false
  const kind = kindOf(value)
  const candidates = branches.filter((branch) => branch.kinds.has(kind))
  const [only] = candidates
  if (only !== undefined && candidates.length === 1 && !only.check(value, run, undefined))
    return false
  return fail(run, key, key === 'oneOf' ? 'must match exactly one schema' : 'must match a schema')
}

function compileNot(part: Part, builder: Builder): Check | undefined {
  if (part.keywords['not'] === undefined) return undefined
  const site = builder.resources.child(part.site, 'not')
  const check = builder.trial(site, part.frame)
  const gate = compileGate(readNeeds(site, builder, part.frame.variant.exempt))
  return (value, run) => {
    if (gate !== undefined && !gate(value)) return true
    return !check(value, trying(run), undefined) || fail(run, 'not', 'must not match the schema')
  }
}

function compileIf(part: Part, builder: Builder): Check | undefined {
  const { keywords, site, frame } = part
  if (keywords['if'] === undefined) return undefined
  const side = (key: string): Check | undefined =>
    keywords[key] === undefined
      ? undefined
      : builder.branch(builder.resources.child(site, key), frame)
  const test = builder.resources.child(site, 'if')
  const condition = builder.trial(test, frame)
  // Documents have one `if` for each kind of object, so most of them do not hold.
  const gate = compileGate(readNeeds(test, builder, frame.variant.exempt))
  const [whenTrue, whenFalse] = [side('then'), side('else')]
  return (value, run, marks) => {
    const attempt = trying(run)
    const holds =
      (gate === undefined || gate(value)) &&
      (marks === undefined
        ? condition(value, attempt, undefined)
        : tryBranch(condition, value, attempt, marks))
    const next = holds ? whenTrue : whenFalse
    return next === undefined || next(value, run, marks)
  }
}

/** `dependentSchemas`, and the schemas of the older `dependencies`. */
function compileDependents(part: Part, builder: Builder): readonly Check[] {
  const checks: Check[] = []
  for (const key of ['dependentSchemas', 'dependencies']) {
    const map = part.keywords[key]
    if (!isObject(map)) continue
    for (const name of Object.keys(map)) {
      if (Array.isArray(map[name])) continue
      const check = builder.branch(builder.resources.child(part.site, key, name), part.frame)
      checks.push(
        (value, run, marks) =>
          !isObject(value) || !Object.hasOwn(value, name) || check(value, run, marks),
      )
    }
  }
  return checks
}
