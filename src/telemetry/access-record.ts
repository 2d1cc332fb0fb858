import { memo } from '../base/memo.ts'
import { inOnePiece } from '../base/one-piece.ts'
import type { DecisionRecord, Exchange, RequestHead } from '../pipeline/exchange.ts'
import { jsonText, jsonTexts } from './json-text.ts'
import type { PrincipalFields } from './principal-fields.ts'
import { redact, redactPath } from './redact.ts'
import { createMilliseconds, createTimestamps, microseconds, nanoseconds } from './timestamp.ts'

/** Longest user agent and unrouted path in a line, in characters. */
const MAX_TEXT_CHARS = 256
const MAX_NAME_CHARS = 64
const MAX_NAMES = 20
const MAX_OBSERVED = 16
/** Routes come from the documents; user agents and names in queries come from strangers. */
const ROUTES = { maxEntries: 20_000, maxChars: Infinity }
const STRANGERS = { maxEntries: 1024, maxChars: 1024 }

/** Writes one exchange as one line of JSON, without the line's end. */
export type AccessFormatter = (exchange: Exchange, durationMs: number) => string

/**
 * Makes the writer of access records [LOG-01]: flat ECS names, `sallyport.*` where ECS has none, printable ASCII.
 * `url.path` is the route's template, never the path with its values; a request without a route gets
 * `sallyport.path`, redacted and cut at 256 characters. Of the query only the names are written. Headers, cookies
 * and bodies never are [LOG-04]. `event.duration` is in nanoseconds (ECS), `sallyport.*_ms` in milliseconds.
 */
export function createAccessFormatter(who: PrincipalFields): AccessFormatter {
  const middle = createMiddles()
  const agents = memo(
    (agent) => inOnePiece(`,"user_agent.original":${jsonText(redact(agent), MAX_TEXT_CHARS)}}`),
    STRANGERS,
  )
  const beginning = createBeginnings()
  const ownMs = createMilliseconds(',"sallyport.duration_ms":')
  const upstreamMs = createMilliseconds(',"sallyport.upstream_ms":')
  const addresses = createAddressFields()
  const protocols = createProtocolFields()
  const allowed = createAllowedEnds()
  // One piece for all that stays the same between two records: each piece costs as much as its text.
  return (exchange, durationMs) => {
    const { head } = exchange
    const agent = head.headers.get('user-agent')
    const end = agent === undefined ? '}' : agents(agent)
    const micros = microseconds(durationMs)
    return (
      beginning(exchange) +
      exchange.id +
      middle(exchange) +
      nanoseconds(micros) +
      ownMs(micros) +
      (exchange.upstreamMs > 0 ? upstreamMs(microseconds(exchange.upstreamMs)) : '') +
      addresses(exchange) +
      who(exchange.principal) +
      (isPlainlyAllowed(exchange)
        ? allowed(protocols(head), end)
        : judgedFields(exchange) + protocols(head) + end)
    )
  }
}

/** Allowed, with nothing further to be said of it. */
function isPlainlyAllowed({ decision, observed, risk, abortedBy }: Exchange): boolean {
  return (
    decision === undefined && observed.length === 0 && risk === undefined && abortedBy === undefined
  )
}

function judgedFields({ decision, observed, risk, abortedBy }: Exchange): string {
  return (
    (decision === undefined ? ALLOWED : decisionFields(decision)) +
    (observed.length === 0 ? '' : observedField(observed)) +
    (risk === undefined ? '' : riskFields(risk)) +
    (abortedBy === undefined ? '' : `,"sallyport.aborted":"${abortedBy}"`)
  )
}

const ALLOWED = ',"sallyport.decision":"allow"'

/** The end of most records: few combinations, so the last one is kept. */
function createAllowedEnds(): (protocols: string, end: string) => string {
  let lastProtocols = ''
  let lastEnd = ''
  let text = ALLOWED
  return (protocols, end) => {
    if (protocols === lastProtocols && end === lastEnd) return text
    lastProtocols = protocols
    lastEnd = end
    text = inOnePiece(ALLOWED + protocols + end)
    return text
  }
}

/** Up to the request id. Many requests begin in the same millisecond. */
function createBeginnings(): (exchange: Exchange) => string {
  const timestamp = createTimestamps()
  let lastMs = Number.NaN
  let lastOutcome = ''
  let text = ''
  return (exchange) => {
    const outcome = outcomeOf(exchange)
    const { startedMs } = exchange
    if (startedMs === lastMs && outcome === lastOutcome) return text
    lastMs = startedMs
    lastOutcome = outcome
    text = inOnePiece(`{"@timestamp":"${timestamp(startedMs)}${outcome}`)
    return text
  }
}

/**
 * From the end of the request id up to the duration. What is said of a request often is what was said of the last one on
 * its route: then it is put together once, in one piece from the second time on.
 */
function createMiddles(): (exchange: Exchange) => string {
  const routes = memo(routeOf, ROUTES)
  const queryField = createQueryField()
  return (exchange) => {
    const { head, site, query } = exchange
    const names = query.pairs.length === 0 ? '' : queryField(query.pairs)
    if (site === undefined)
      return methodField(head.method) + pathField(exchange) + names + countFields(exchange)
    const route = routes(site.label)
    // A request for the head alone comes to the operation of GET.
    if (route.method !== head.method)
      return methodField(head.method) + route.fields + names + countFields(exchange)
    return isLikeLast(route, exchange, names)
      ? lastMiddle(route)
      : newMiddle(route, exchange, names)
  }
}

function isLikeLast(route: Route, exchange: Exchange, names: string): boolean {
  return (
    route.status === exchange.status &&
    route.bytesIn === exchange.bytesIn &&
    route.bytesOut === exchange.bytesOut &&
    route.names === names
  )
}

function lastMiddle(route: Route): string {
  if (!route.isWhole) route.text = inOnePiece(route.text)
  route.isWhole = true
  return route.text
}

function newMiddle(route: Route, exchange: Exchange, names: string): string {
  route.status = exchange.status
  route.bytesIn = exchange.bytesIn
  route.bytesOut = exchange.bytesOut
  route.names = names
  route.isWhole = false
  route.text = route.whole + names + countFields(exchange)
  return route.text
}

/** Status and sizes, up to the duration. */
function countFields({ status, bytesIn, bytesOut }: Exchange): string {
  return `,"http.response.status_code":${status},"http.request.bytes":${bytesIn},"http.response.bytes":${bytesOut},"event.duration":`
}

// The request id is our own, hexadecimal digits: nothing in it to escape.
const [UNKNOWN, SUCCESS, FAILURE] = (['unknown', 'success', 'failure'] as const).map(
  (outcome) =>
    `","event.dataset":"sallyport.access","event.outcome":"${outcome}","http.request.id":"`,
) as [string, string, string]

function outcomeOf(exchange: Exchange): string {
  if (exchange.abortedBy !== undefined) return UNKNOWN
  return exchange.status < 400 ? SUCCESS : FAILURE
}

/** A route as it stands in every record of it. */
interface Route {
  readonly method: string
  readonly fields: string
  /** The end of the request id, the operation's own method, and the fields. */
  readonly whole: string
  /** What the last record of it said, and in which words. */
  status: number
  bytesIn: number
  bytesOut: number
  names: string
  text: string
  isWhole: boolean
}

function routeOf(label: string): Route {
  const space = label.indexOf(' ')
  const method = label.slice(0, space)
  const fields = `,"url.path":${jsonText(label.slice(space + 1))},"sallyport.route":${jsonText(label)}`
  const whole = inOnePiece(methodField(method) + fields)
  return { method, fields, whole, ...NOTHING_YET }
}

const NOTHING_YET = { status: -1, bytesIn: -1, bytesOut: -1, names: '', text: '', isWhole: false }

function pathField(exchange: Exchange): string {
  const path = exchange.path === '' ? exchange.head.rawTarget : exchange.path
  return `,"sallyport.path":${jsonText(redactPath(path), MAX_TEXT_CHARS)}`
}

type Pairs = Exchange['query']['pairs']

/** Names of queries: the next request often has the same as the last one. */
function createQueryField(): (pairs: Pairs) => string {
  const textOf = memo((name) => jsonText(redact(name), MAX_NAME_CHARS), STRANGERS)
  let names: readonly string[] = []
  let field = ''
  // The pairs of a target that came before are the very same.
  let latest: Pairs | undefined
  return (pairs) => {
    if (pairs === latest) return field
    latest = pairs
    if (hasNames(pairs, names)) return field
    names = pairs.slice(0, MAX_NAMES).map(([name]) => name)
    field = inOnePiece(`,"sallyport.query_names":[${names.map(textOf).join(',')}]`)
    return field
  }
}

/** Names beyond those that are written do not count. */
function hasNames(pairs: Pairs, names: readonly string[]): boolean {
  if (Math.min(pairs.length, MAX_NAMES) !== names.length) return false
  for (let i = 0; i < names.length; i++) if (pairs[i]?.[0] !== names[i]) return false
  return true
}

/** Connections bring many requests each, and balancers all of them: the last text is kept. */
function createAddressFields(): (exchange: Exchange) => string {
  let lastClient = ''
  let lastPeer = ''
  let text = addressFields(lastClient, lastPeer)
  return ({ clientAddress, head: { peerAddress } }) => {
    if (clientAddress === lastClient && peerAddress === lastPeer) return text
    lastClient = clientAddress
    lastPeer = peerAddress
    text = addressFields(clientAddress, peerAddress)
    return text
  }
}

/** The peer's address is the system's own text: nothing in it to escape. */
function addressFields(clientAddress: string, peerAddress: string): string {
  if (clientAddress === '' || clientAddress === peerAddress)
    return `,"client.address":"${peerAddress}"`
  return `,"client.address":${jsonText(clientAddress, MAX_NAME_CHARS)},"source.address":"${peerAddress}"`
}

// A decision below 400 is an answer that the gateway gave by itself (a preflight, a redirect), no refusal.
function decisionFields(decision: DecisionRecord): string {
  const { control, reason, detail, errors } = decision
  return (
    `,"sallyport.decision":"${decision.status < 400 ? 'answer' : 'deny'}"` +
    `,"sallyport.control":${jsonText(control, MAX_NAME_CHARS)},"sallyport.reason":${jsonText(reason, MAX_NAME_CHARS)}` +
    (detail === undefined ? '' : `,"sallyport.detail":${jsonText(redact(detail))}`) +
    (errors === undefined || errors.length === 0
      ? ''
      : `,"sallyport.errors":${jsonTexts(pointersOf(errors), MAX_NAMES, MAX_TEXT_CHARS)}`)
  )
}

function pointersOf(errors: NonNullable<DecisionRecord['errors']>): readonly string[] {
  return errors.slice(0, MAX_NAMES).map((error) => redact(error.pointer))
}

function observedField(observed: readonly DecisionRecord[]): string {
  const items = observed
    .slice(0, MAX_OBSERVED)
    .map(
      ({ control, reason }) =>
        `{"control":${jsonText(control, MAX_NAME_CHARS)},"reason":${jsonText(reason, MAX_NAME_CHARS)}}`,
    )
  return `,"sallyport.would_refuse":[${items.join(',')}]`
}

/** Names of signals are our own words: nothing in them to escape. */
function riskFields({ score, signals }: NonNullable<Exchange['risk']>): string {
  return `,"sallyport.risk.score":${Math.round(score)},"sallyport.risk.signals":["${signals.join('","')}"]`
}

const TLS_VERSION = /^TLSv(1(?:\.\d)?)$/

/** Listener, TLS and HTTP version: few combinations, so the last one is kept. */
function createProtocolFields(): (head: RequestHead) => string {
  let listener = ''
  let tls: string | undefined
  let http = ''
  let fields = ''
  return (head) => {
    const protocol = head.tls?.protocol
    if (head.listener === listener && protocol === tls && head.httpVersion === http) return fields
    listener = head.listener
    tls = protocol
    http = head.httpVersion
    fields = inOnePiece(
      `,"sallyport.listener":"${head.listener}"` +
        (protocol === undefined ? '' : tlsField(protocol)) +
        `,"http.version":${jsonText(http, MAX_NAME_CHARS)}`,
    )
    return fields
  }
}

function tlsField(protocol: string): string {
  const version = TLS_VERSION.exec(protocol)?.[1] ?? protocol
  return `,"tls.version":${jsonText(version, MAX_NAME_CHARS)}`
}

function methodField(method: string): string {
  return `","http.request.method":${jsonText(method, MAX_NAME_CHARS)}`
}
