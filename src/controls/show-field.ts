import { DROP } from '../openapi/fields/rewrite.ts'
import type { RewriteWalk } from '../openapi/fields/rewrite.ts'
import type { ViewEdge } from '../openapi/fields/view.ts'
import type { FieldAction } from '../pipeline/field-access.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { KeysFor } from './keyed-actions.ts'
import { maskValue } from './mask-value.ts'

/** Whether an object belongs to the caller. */
export type OwnerTest = (exchange: Exchange, object: object) => boolean

/** What becomes of a field, for one set of roles. */
export interface ShownDecision {
  readonly action: FieldAction
  /** What owners get instead, each where its test holds. */
  readonly owners: readonly { readonly test: OwnerTest; readonly action: FieldAction }[]
  /** Others are shown less: that this caller is shown the value is told. */
  readonly isTold: boolean
}

/** What a caller sees of the values of a place; `undefined`: all of them as they are. */
export type ShownView = ViewEdge<ShownDecision> | undefined

/** What a walk through an answer knows, and finds. */
export interface ShowWalk extends RewriteWalk {
  readonly exchange: Exchange
  readonly keysFor: KeysFor
  /** General pointers of what was shown otherwise, or not at all. */
  readonly hidden: string[]
  /** And of what was shown to this caller and is not to others. */
  readonly told: string[]
}

/** Where a value stands: the object that has it as a member, and its general pointer where that is known. */
export interface ShowPlace {
  readonly parent: object | undefined
  readonly walk: ShowWalk
  readonly at?: string
}

/** What becomes of a value; itself where it stays. */
export function showField(
  value: unknown,
  { action, owners, isTold }: ShownDecision,
  { parent, walk, at }: ShowPlace,
): unknown {
  const owner =
    owners.length === 0 || parent === undefined
      ? undefined
      : owners.find(({ test }) => test(walk.exchange, parent))
  const given = owner?.action ?? action
  if (given.kind === 'pass') {
    if (isTold && value !== null) note(walk.told, at ?? pointerOf(walk))
    return value
  }
  const isKeyed = KEYED.has(given.kind)
  const keyed = isKeyed ? walk.keysFor(walk.exchange.principal) : undefined
  const masked = maskValue(value, given, keyed)
  if (masked === value) return value
  note(walk.hidden, at ?? pointerOf(walk))
  return masked === undefined ? DROP : masked
}

const KEYED: ReadonlySet<FieldAction['kind']> = new Set(['hash', 'tokenize', 'fpe'])

const MAX_NAMED = 20

/** Notes a JSON Pointer of something that was left out. */
export function noteHidden({ hidden }: ShowWalk, pointer: string): void {
  note(hidden, pointer.replaceAll(/\/\d+(?=\/|$)/g, '/*'))
}

function note(found: string[], pointer: string): void {
  if (found.length < MAX_NAMED && !found.includes(pointer)) found.push(pointer)
}

/** A JSON Pointer with `*` for indexes: a thousand items are one finding. */
function pointerOf({ path }: ShowWalk): string {
  return path.map((part) => (typeof part === 'number' ? '/*' : pointerStep(part))).join('')
}

/** One step of a JSON Pointer (RFC 6901 section 3). */
export function pointerStep(name: string): string {
  return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
