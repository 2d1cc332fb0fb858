import { isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { isJson, parseMediaType } from '../../http/media-type.ts'
import { SIGN_SECRET } from '../../openapi/kernel/verdict.ts'
import type { KernelVerdict } from '../../openapi/kernel/verdict.ts'
import type { MediaType, SchemaRef } from '../../openapi/model.ts'
import type { Filter, Validate } from '../../openapi/schema/contract.ts'
import { modeOf } from '../../pipeline/control.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange, UpstreamResponse } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { MAX_EVIDENCE_BYTES } from '../adopt-evidence.ts'
import { AnswerPass, offerAnswerPass } from '../answer-pass.ts'
import type { PassKernel } from '../answer-pass.ts'
import type { ApiRuntime, Kit } from '../kit.ts'
import { mayRepeatKeys } from '../repeated-key.ts'
import { rewriteJson } from '../rewrite-json.ts'
import { configureResponses } from './config.ts'
import type { ResponsesConfig } from './config.ts'
import { otherShape } from './other-shape.ts'
import { Lessons } from './lessons.ts'
import { answerReader } from './said.ts'
import type { Judges, Said } from './said.ts'

const BAD_GATEWAY = { status: 502, problem: 'bad_gateway', title: 'Bad gateway' } as const
const LEAK = 'sp_response_leak_blocked'

/** Lets out only what the document declares: statuses, media types, fields. */
export const responses: Control<ResponsesConfig, Kit> = {
  name: 'responses',
  ids: ['OUT-01'],
  stage: 'filter',
  scope: 'operation',
  block: 'validate',
  adopt: 'observe',
  onFault: 'deny',
  reasons: {
    undeclared_status: { ...BAD_GATEWAY, event: LEAK },
    undeclared_error: { status: 400, problem: 'request_failed', title: 'Request failed' },
    undeclared_media_type: { ...BAD_GATEWAY, event: LEAK },
    malformed_answer: { ...BAD_GATEWAY, event: LEAK },
    schema_mismatch: { ...BAD_GATEWAY, event: LEAK },
    undeclared_body: { ...BAD_GATEWAY, event: LEAK },
    undeclared_field: { ...BAD_GATEWAY, event: LEAK },
  },
  configure: configureResponses,
  compile: (config, site, kit) => {
    const api = site === undefined ? undefined : kit.apis.get(site.operation.api)
    return site === undefined || api === undefined ? undefined : responsesGuard(config, site, api)
  },
}

/** A JSON body that may be held to see its shape. */
function isSmallJson({ headers }: UpstreamResponse): boolean {
  const type = parseMediaType(headers.get('content-type') ?? '')
  const length = Number(headers.get('content-length') ?? Infinity)
  return type !== undefined && isJson(type.essence) && length <= MAX_EVIDENCE_BYTES
}

/** How one declared media type of one declared response is judged. */
interface Judge {
  readonly filter: Filter
  /** For what is one object where a list is declared, or a list where one object is. */
  readonly other: Filter
  /** The same on the text itself, where the schema allows it. */
  readonly kernel: PassKernel | undefined
  readonly validate: Validate
  /** What is told of the fields that were left out. */
  readonly named: (pointers: readonly string[]) => string
  /** The document says that it is JSON: what is none breaks it. Ranges take other bodies as well. */
  readonly mustBeJson: boolean
  /** Nothing but JSON fits the schema of this range: what a server calls a text may be it. */
  readonly seeksJson: boolean
}

function responsesGuard(config: ResponsesConfig, site: Site, api: ApiRuntime): Guard {
  const judges = compileJudges(site, api)
  const lessons = site.policy.adopt === undefined ? undefined : new Lessons(site.operation)
  const saidOf = answerReader(site, judges)
  const isEnforced = modeOf(responses, site.policy) === 'enforce'
  const pass = new AnswerPass(isEnforced, (response) =>
    needsValue(response, lessons) ? undefined : saidOf(response).judge?.kernel,
  )
  if (config.kind !== 'strict') offerAnswerPass(site, pass)
  return {
    onResponse: (exchange, response) => {
      if (config.leavesFailures && response.status >= 500) return undefined
      const denial = headDenial(exchange, response, saidOf(response))
      return denial === undefined ? undefined : (lessons?.ofHead(exchange, denial) ?? denial)
    },
    wantsResponseBody: (_exchange, response) =>
      saidOf(response).judge !== undefined || (lessons !== undefined && isSmallJson(response)),
    onResponseBody: (exchange, body) => {
      const { judge } = saidOf(exchange.upstream as UpstreamResponse)
      if (body.length === 0) return undefined
      if (judge === undefined) {
        lessons?.undescribed(exchange, body)
        return undefined
      }
      return config.kind === 'strict'
        ? strictDenial(exchange, body, judge)
        : filtered(exchange, body, { judge, lessons, pass })
    },
  }
}

function compileJudges(site: Site, api: ApiRuntime): Judges<Judge> {
  const compile = ({ type, schema }: MediaType): Judge | undefined => {
    // Generators write ranges such as "all" and mean JSON.
    const mustBeJson = isJson(type)
    if (schema === undefined || !(mustBeJson || type.includes('*'))) return undefined
    const validate = api.responseSchemas.validator(schema)
    const filter = api.responseSchemas.filter(schema)
    return {
      mustBeJson,
      seeksJson: !mustBeJson && validate('') !== undefined,
      filter,
      other: otherShape(schema, api, filter),
      kernel: passKernel(schema, api),
      validate,
      named: rememberingNamed(),
    }
  }
  return new Map(
    [...site.operation.responses.values()].map((response) => [
      response,
      new Map(response.content.map((media) => [media.type, compile(media)])),
    ]),
  )
}

function passKernel(schema: SchemaRef, { responseSchemas }: ApiRuntime): PassKernel | undefined {
  const plain = responseSchemas.kernel(schema)
  return plain && { plain, less: (cover) => responseSchemas.kernel(schema, cover) }
}

function headDenial(
  exchange: Exchange,
  response: UpstreamResponse,
  { declared, type }: Said<Judge>,
): Denial | undefined {
  const { status } = response
  // Neither an unchanged answer nor a switch of protocols has a body.
  if (status === 304 || status === 101) return undefined
  if (declared === undefined) return undeclaredStatus(response)
  if (exchange.head.method === 'HEAD' || status === 204) return undefined
  if (declared.content.length === 0) {
    return hasBody(response) ? UNDECLARED_BODY : undefined
  }
  if (!hasBody(response) || type !== undefined) return undefined
  return status < 400 ? UNDECLARED_TYPE : undeclaredError(response, 'undeclared media type')
}

const UNDECLARED_BODY: Denial = Object.freeze({
  reason: 'undeclared_body',
  repair: Buffer.alloc(0),
})
const UNDECLARED_TYPE: Denial = Object.freeze({ reason: 'undeclared_media_type' })

function undeclaredStatus(response: UpstreamResponse): Denial {
  const { status } = response
  const detail = `the API answered ${status}, which the document does not declare`
  if (status >= 400 && status < 500) return undeclaredError(response, detail)
  return { reason: 'undeclared_status', detail }
}

/** Fields without which an error makes no sense: when to come back, what else is allowed (RFC 9110 section 15.5.6). */
const TELLING: readonly string[] = ['Retry-After', 'Allow']

/** The API's status with a text of ours. */
function undeclaredError({ status, headers }: UpstreamResponse, detail: string): Denial {
  const told = TELLING.flatMap((name) => {
    const value = headers.get(name.toLowerCase())
    return value === undefined || !/^[\w ,:-]{1,100}$/.test(value) ? [] : [name, value]
  })
  return { reason: 'undeclared_error', status, detail, headers: told }
}

function hasBody({ headers }: UpstreamResponse): boolean {
  return headers.get('content-length') !== '0'
}

interface Parsed {
  readonly value: unknown
  readonly text: string
}

const BYTE_ORDER_MARK = 0xfeff

function parse(body: Buffer): Parsed | undefined {
  const decoded = body.toString('utf8')
  const text = decoded.charCodeAt(0) === BYTE_ORDER_MARK ? decoded.slice(1) : decoded
  try {
    return { value: JSON.parse(text) as unknown, text }
  } catch {
    return undefined // no JSON: the caller says what that means
  }
}

const MALFORMED: Denial = Object.freeze({ reason: 'malformed_answer', detail: 'not JSON' })

/** What cannot be read cannot be filtered: only a range may mean something else than JSON, and never a part of it. */
function malformed(
  response: UpstreamResponse | undefined,
  { mustBeJson, validate }: Judge,
  body: Buffer,
): Denial | undefined {
  const isPart = response?.status === 206
  const isSaid = isJson(parseMediaType(response?.headers.get('content-type') ?? '')?.essence ?? '')
  // Some servers call any text JSON: under a range it passes where the schema takes a text.
  if (!mustBeJson && !isPart && (!isSaid || validate(body.toString()) === undefined))
    return undefined
  return response !== undefined && response.status >= 400
    ? undeclaredError(response, 'not JSON')
    : MALFORMED
}

/** How an answer is judged, and what is learned from it meanwhile. */
interface Judging {
  readonly judge: Judge
  readonly lessons: Lessons | undefined
  readonly pass: AnswerPass
}

/** Errors have to fit their schema; lessons need the value. */
function needsValue(response: UpstreamResponse | undefined, lessons: unknown): boolean {
  return lessons !== undefined || (response?.status ?? 0) >= 400
}

/** Filters the text where that is enough; values are made where more is asked, or the text leaves a doubt. */
function filtered(
  exchange: Exchange,
  body: Buffer,
  judging: Judging,
): MaybePromise<Denial | undefined> {
  const { kernel } = judging.judge
  if (kernel === undefined || needsValue(exchange.upstream, judging.lessons))
    return filteredValue(exchange, body, judging)
  const bytes = exchange.replacement ?? body
  const verdict = judging.pass.verdictOf(exchange, bytes, kernel)
  const denialOf = (found: KernelVerdict): Denial | undefined => {
    if ('signs' in found && (found.signs & SIGN_SECRET) === 0)
      exchange.quietBytes = found.kind === 'clean' ? bytes : found.bytes
    if (found.kind === 'clean') return undefined
    if (found.kind === 'malformed') return malformed(exchange.upstream, judging.judge, body)
    if (found.kind === 'doubtful' || found.dropped[0] === '')
      return filteredValue(exchange, body, judging)
    // What is hidden only is told by the control that hides it.
    if (found.dropped.length === 0) return undefined
    const detail = judging.judge.named(found.dropped)
    return { reason: 'undeclared_field', detail, repair: found.bytes }
  }
  return isPromise(verdict) ? verdict.then(denialOf) : denialOf(verdict)
}

function filteredValue(
  exchange: Exchange,
  body: Buffer,
  { judge, lessons }: Judging,
): Denial | undefined {
  const { upstream } = exchange
  const parsed = parse(exchange.replacement ?? body)
  if (parsed === undefined) return malformed(upstream, judge, body)
  // An error body passes only if it is what the document describes (OUT-07).
  if (
    upstream !== undefined &&
    upstream.status >= 400 &&
    judge.validate(parsed.value) !== undefined &&
    !isFilterable(parsed.value, judge)
  ) {
    return undeclaredError(upstream, 'the body is not what the document declares')
  }
  const open: string[] | undefined = lessons === undefined ? undefined : []
  const { value, dropped } = judge.filter(parsed.value, open)
  if (open !== undefined) lessons?.open(exchange, parsed.value, open)
  if (dropped.length === 0) return anew(value, parsed)
  // All of it is dropped where the document declares a list for one object, or one for a list.
  const kept = dropped[0] === '' ? judge.other(parsed.value).value : value
  const denial: Denial = {
    reason: 'undeclared_field',
    detail: kept === value ? named(dropped) : 'one object for a list of them, or a list for one',
    repair: rewriteJson(kept, parsed.text, parsed.value),
  }
  const { validate } = judge
  const found = { value: parsed.value, pointers: dropped, validate }
  return lessons?.dropped(exchange, denial, found) ?? denial
}

const TWICE = 'a member is named twice'
const REPEATED: Denial = Object.freeze({ reason: 'malformed_answer', detail: TWICE })

/** Of members that stand twice only the last was looked at: only that may go out. */
function anew(value: unknown, parsed: Parsed): Denial | undefined {
  if (!mayRepeatKeys(parsed.value, parsed.text)) return undefined
  const repair = rewriteJson(value, parsed.text, parsed.value)
  return { reason: 'undeclared_field', detail: TWICE, repair }
}

const MAX_NAMED = 20

/** With `*` for indexes: a thousand items are one finding. */
function named(pointers: readonly string[]): string {
  const all = new Set<string>()
  for (const pointer of pointers) {
    if (all.size >= MAX_NAMED) break
    all.add(pointer.replaceAll(/\/\d+(?=\/|$)/g, '/*'))
  }
  return [...all].join(' ').slice(0, 1000)
}

/** The kernel answers the same list as long as answers lose the same fields. */
function rememberingNamed(): Judge['named'] {
  let last: readonly string[] = []
  let text = ''
  return (pointers) => {
    if (pointers !== last) {
      last = pointers
      text = named(pointers)
    }
    return text
  }
}

/** Whether an error body fits its schema once undeclared fields are gone. */
function isFilterable(value: unknown, judge: Judge): boolean {
  return judge.validate(judge.filter(value).value) === undefined
}

function strictDenial(exchange: Exchange, body: Buffer, judge: Judge): Denial | undefined {
  const parsed = parse(exchange.replacement ?? body)
  if (parsed === undefined) return malformed(exchange.upstream, judge, body)
  if (mayRepeatKeys(parsed.value, parsed.text)) return REPEATED
  const { dropped } = judge.filter(parsed.value)
  if (dropped.length > 0) return { reason: 'undeclared_field', detail: named(dropped) }
  const violations = judge.validate(parsed.value)
  if (violations === undefined) return undefined
  return {
    reason: 'schema_mismatch',
    detail: named(violations.map(({ pointer, keyword }) => `${pointer} ${keyword}`)),
  }
}
