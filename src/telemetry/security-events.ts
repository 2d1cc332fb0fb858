import { memo } from '../base/memo.ts'
import { inOnePiece } from '../base/one-piece.ts'
import type { Exchange, SecurityEvent } from '../pipeline/exchange.ts'
import { jsonText } from './json-text.ts'
import type { PrincipalFields } from './principal-fields.ts'
import { redact } from './redact.ts'
import { createTimestamps } from './timestamp.ts'

const MAX_NAME_CHARS = 128
/** A request that sets off more than this is told by its first events; the rest adds nothing but size. */
const MAX_PER_EXCHANGE = 32

/** Something that happened to the gateway itself: start, stop, configuration, keys, graduation, dependencies. */
export interface LifecycleEvent {
  /** OWASP logging vocabulary, or `sp_…`. */
  readonly name: string
  readonly level: 'info' | 'warn' | 'critical'
  /** What did it, such as `config`, `keys`, `sink`. */
  readonly control: string
  readonly reason: string
  /** No secrets; redacted all the same. */
  readonly detail?: string
  /** Further facts, such as `{ key_id: 'k1', actor: 'uid 0' }`; written as `sallyport.<name>`. At most 16. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>
}

/** Writes the lines of the security stream, each without its line's end. */
export interface EventFormatter {
  /** One line for each event of the exchange, then one `sp_would_refuse` for each refusal that `monitor` held back. */
  ofExchange(exchange: Exchange): readonly string[]
  ofLifecycle(event: LifecycleEvent, nowMs: number): string
}

/**
 * Makes the writer of security events [LOG-02]: `event.action` is the name of the OWASP vocabulary, the request id
 * joins a line with its access record, `sallyport.enforced` is false where `monitor` let the request through.
 */
export function createEventFormatter(who: PrincipalFields): EventFormatter {
  const timestamp = createTimestamps()
  // The same API leaks the same fields each time: what was redacted once is not searched again.
  const detailOf = memo((text) => jsonText(redact(text)), { maxEntries: 512, maxChars: 1024 })
  const routeOf = memo(routeFields, ROUTES)
  const fieldsOf = createEventFields(detailOf)
  return {
    ofExchange: (exchange) => {
      if (exchange.events.length === 0 && exchange.observed.length === 0) return []
      const tail =
        contextFields(exchange) +
        who(exchange.principal) +
        `${routeOf(exchange.site?.label ?? 'unrouted')}${exchange.status}}`
      const head = headField(timestamp(exchange.startedMs))
      const lines: string[] = []
      for (const event of exchange.events.slice(0, MAX_PER_EXCHANGE))
        lines.push(
          `${head}${fieldsOf(event)},"sallyport.enforced":${!isObserved(exchange, event)}${tail}`,
        )
      for (const { control, reason, detail } of exchange.observed.slice(0, MAX_PER_EXCHANGE)) {
        const event = { name: 'sp_would_refuse', level: 'info', control, reason } as const
        const fields = fieldsOf(detail === undefined ? event : { ...event, detail })
        lines.push(`${head}${fields},"sallyport.enforced":false${tail}`)
      }
      return lines
    },
    ofLifecycle: (event, nowMs) =>
      `${headField(timestamp(nowMs))}${fieldsOf(event)}${factFields(event.facts)}}`,
  }
}

function headField(time: string): string {
  return `{"@timestamp":"${time}","event.dataset":"sallyport.security"`
}

function eventFields(event: SecurityEvent, detailOf: (text: string) => string): string {
  return (
    `,"event.action":${jsonText(event.name, MAX_NAME_CHARS)},"log.level":"${event.level}"` +
    `,"sallyport.control":${jsonText(event.control, MAX_NAME_CHARS)},"sallyport.reason":${jsonText(event.reason, MAX_NAME_CHARS)}` +
    (event.detail === undefined ? '' : `,"sallyport.detail":${detailOf(event.detail)}`)
  )
}

/** One event is often like the last one. */
function createEventFields(detailOf: (text: string) => string): (event: SecurityEvent) => string {
  let last: SecurityEvent | undefined
  let text = ''
  let isWhole = false
  return (event) => {
    if (last !== undefined && isSame(last, event)) {
      if (!isWhole) text = inOnePiece(text)
      isWhole = true
      return text
    }
    text = eventFields(event, detailOf)
    last = event
    isWhole = false
    return text
  }
}

function isSame(one: SecurityEvent, other: SecurityEvent): boolean {
  return (
    one.detail === other.detail &&
    one.reason === other.reason &&
    one.control === other.control &&
    one.name === other.name &&
    one.level === other.level
  )
}

function isObserved(exchange: Exchange, event: SecurityEvent): boolean {
  return exchange.observed.some(
    ({ control, reason }) => control === event.control && reason === event.reason,
  )
}

/** The request id is our own, hexadecimal digits: nothing in it to escape. */
function contextFields({ id, clientAddress, head }: Exchange): string {
  const address = clientAddress === '' ? head.peerAddress : clientAddress
  return `,"http.request.id":"${id}","client.address":${jsonText(address, MAX_NAME_CHARS)}`
}

/** Routes come from the documents. */
const ROUTES = { maxEntries: 20_000, maxChars: Infinity }

function routeFields(label: string): string {
  return `,"sallyport.route":${jsonText(label)},"http.response.status_code":`
}

const FACT_NAME = /^[a-z][a-z0-9_.]{0,39}$/
const MAX_FACTS = 16
const MAX_FACT_CHARS = 1024

function factFields(facts: LifecycleEvent['facts']): string {
  let out = ''
  for (const [name, value] of Object.entries(facts ?? {}).slice(0, MAX_FACTS)) {
    if (!FACT_NAME.test(name)) continue
    out += `,"sallyport.${name}":${factText(value)}`
  }
  return out
}

function factText(value: string | number | boolean): string {
  if (typeof value === 'string') return jsonText(redact(value), MAX_FACT_CHARS)
  return typeof value === 'number' && !Number.isFinite(value) ? 'null' : String(value)
}
