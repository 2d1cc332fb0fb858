import type { FieldEdge } from '../../openapi/fields/graph.ts'
import { rewrite, DROP } from '../../openapi/fields/rewrite.ts'
import { foldName } from '../../openapi/fields/view.ts'
import type { ViewEdge } from '../../openapi/fields/view.ts'
import type { DenialError } from '../../pipeline/denial.ts'
import type { FieldMark } from '../field-marks.ts'
import type { ShownDecision } from '../show-field.ts'
import type { WriteDecision } from './write-rules.ts'

/** What a patch is judged by: the object that it changes, and what its caller may not set or see there. */
export interface PatchRules {
  readonly fields: FieldEdge<FieldMark>
  readonly write: ViewEdge<WriteDecision> | undefined
  readonly read: ViewEdge<ShownDecision> | undefined
}

const MAX_FAULTS = 32
/** Longer paths lead to nothing that a schema describes. */
const MAX_TOKENS = 64

export const MAY_NOT_SET = 'may not be set'
const MAY_NOT_READ = 'may not be read'
const HOLDS_MORE = 'holds fields that may not be set'
const NOT_DECLARED = 'is not declared'
const MALFORMED = 'is no operation of a JSON Patch'

/**
 * What a JSON Patch does that its caller may not: judged by where each operation writes and reads, not by what it says
 * of itself. Pointers lead into the patch. Whatever is no operation is a fault.
 * @see RFC 6902 section 4
 */
export function patchFaults(patch: unknown, rules: PatchRules): readonly DenialError[] {
  if (!Array.isArray(patch)) return [{ pointer: '', detail: MALFORMED }]
  const faults: DenialError[] = []
  for (let index = 0; index < patch.length && faults.length < MAX_FAULTS; index += 1) {
    for (const [member, detail] of operationFaults(patch[index], rules))
      faults.push({ pointer: `/${index}${member}`, detail })
  }
  return faults
}

type Fault = readonly [member: string, detail: string]

function operationFaults(operation: unknown, rules: PatchRules): readonly Fault[] {
  const { op, path, from, value } = asOperation(operation)
  const target = typeof path === 'string' ? placeAt(path, rules) : undefined
  if (target === undefined) return [['/path', MALFORMED]]
  switch (op) {
    case 'test':
      return readFaults('/path', target)
    case 'remove':
      return overwriteFaults('/path', target)
    case 'add':
    case 'replace':
      return writeFaults(target, op === 'replace' || !target.isItem, value)
    case 'copy':
    case 'move': {
      const source = typeof from === 'string' ? placeAt(from, rules) : undefined
      if (source === undefined) return [['/from', MALFORMED]]
      const moved = op === 'move' ? overwriteFaults('/from', source) : []
      // Nobody knows here what is copied: it must not land where some of it could not be set.
      return [...readFaults('/from', source), ...moved, ...overwriteFaults('/path', target)]
    }
    default:
      return [['/op', MALFORMED]]
  }
}

function asOperation(operation: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof operation === 'object' && operation !== null && !Array.isArray(operation)
  return isObject ? (operation as Readonly<Record<string, unknown>>) : {}
}

function readFaults(member: string, place: Place): readonly Fault[] {
  if (place.isUnknown) return [[member, NOT_DECLARED]]
  const hidesInside = place.read.some(({ inner }) => inner !== undefined)
  return place.isHidden || hidesInside ? [[member, MAY_NOT_READ]] : []
}

/** Where a value is taken away or another put in its place, all that it holds goes with it. */
function overwriteFaults(member: string, place: Place): readonly Fault[] {
  if (place.isUnknown) return [[member, NOT_DECLARED]]
  if (place.isBarred) return [[member, MAY_NOT_SET]]
  return place.write.some(({ inner }) => inner !== undefined) ? [[member, HOLDS_MORE]] : []
}

function writeFaults(place: Place, overwrites: boolean, value: unknown): readonly Fault[] {
  const faults = overwrites
    ? overwriteFaults('/path', place)
    : [...overwriteFaults('/path', { ...place, write: [] })]
  return [...faults, ...place.write.flatMap((view) => valueFaults(value, view))]
}

function valueFaults(value: unknown, view: ViewEdge<WriteDecision>): readonly Fault[] {
  return barredIn(value, { decision: undefined, inner: view.inner }).map((pointer) => [
    `/value${pointer}`,
    MAY_NOT_SET,
  ])
}

/** Pointers of what a value holds and may not be set; at most 32. */
export function barredIn(value: unknown, view: ViewEdge<WriteDecision>): readonly string[] {
  const found: string[] = []
  rewrite(
    value,
    view,
    (_value, _decision, { walk }) => {
      if (found.length < MAX_FAULTS) found.push(pointerOf(walk.path))
      return DROP
    },
    { path: [] },
  )
  return found
}

function pointerOf(path: readonly (string | number)[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** What is known of the value that a pointer leads to. */
interface Place {
  /** Every way to read the pointer: `0` may be an index and a name. */
  readonly fields: readonly FieldEdge<FieldMark>[]
  readonly write: readonly ViewEdge<WriteDecision>[]
  readonly read: readonly ViewEdge<ShownDecision>[]
  /** No schema describes it, and the schemas around it do not let other names stand. */
  readonly isUnknown: boolean
  /** It, or what it stands in, may not be set; may not be seen. */
  readonly isBarred: boolean
  readonly isHidden: boolean
  /** An item of a list, which `add` puts between others. */
  readonly isItem: boolean
}

/** Follows a pointer; `undefined` where it is none. @see RFC 6901 */
function placeAt(pointer: string, { fields, write, read }: PatchRules): Place | undefined {
  if (pointer !== '' && !pointer.startsWith('/')) return undefined
  const tokens = pointer.split('/').slice(1)
  if (tokens.length > MAX_TOKENS || tokens.some((token) => /~(?![01])/.test(token)))
    return undefined
  let place: Place = {
    fields: [fields],
    write: write === undefined ? [] : [write],
    read: read === undefined ? [] : [read],
    isUnknown: false,
    isBarred: write?.decision !== undefined,
    isHidden: read?.decision !== undefined,
    isItem: false,
  }
  for (const token of tokens) place = step(place, token.replaceAll('~1', '/').replaceAll('~0', '~'))
  return place
}

function step(place: Place, token: string): Place {
  const isIndex = token === '-' || /^(?:0|[1-9]\d*)$/.test(token)
  const fields = place.fields.flatMap((edge) => fieldSteps(edge, token, isIndex))
  const write = place.write.flatMap((edge) => viewSteps(edge, token, isIndex))
  const read = place.read.flatMap((edge) => viewSteps(edge, token, isIndex))
  const isOpen = place.fields.some(({ node }) => node.isOpen && !isList(node))
  return {
    fields,
    write,
    read,
    isUnknown: place.isUnknown || (fields.length === 0 && !isOpen && place.fields.length > 0),
    isBarred: place.isBarred || write.some(({ decision }) => decision !== undefined),
    isHidden: place.isHidden || read.some(({ decision }) => decision !== undefined),
    isItem:
      isIndex && place.fields.length > 0 && place.fields.every(({ node }) => isOnlyList(node)),
  }
}

function isList({ items, prefix }: FieldEdge<FieldMark>['node']): boolean {
  return items !== undefined || prefix.length > 0
}

/** What `add` puts between others; anywhere else it may overwrite. */
function isOnlyList(node: FieldEdge<FieldMark>['node']): boolean {
  const { members, patterns, rest } = node
  return isList(node) && members.size === 0 && patterns.length === 0 && rest === undefined
}

function fieldSteps(
  { node }: FieldEdge<FieldMark>,
  token: string,
  isIndex: boolean,
): readonly FieldEdge<FieldMark>[] {
  const item = isIndex ? (node.prefix[Number(token)] ?? node.items) : undefined
  const named = node.members.get(token)
  const matching = node.patterns.filter(([pattern]) => pattern.test(token)).map(([, edge]) => edge)
  const rest = named === undefined && matching.length === 0 ? node.rest : undefined
  return [item, named, ...matching, rest].filter((edge) => edge !== undefined)
}

function viewSteps<Decision>(
  { inner }: ViewEdge<Decision>,
  token: string,
  isIndex: boolean,
): readonly ViewEdge<Decision>[] {
  if (inner === undefined) return []
  const item = isIndex ? (inner.prefix[Number(token)] ?? inner.items) : undefined
  const named = inner.members.get(token) ?? inner.folded?.get(foldName(token))
  const matching = inner.patterns.filter(([pattern]) => pattern.test(token)).map(([, edge]) => edge)
  const rest = named === undefined && matching.length === 0 ? inner.rest : undefined
  return [item, named, ...matching, rest].filter((edge) => edge !== undefined)
}
