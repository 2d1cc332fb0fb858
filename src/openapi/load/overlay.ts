import { setMember } from '../copy-members.ts'
import type { Findings } from './findings.ts'
import { compileJsonPath, JsonPathError } from './json-path.ts'
import type { Selected } from './json-path.ts'
import { isObject, items, members, own, ownString } from './json-value.ts'
import type { JsonObject } from './json-value.ts'
import { childPointer } from './pointer.ts'
import { MAX_DEPTH } from './parse-text.ts'
import { MAX_NODES } from './scan.ts'

const MAX_ACTIONS = 10_000

/** Counts copied values, so that an update of many places cannot fill the memory. */
interface Budget {
  left: number
}

/** A document grew, or nests, beyond what is allowed. */
class TooLarge extends Error {}

/**
 * Applies one Overlay to a document, which is copied before the first change. Findings: `overlay-malformed`,
 * `overlay-path` and `overlay-target` (errors), `overlay-unmatched` (warning: the action found nothing to change).
 * @returns the changed document.
 * @see Overlay Specification 1.0.0 section 4.4
 */
export function applyOverlay(input: {
  readonly document: unknown
  readonly overlay: unknown
  readonly file: string
  readonly findings: Findings
}): unknown {
  const { overlay, file, findings } = input
  const version = ownString(overlay, 'overlay')
  if (version === undefined || !/^1\.[01]\.\d+$/.test(version)) {
    findings.error('overlay-malformed', 'expected `overlay: 1.0.0`', { file, pointer: '' })
    return input.document
  }
  const actions = items(own(overlay, 'actions'))
  if (actions.length === 0 || actions.length > MAX_ACTIONS) {
    const message = `expected 1 to ${MAX_ACTIONS} actions`
    findings.error('overlay-malformed', message, { file, pointer: '/actions' })
    return input.document
  }
  return applyActions(input, actions)
}

function applyActions(
  input: { readonly document: unknown; readonly file: string; readonly findings: Findings },
  actions: readonly unknown[],
): unknown {
  const { file, findings } = input
  const budget: Budget = { left: MAX_NODES }
  let pointer = ''
  try {
    const root = copy(input.document, budget, 0)
    for (const [index, action] of actions.entries()) {
      pointer = childPointer('/actions', index)
      applyAction(root, action, { pointer, file, findings, budget })
    }
    return root
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error
    findings.error('too-many-values', 'the document grows beyond 5,000,000 values', {
      file,
      pointer,
    })
    return input.document
  }
}

interface Around {
  readonly pointer: string
  readonly file: string
  readonly findings: Findings
  readonly budget: Budget
}

function applyAction(root: unknown, action: unknown, around: Around): void {
  const { file, findings, pointer } = around
  const target = ownString(action, 'target')
  if (target === undefined) {
    return findings.error('overlay-malformed', 'the action has no `target`', { file, pointer })
  }
  const selected = select(root, target, around)
  if (selected === undefined) return
  if (selected.length === 0) {
    const message = `${JSON.stringify(target.slice(0, 200))} selects nothing in the document`
    return findings.warning('overlay-unmatched', message, { file, pointer: `${pointer}/target` })
  }
  if (own(action, 'remove') === true) return removeAll(selected, around)
  const update = own(action, 'update')
  if (update === undefined) {
    return findings.error('overlay-malformed', 'the action has neither `update` nor `remove`', {
      file,
      pointer,
    })
  }
  for (const place of selected) updateOne(place, update, around)
}

function select(root: unknown, target: string, around: Around): readonly Selected[] | undefined {
  try {
    return compileJsonPath(target)(root)
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error
    const source = { file: around.file, pointer: `${around.pointer}/target` }
    around.findings.error('overlay-path', `unknown JSONPath: ${error.message}`, source)
    return undefined
  }
}

function removeAll(selected: readonly Selected[], around: Around): void {
  if (selected.some((place) => place.parent === undefined)) {
    const source = { file: around.file, pointer: `${around.pointer}/target` }
    return around.findings.error('overlay-target', 'the whole document cannot be removed', source)
  }
  // From the last to the first, so that earlier indexes stay right.
  const descending = [...selected].sort((a, b) => (Number(b.key) || 0) - (Number(a.key) || 0))
  for (const { parent, key } of descending) {
    if (Array.isArray(parent)) parent.splice(Number(key), 1)
    else Reflect.deleteProperty(parent as JsonObject, key)
  }
}

function updateOne(place: Selected, update: unknown, around: Around): void {
  if (Array.isArray(place.value)) {
    place.value.push(copy(update, around.budget, 0))
    return
  }
  if (isObject(place.value) && isObject(update)) return merge(place.value, update, around.budget, 0)
  const message = isObject(place.value)
    ? 'an object can only be updated with an object'
    : 'only objects and arrays can be updated; name the object above it'
  around.findings.error('overlay-target', message, { file: around.file, pointer: around.pointer })
}

/** Objects merge, arrays are appended, anything else is replaced. */
function merge(target: JsonObject, update: JsonObject, budget: Budget, depth: number): void {
  if (depth > MAX_DEPTH) throw new TooLarge()
  for (const [key, value] of members(update)) {
    const old = own(target, key)
    if (isObject(old) && isObject(value)) merge(old, value, budget, depth + 1)
    else if (Array.isArray(old) && Array.isArray(value)) {
      for (const item of value as unknown[]) old.push(copy(item, budget, depth + 1))
    } else setMember(target, key, copy(value, budget, depth + 1))
  }
}

/** A deep copy in which nothing is shared (YAML aliases share). */
function copy(value: unknown, budget: Budget, depth: number): unknown {
  if (--budget.left < 0 || depth > MAX_DEPTH) throw new TooLarge()
  if (Array.isArray(value)) return (value as unknown[]).map((item) => copy(item, budget, depth + 1))
  if (!isObject(value)) return value
  const result: { [key: string]: unknown } = {}
  for (const key in value) {
    if (Object.hasOwn(value, key)) setMember(result, key, copy(value[key], budget, depth + 1))
  }
  return result
}
