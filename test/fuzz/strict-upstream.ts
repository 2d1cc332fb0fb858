import type { Socket } from 'node:net'
import type { TestUpstream } from '../kit/upstream.ts'
import { startRawUpstream } from '../kit/upstream.ts'

/** An upstream that accepts nothing but requests that can be read in one way. */
export interface StrictUpstream extends TestUpstream {
  /** What it had to complain about. */
  readonly faults: readonly string[]
  /** Requests it took. */
  count(): number
}

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'
const LINE = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE) (\/[!-~]*) HTTP\/1\.1$/
const FIELD = /^([!#$%&'*+\-.^`|~0-9a-z]+): ?([\t\x20-\x7e\x80-\xff]*)$/i
const PATH =
  /^\/v2\/(?:books(?:\/\d{13}(?:\/(?:text|cover))?)?|members(?:\/\d{1,6})?|loans(?:\/[\w-]{36})?|sessions|notes|news|odd\/[a-z-]{1,30})$/
const QUERY = /^(?:[A-Za-z0-9\-._~!$&'()*+,=:@/?]|%[0-9A-F]{2})*$/
const REFUSED_FIELDS =
  /^(?:keep-alive|proxy-.*|te|trailer|upgrade|http2-settings|expect|x-user.*|x-original-.*|x-rewrite-.*|x-http-method(?:-override)?|forwarded|.*_.*|x-library-card|authorization|cookie)$/

/** A request as the strict upstream read it. */
export interface StrictRequest {
  readonly head: string
  /** Content without its framing, latin1. */
  readonly body: string
}

/** Starts it; the port is in the `Host` that every request must have. `onRequest` hears of every request that it took. */
export async function startStrictUpstream(
  onRequest: (request: StrictRequest) => void = () => {},
): Promise<StrictUpstream> {
  const faults: string[] = []
  const waiting = new WeakMap<Socket, string>()
  let count = 0
  let host = ''
  const upstream = await startRawUpstream((socket, piece) => {
    let text = (waiting.get(socket) ?? '') + piece.toString('latin1')
    for (;;) {
      const found = takeRequest(text, host)
      if (found === undefined) break
      text = found.rest
      count++
      onRequest(found)
      if (found.fault !== undefined) faults.push(`${found.fault}\n${JSON.stringify(found.head)}`)
      const isHead = found.head.startsWith('HEAD')
      socket.write(isHead ? ANSWER.slice(0, -2) : ANSWER)
    }
    waiting.set(socket, text)
  })
  host = `127.0.0.1:${upstream.port}`
  return { ...upstream, faults, count: () => count }
}

interface Taken {
  readonly head: string
  readonly fault: string | undefined
  readonly body: string
  readonly rest: string
}

/** Takes one request from the front of a text; `undefined` while it is not whole. */
function takeRequest(text: string, host: string): Taken | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = text.slice(0, end)
  const [line = '', ...lines] = head.split('\r\n')
  const fields = lines.map((one) => FIELD.exec(one))
  const pairs = fields.map((match) => [match?.[1]?.toLowerCase() ?? '', match?.[2] ?? ''] as const)
  const fault = lineFault(line) ?? fieldsFault(pairs, host)
  const taken = takeBody(text.slice(end + 4), pairs)
  return taken === undefined ? undefined : { head, fault, ...taken }
}

type Pairs = readonly (readonly [name: string, value: string])[]

function lineFault(line: string): string | undefined {
  const target = LINE.exec(line)?.[1]
  if (target === undefined) return 'request line'
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  if (!PATH.test(path)) return 'path'
  return QUERY.test(query) ? undefined : 'query'
}

function fieldsFault(pairs: Pairs, host: string): string | undefined {
  const all = (name: string): string[] =>
    pairs.filter(([own]) => own === name).map(([, value]) => value)
  if (pairs.some(([name]) => name === '')) return 'field that is none'
  const refused = pairs.find(([name]) => REFUSED_FIELDS.test(name))
  if (refused !== undefined) return `field ${refused[0]}`
  if (all('host').join() !== host) return 'host'
  const lengths = all('content-length')
  const codings = all('transfer-encoding')
  if (lengths.length + codings.length > 1) return 'framed twice'
  if (!lengths.every((length) => /^(?:0|[1-9]\d{0,14})$/.test(length))) return 'length'
  if (!codings.every((coding) => coding === 'chunked')) return 'coding'
  if (!all('connection').every((value) => /^(?:keep-alive|close)$/.test(value))) return 'connection'
  for (const name of ['sallyport-request-id', 'x-forwarded-for', 'x-forwarded-proto'])
    if (all(name).length !== 1) return name
  return /^[0-9a-f]{32}$/.test(all('sallyport-request-id')[0]!) ? undefined : 'request id'
}

/** The body and what follows it; `undefined` while it is not whole. */
function takeBody(
  text: string,
  pairs: Pairs,
): { readonly body: string; readonly rest: string } | undefined {
  const said = pairs.find(([name]) => name === 'content-length')?.[1]
  if (said !== undefined) {
    const length = Number(said)
    if (text.length < length) return undefined
    return { body: text.slice(0, length), rest: text.slice(length) }
  }
  if (!pairs.some(([name]) => name === 'transfer-encoding')) return { body: '', rest: text }
  let body = ''
  for (let at = 0; ;) {
    const line = text.indexOf('\r\n', at)
    const size = line < 0 ? Number.NaN : Number.parseInt(text.slice(at, line), 16)
    if (Number.isNaN(size) || text.length < line + 2 + size + 2) return undefined
    body += text.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
    if (size === 0) return { body, rest: text.slice(at) }
  }
}
