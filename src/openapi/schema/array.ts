import { noteItem } from './marks.ts'
import type { Builder, Check, Part } from './node.ts'
import { visit } from './node.ts'
import type { Run } from './run.ts'
import { FEW_NAMES, fail, isSettled, trying } from './run.ts'
import { count } from './scalar.ts'
import { CHECKED_AT_ONCE, Findings } from './slices.ts'
import { areUnique, UniqueSearch } from './unique.ts'

/** Compiles the keywords for arrays, but for `unevaluatedItems`. */
export function compileArray(part: Part, builder: Builder): readonly Check[] {
  return [compileSize(part), compileItems(part, builder), compileContains(part, builder)].filter(
    (check) => check !== undefined,
  )
}

function compileSize(part: Part): Check | undefined {
  const { keywords } = part
  const min = count(keywords['minItems']) ?? 0
  const max = count(keywords['maxItems']) ?? Infinity
  const isUnique = keywords['uniqueItems'] === true
  if (min === 0 && max === Infinity && !isUnique) return undefined
  const noneEqual = isUnique ? compileUnique() : undefined
  return (value, run) => {
    if (!Array.isArray(value)) return true
    if (value.length > max) return fail(run, 'maxItems', `must have at most ${max} items`)
    if (value.length < min) return fail(run, 'minItems', `must have at least ${min} items`)
    return noneEqual === undefined || noneEqual(value, run)
  }
}

/** What an earlier slice has found is not looked for again. */
function compileUnique(): (value: readonly unknown[], run: Run) => boolean {
  const searches = new Findings<UniqueSearch>()
  return (value, run) => {
    const { slices } = run
    if (slices === undefined || value.length <= FEW_NAMES)
      return areUnique(value) || failUnique(run)
    const search = searches.of(slices, value, () => new UniqueSearch(value))
    const found = search.run(() => slices.ends())
    return found === 'unique' || (found === 'equal' && failUnique(run))
  }
}

function failUnique(run: Run): false {
  return fail(run, 'uniqueItems', 'must have no equal items')
}

function compileItems(part: Part, builder: Builder): Check | undefined {
  const { keywords, site, frame } = part
  const list: readonly unknown[] = Array.isArray(keywords['prefixItems'])
    ? keywords['prefixItems']
    : []
  const prefix = list.map((_, i) =>
    builder.value(builder.resources.child(site, 'prefixItems', i), frame),
  )
  const hasItems = keywords['items'] !== undefined && !Array.isArray(keywords['items'])
  const rest = hasItems ? builder.value(builder.resources.child(site, 'items'), frame) : undefined
  if (prefix.length === 0 && rest === undefined) return undefined
  return (value, run, marks) => {
    if (!Array.isArray(value)) return true
    if (marks !== undefined) {
      marks.prefix = Math.max(marks.prefix, prefix.length)
      marks.everyItem ||= rest !== undefined
    }
    // Nobody asks where a fault is: nearly always, and the first one ends the matter.
    if (prefix.length === 0 && rest !== undefined && run.log === undefined)
      return quickItems(rest, value, prefix, run)
    const { slices } = run
    let ok = true
    for (let i = slices?.doneOf(value, prefix) ?? 0; i < value.length; i++) {
      const check = prefix[i] ?? rest
      if (check === undefined) break
      if (slices?.ends() !== true && visit(check, value[i], i, run)) continue
      if (slices?.isOver === true) slices.note(value, prefix, i)
      if (isSettled(run)) return false
      ok = false
    }
    if (value.length > FEW_NAMES) slices?.note(value, prefix, value.length)
    return ok
  }
}

/** Items that all have one schema: between two looks at the clock there is nothing but their checks. */
function quickItems(check: Check, value: readonly unknown[], loop: object, run: Run): boolean {
  const { slices } = run
  let i = slices?.doneOf(value, loop) ?? 0
  while (i < value.length) {
    if (slices?.ends() === true) {
      slices.note(value, loop, i)
      return false
    }
    const start = i
    const stop = Math.min(start + CHECKED_AT_ONCE, value.length)
    while (i < stop) {
      const item = value[i]
      if (!check(item, run, undefined)) {
        if (slices?.isOver === true) slices.note(value, loop, i)
        return false
      }
      i++
      // What holds others may have ended the slice.
      if (typeof item === 'object') break
    }
    slices?.add(i - start - 1)
  }
  if (value.length > FEW_NAMES) slices?.note(value, loop, value.length)
  return true
}

function compileContains(part: Part, builder: Builder): Check | undefined {
  const { keywords, site, frame } = part
  if (keywords['contains'] === undefined) return undefined
  // A question, not a bound: a cap inside it would change what the document says.
  const asking = { ...frame, variant: { ...frame.variant, caps: 'none' as const } }
  const check = builder.value(builder.resources.child(site, 'contains'), asking)
  const min = count(keywords['minContains']) ?? 1
  const max = count(keywords['maxContains']) ?? Infinity
  // Its own, not the check: several `contains` of one list may share that.
  const loop = {}
  const findings = new Findings<number[]>()
  return (value, run, marks) => {
    if (!Array.isArray(value)) return true
    const attempt = trying(run)
    // A few items are not worth a pause.
    const slices = value.length > FEW_NAMES ? run.slices : undefined
    const items = slices === undefined ? [] : findings.of(slices, value, () => [])
    for (let i = slices?.doneOf(value, loop) ?? 0; i < value.length; i++) {
      if (slices?.ends() === true) {
        slices.note(value, loop, i)
        return false
      }
      if (check(value[i], attempt, undefined)) items.push(i)
    }
    slices?.note(value, loop, value.length)
    if (marks !== undefined) for (const item of items) noteItem(marks, item)
    const found = items.length
    if (found < min) return fail(run, 'contains', `must contain at least ${min} matching items`)
    return found <= max || fail(run, 'maxContains', `must contain at most ${max} matching items`)
  }
}
