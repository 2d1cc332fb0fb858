import type { Branch, BranchFinder } from './branches.ts'
import { compileBranchFinder, toBranches } from './branches.ts'
import { kindOf } from './choice.ts'
import { isObject } from './equal.ts'
import type { Marks } from './marks.ts'
import { mergeMarks, newMarks } from './marks.ts'
import type { Builder, Check, Part } from './node.ts'
import type { Site } from './resources.ts'
import type { Run } from './run.ts'
import { fail, trying } from './run.ts'

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
  return sites(part, builder, 'allOf').map((site) => builder.branch(site, part.frame))
}

function compileBranches(part: Part, builder: Builder, key: 'anyOf' | 'oneOf'): Check | undefined {
  const list = sites(part, builder, key)
  const branches = toBranches(list, builder, part.frame)
  if (branches.length === 0) return undefined
  const find = compileBranchFinder(list, branches, { builder, frame: part.frame })
  return key === 'anyOf' ? anyOf(branches, find) : oneOf(branches, find)
}

function anyOf(branches: readonly Branch[], find: BranchFinder): Check {
  return (value, run, marks) => {
    const attempt = trying(run)
    if (marks !== undefined) {
      // Every branch that holds has looked at something, so none may be left out.
      let ok = false
      for (const { check } of find(value)) ok = tryBranch(check, value, attempt, marks) || ok
      return ok || explain(branches, value, run, 'anyOf')
    }
    for (const { check } of find(value)) if (check(value, attempt, undefined)) return true
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
    for (const { check } of found) {
      const inner = marks === undefined ? undefined : newMarks()
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
  const inner = newMarks()
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
  const check = builder.trial(builder.resources.child(part.site, 'not'), part.frame)
  return (value, run) => {
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
  const condition = builder.trial(builder.resources.child(site, 'if'), frame)
  const [whenTrue, whenFalse] = [side('then'), side('else')]
  return (value, run, marks) => {
    const attempt = trying(run)
    const holds =
      marks === undefined
        ? condition(value, attempt, undefined)
        : tryBranch(condition, value, attempt, marks)
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
