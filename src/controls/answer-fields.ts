import { isPromise } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { isJson, parseMediaType } from '../http/media-type.ts'
import { rewrite } from '../openapi/fields/rewrite.ts'
import type { ViewEdge } from '../openapi/fields/view.ts'
import type { Operation } from '../openapi/model.ts'
import type { Guard } from '../pipeline/control.ts'
import type { Denial } from '../pipeline/denial.ts'
import type { Exchange, UpstreamResponse } from '../pipeline/exchange.ts'
import { AnswerViews } from './answer-views.ts'
import type { ViewSource } from './answer-views.ts'
import type { CallerRoles } from './caller-roles.ts'
import { jsonAnswer } from './json-answer.ts'
import type { KeysFor } from './keyed-actions.ts'
import { mayRepeatKeys } from './repeated-key.ts'
import { rewriteJson } from './rewrite-json.ts'
import { showField } from './show-field.ts'
import type { ShowWalk, ShownDecision, ShownView } from './show-field.ts'
import { showText } from './show-text.ts'
import type { TextResult } from './show-text.ts'
import { shownText } from './shown-text.ts'
import type { MakeKernel, ShownText } from './shown-text.ts'

/** How the fields of answers are shown. */
export interface AnswerFields extends ViewSource {
  readonly roles: CallerRoles
  readonly keysFor: KeysFor
  readonly makeKernel: MakeKernel
  /** Answers that another control shows by the same rules. */
  isShownElsewhere?(response: UpstreamResponse): boolean
  /** Told of values that a caller was shown and others are not, once for an answer; general pointers. */
  onTold?(exchange: Exchange, pointers: readonly string[]): void
}

/**
 * Changes fields of answers; `undefined` where nothing is said of any answer of the operation. Reasons:
 * `field_hidden` with a repair, `unfilterable` where the answer cannot be read.
 */
export function answerGuard(operation: Operation, fields: AnswerFields): Guard | undefined {
  const views = new AnswerViews(operation, fields)
  const texts = new Texts(fields.makeKernel)
  if (views.isEmpty) return undefined
  const viewFor = (exchange: Exchange, response: UpstreamResponse, body?: Buffer): ShownView =>
    fields.isShownElsewhere?.(response) === true
      ? undefined
      : views.of(response.status, body)?.of(fields.roles.of(exchange))
  return {
    onResponse: (exchange, response) =>
      viewFor(exchange, response) === undefined || isReadable(exchange, response)
        ? undefined
        : UNREADABLE,
    wantsResponseBody: (exchange, response) => viewFor(exchange, response) !== undefined,
    onResponseBody: (exchange, body) => {
      const { upstream } = exchange
      const bytes = exchange.replacement ?? body
      const view = upstream === undefined ? undefined : viewFor(exchange, upstream, bytes)
      if (view === undefined || bytes.length === 0) return undefined
      const text = texts.of(view)
      return text === undefined
        ? shown(exchange, { bytes, view, fields })
        : shownOnText(exchange, { bytes, view, fields }, text)
    },
  }
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
  // Most are called so to the letter, and need no reading.
  if (type === undefined || type.startsWith('application/json')) return true
  const essence = parseMediaType(type)?.essence ?? ''
  return isJson(essence) || MAYBE_JSON.has(essence)
}

/** Sets of roles name each other view; of more than these the values are looked at. */
const MAX_KERNELS = 64

/** The views that can be shown on the text. */
class Texts {
  readonly #makeKernel: MakeKernel
  readonly #known = new WeakMap<ViewEdge<ShownDecision>, { readonly text: ShownText | undefined }>()
  #made = 0

  constructor(makeKernel: MakeKernel) {
    this.#makeKernel = makeKernel
  }

  of(view: ViewEdge<ShownDecision>): ShownText | undefined {
    const known = this.#known.get(view)
    if (known !== undefined) return known.text
    this.#made += 1
    const text = this.#made > MAX_KERNELS ? undefined : shownText(view, this.#makeKernel)
    this.#known.set(view, { text })
    return text
  }
}

interface Showing {
  readonly bytes: Buffer
  readonly view: ViewEdge<ShownDecision>
  readonly fields: AnswerFields
}

function newWalk(exchange: Exchange, { keysFor }: AnswerFields): ShowWalk {
  return { path: [], exchange, keysFor, hidden: [], told: [] }
}

/** In doubt about the text the values are looked at. */
function shownOnText(
  exchange: Exchange,
  showing: Showing,
  text: ShownText,
): MaybePromise<Denial | undefined> {
  const walk = newWalk(exchange, showing.fields)
  const finish = (result: TextResult): Denial | undefined => {
    if (result.kind === 'malformed') return UNREADABLE
    if (result.kind === 'doubtful') return shown(exchange, showing)
    if (walk.told.length > 0) showing.fields.onTold?.(exchange, walk.told)
    if (result.bytes === undefined) return undefined
    // Less of what holds no secret holds none.
    if (text.changed === undefined && exchange.quietBytes === showing.bytes)
      exchange.quietBytes = result.bytes
    return hiding(walk, result.bytes)
  }
  const result = showText(showing.bytes, text, walk)
  return isPromise(result) ? result.then(finish) : finish(result)
}

function hiding({ hidden }: ShowWalk, repair: Buffer): Denial {
  return { reason: 'field_hidden', detail: hidden.join(' ').slice(0, 1000), repair }
}

function shown(exchange: Exchange, { bytes, view, fields }: Showing): Denial | undefined {
  const answer = jsonAnswer(bytes)
  if (answer === undefined) return UNREADABLE
  const walk = newWalk(exchange, fields)
  const value = rewrite(answer.value, view, showField, walk)
  if (walk.told.length > 0) fields.onTold?.(exchange, walk.told)
  if (value === answer.value) {
    // Of members that stand twice only the last was looked at: only that may go out.
    if (!mayRepeatKeys(answer.value, answer.text)) return undefined
    walk.hidden.push(TWICE)
  }
  return hiding(walk, rewriteJson(value, answer.text, answer.value))
}
