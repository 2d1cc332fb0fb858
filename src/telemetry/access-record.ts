import { memo } from '../base/memo.ts'
import type { DecisionRecord, Exchange, RequestHead } from '../pipeline/exchange.ts'
import { jsonText, jsonTexts } from './json-text.ts'
import { redact, redactPath } from './redact.ts'
import { createTimestamps, milliseconds } from './timestamp.ts'

type Principal = Exchange['principal']

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
export function createAccessFormatter(pseudonym: (id: string) => string): AccessFormatter {
  const timestamp = createTimestamps()
  const principals = new WeakMap<Principal, string>()
  const routes = memo(routeFields, ROUTES)
  const agents = memo(
    (agent) => `,"user_agent.original":${jsonText(redact(agent), MAX_TEXT_CHARS)}`,
    STRANGERS,
  )
  const names = memo((name) => jsonText(redact(name), MAX_NAME_CHARS), STRANGERS)
  const protocols = createProtocolFields()
  const who = (principal: Principal): string => {
    const known = principals.get(principal)
    if (known !== undefined) return known
    const fields = principalFields(principal, pseudonym)
    principals.set(principal, fields)
    return fields
  }
  return (exchange, durationMs) => {
    const { head, site, decision } = exchange
    const agent = head.headers.get('user-agent')
    return (
      `{"@timestamp":"${timestamp(exchange.startedMs)}${outcomeOf(exchange)}` +
      `,"http.request.id":${jsonText(exchange.id, MAX_NAME_CHARS)}` +
      (METHOD_FIELDS.get(head.method) ?? methodField(head.method)) +
      (site === undefined ? pathField(exchange) : routes(site.label)) +
      (exchange.query.pairs.length === 0 ? '' : queryField(exchange, names)) +
      `,"http.response.status_code":${exchange.status}` +
      `,"http.request.bytes":${exchange.bytesIn},"http.response.bytes":${exchange.bytesOut}` +
      `,"event.duration":${Math.round(durationMs * 1000) * 1000}` +
      `,"sallyport.duration_ms":${milliseconds(durationMs)}` +
      (exchange.upstreamMs > 0
        ? `,"sallyport.upstream_ms":${milliseconds(exchange.upstreamMs)}`
        : '') +
      addressFields(exchange) +
      (exchange.principal.kind === 'none' ? '' : who(exchange.principal)) +
      (decision === undefined ? ',"sallyport.decision":"allow"' : decisionFields(decision)) +
      (exchange.observed.length === 0 ? '' : observedField(exchange.observed)) +
      (exchange.abortedBy === undefined ? '' : `,"sallyport.aborted":"${exchange.abortedBy}"`) +
      protocols(head) +
      (agent === undefined ? '' : agents(agent)) +
      '}'
    )
  }
}

const OUTCOME = '","event.dataset":"sallyport.access","event.outcome":'
const UNKNOWN = `${OUTCOME}"unknown"`
const SUCCESS = `${OUTCOME}"success"`
const FAILURE = `${OUTCOME}"failure"`

function outcomeOf(exchange: Exchange): string {
  if (exchange.abortedBy !== undefined) return UNKNOWN
  return exchange.status < 400 ? SUCCESS : FAILURE
}

function routeFields(label: string): string {
  const template = label.slice(label.indexOf(' ') + 1)
  return `,"url.path":${jsonText(template)},"sallyport.route":${jsonText(label)}`
}

function pathField(exchange: Exchange): string {
  const path = exchange.path === '' ? exchange.head.rawTarget : exchange.path
  return `,"sallyport.path":${jsonText(redactPath(path), MAX_TEXT_CHARS)}`
}

function queryField(exchange: Exchange, textOf: (name: string) => string): string {
  const { pairs } = exchange.query
  let names = ''
  for (let i = 0; i < pairs.length && i < MAX_NAMES; i++)
    names += `${i === 0 ? '' : ','}${textOf(pairs[i]?.[0] ?? '')}`
  return `,"sallyport.query_names":[${names}]`
}

function addressFields(exchange: Exchange): string {
  const { clientAddress } = exchange
  const { peerAddress } = exchange.head
  if (clientAddress === '' || clientAddress === peerAddress)
    return `,"client.address":${jsonText(peerAddress, MAX_NAME_CHARS)}`
  return `,"client.address":${jsonText(clientAddress, MAX_NAME_CHARS)},"source.address":${jsonText(peerAddress, MAX_NAME_CHARS)}`
}

function principalFields(principal: Principal, pseudonym: (id: string) => string): string {
  const id = jsonText(redact(principal.credentialId), 128)
  return `,"user.id":"${pseudonym(principal.id)}","sallyport.credential.kind":"${principal.kind}","sallyport.credential.id":${id}`
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
    fields =
      `,"sallyport.listener":"${head.listener}"` +
      (protocol === undefined ? '' : tlsField(protocol)) +
      `,"http.version":${jsonText(http, MAX_NAME_CHARS)}`
    return fields
  }
}

function tlsField(protocol: string): string {
  const version = TLS_VERSION.exec(protocol)?.[1] ?? protocol
  return `,"tls.version":${jsonText(version, MAX_NAME_CHARS)}`
}

const METHOD_FIELDS: ReadonlyMap<string, string> = new Map(
  ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((name) => [
    name,
    methodField(name),
  ]),
)

function methodField(method: string): string {
  return `,"http.request.method":${jsonText(method, MAX_NAME_CHARS)}`
}
