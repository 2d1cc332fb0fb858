import { isJson, parseMediaType } from '../../http/media-type.ts'
import { DROP, rewrite } from '../../openapi/fields/rewrite.ts'
import type { RewriteWalk } from '../../openapi/fields/rewrite.ts'
import type { ViewEdge } from '../../openapi/fields/view.ts'
import type { Operation, ResponseModel, SchemaRef } from '../../openapi/model.ts'
import type { Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange, UpstreamResponse } from '../../pipeline/exchange.ts'
import type { CallerRoles } from '../caller-roles.ts'
import type { FieldMarks } from '../field-marks.ts'
import { jsonAnswer } from '../json-answer.ts'
import { maskValue } from '../mask-value.ts'
import { mayRepeatKeys } from '../repeated-key.ts'
import { declaredResponse } from '../responses/declared.ts'
import { rewriteJson } from '../rewrite-json.ts'
import type { RoleViews } from '../role-views.ts'
import type { KeysFor } from '../keyed-actions.ts'
import { readViews } from './read-rules.ts'
import type { FindOwner, ReadDecision, ReadView } from './read-rules.ts'

/** What reading needs besides the rules. */
export interface ReadDeps {
  readonly marks: FieldMarks
  readonly findOwner: FindOwner
  readonly keysFor: KeysFor
  readonly roles: CallerRoles
}

/** Hides fields of answers; `undefined` where no rule stands in any answer of the operation. */
export function readGuard(operation: Operation, deps: ReadDeps): Guard | undefined {
  const views = new Views(operation, deps)
  if (views.isEmpty) return undefined
  const viewFor = (exchange: Exchange, response: UpstreamResponse): ReadView =>
    views.of(response.status)?.of(deps.roles.of(exchange))
  return {
    onResponse: (exchange, response) =>
      isReadable(exchange, response) || viewFor(exchange, response) === undefined
        ? undefined
        : UNREADABLE,
    wantsResponseBody: (exchange, response) => viewFor(exchange, response) !== undefined,
    onResponseBody: (exchange, body) => {
      const { upstream } = exchange
      const view = upstream === undefined ? undefined : viewFor(exchange, upstream)
      const bytes = exchange.replacement ?? body
      return view === undefined || bytes.length === 0
        ? undefined
        : hidden(exchange, { bytes, view, keysFor: deps.keysFor })
    },
  }
}

/** By declared response. Whichever of its media types the answer has, the rules of all of them hold. */
class Views {
  readonly isEmpty: boolean
  readonly #operation: Operation
  readonly #byModel: ReadonlyMap<ResponseModel | undefined, RoleViews<ReadView>>

  constructor(operation: Operation, { marks, findOwner }: ReadDeps) {
    this.#operation = operation
    const views = (refs: readonly SchemaRef[]): RoleViews<ReadView> | undefined =>
      refs.length === 0 ? undefined : readViews(marks.place(refs), findOwner)
    const models = [...operation.responses.values()]
    const all: [ResponseModel | undefined, RoleViews<ReadView> | undefined][] = [
      ...models.map((model) => [model, views(schemasOf(model))] as const),
      // Where nobody refuses undeclared statuses: what any answer hides is hidden there too.
      [undefined, views(models.flatMap(schemasOf))] as const,
    ].map(([model, view]) => [model, view])
    this.#byModel = new Map(
      all.flatMap(([model, view]) => (view === undefined ? [] : [[model, view] as const])),
    )
    this.isEmpty = this.#byModel.size === 0
  }

  of(status: number): RoleViews<ReadView> | undefined {
    return this.#byModel.get(declaredResponse(this.#operation, status))
  }
}

function schemasOf({ content }: ResponseModel): readonly SchemaRef[] {
  return content.flatMap(({ schema, itemSchema }) => [schema ?? [], itemSchema ?? []].flat())
}

const UNREADABLE: Denial = Object.freeze({
  reason: 'unfilterable',
  detail: 'fields are hidden from this caller, and the answer is no JSON',
})
const TWICE = 'a member is named twice'

/** What some servers call JSON; whether it is shows once it is read. */
const MAYBE_JSON: ReadonlySet<string> = new Set([
  'application/javascript',
  'application/x-json',
  'text/html',
  'text/javascript',
  'text/plain',
  'text/x-json',
])

/** Streams of events and tables are not even waited for. */
function isReadable({ head }: Exchange, { status, headers }: UpstreamResponse): boolean {
  if (head.method === 'HEAD' || status === 204 || status === 304) return true
  if (headers.get('content-length') === '0') return true
  const type = headers.get('content-type')
  if (type === undefined) return true
  const essence = parseMediaType(type)?.essence ?? ''
  return isJson(essence) || MAYBE_JSON.has(essence)
}

interface Hiding {
  readonly bytes: Buffer
  readonly view: ViewEdge<ReadDecision>
  readonly keysFor: KeysFor
}

interface Walk extends RewriteWalk {
  readonly exchange: Exchange
  readonly keysFor: KeysFor
  readonly found: string[]
}

function hidden(exchange: Exchange, { bytes, view, keysFor }: Hiding): Denial | undefined {
  const answer = jsonAnswer(bytes)
  if (answer === undefined) return UNREADABLE
  const walk: Walk = { path: [], exchange, keysFor, found: [] }
  const value = rewrite(answer.value, view, change, walk)
  if (walk.found.length === 0 && value === answer.value) {
    // Of members that stand twice only the last was looked at: only that may go out.
    if (!mayRepeatKeys(answer.value, answer.text)) return undefined
    walk.found.push(TWICE)
  }
  const repair = rewriteJson(value, answer.text, answer.value)
  return { reason: 'field_hidden', detail: walk.found.join(' ').slice(0, 1000), repair }
}

function change(
  value: unknown,
  { action, owners }: ReadDecision,
  { parent, walk }: { readonly parent: object | undefined; readonly walk: Walk },
): unknown {
  const owner =
    owners.length === 0 || parent === undefined
      ? undefined
      : owners.find(({ test }) => test(walk.exchange, parent))
  const given = owner?.action ?? action
  if (given.kind === 'pass') return value
  const { path, found } = walk
  if (found.length < MAX_NAMED) found.push(pointerOf(path))
  const keyed = given.kind === 'hash' || given.kind === 'tokenize'
  const shown = maskValue(value, given, keyed ? walk.keysFor(walk.exchange.principal) : undefined)
  return shown === undefined ? DROP : shown
}

const MAX_NAMED = 20

/** JSON Pointer with `*` for indexes: a thousand items are one finding. */
function pointerOf(path: readonly (string | number)[]): string {
  return path
    .map((part) =>
      typeof part === 'number' ? '/*' : `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    )
    .join('')
}
