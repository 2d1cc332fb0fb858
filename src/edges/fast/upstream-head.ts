import { memo } from '../../base/memo.ts'
import { hasControl, isToken } from '../../http/chars.ts'
import type { CallPlan } from '../exchange/upstream-port.ts'
import { LineMemory } from './field-line.ts'
import { HeadLines } from './head-lines.ts'
import { OwnValues } from './own-values.ts'

/** Origin form of a request target (RFC 9112 section 3.2.1): printable ASCII, no space, no fragment. */
const TARGET = /^\/[!"$-~]*$/

/** `websocket` or `name/version` (RFC 9110 section 7.8). */
const PROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/

/** Fields that say how a message is framed or what becomes of the connection; they are written here and nowhere else. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'expect',
  'te',
  'trailer',
])

/** Signed words about callers, each used for half a minute [TOK-10]. */
const own = new OwnValues('sallyport-identity')
/** Whole heads; where one has another form than those before, its lines. */
const heads = new HeadLines(own)
const memory = new LineMemory(own)
const kindOf = memo(nameKind, { maxEntries: 1024, maxChars: 64 })

function nameKind(name: string): 'plain' | 'host' | 'own' | 'impossible' {
  const lower = name.toLowerCase()
  if (OWN_FIELDS.has(lower)) return 'own'
  if (lower === 'host') return 'host'
  return isToken(name) ? 'plain' : 'impossible'
}

/** Methods whose request means a content; without one, its length is said to be 0 (RFC 9110 section 8.6). */
const METHODS_WITH_CONTENT: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'QUERY'])

/**
 * The head of a request to an upstream, with exactly one framing, as latin1 text up to and with the empty line.
 * @throws TypeError when a part could be read as anything else than itself: a method or a field name that is no token,
 * a target with a space, a line break in a value, a framing field, none or two of `host`.
 * @see RFC 9112 sections 3, 5 and 6
 */
export function upstreamHead(plan: CallPlan): string {
  const { method, path, headers } = plan.request
  if (!isToken(method) || method === 'CONNECT') throw new TypeError('the method cannot be sent')
  if (!TARGET.test(path) && !(path === '*' && method === 'OPTIONS'))
    throw new TypeError('the target cannot be sent')
  const lines = heads.find(charsOfNames(headers), headers) ?? checkedLines(headers)
  return `${method} ${path} HTTP/1.1\r\n${lines}${framing(plan)}\r\n`
}

/** Heads with other names rarely have as many characters in them: each finds those of its own kind. */
function charsOfNames(headers: readonly string[]): number {
  let chars = 0
  for (let index = 0; index < headers.length; index += 2) chars += headers[index]?.length ?? 0
  return chars
}

/** @throws TypeError as `upstreamHead`. */
function checkedLines(headers: readonly string[]): string {
  let lines = ''
  let hosts = 0
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    const value = headers[index + 1]
    const place = index >> 1
    const known = value === undefined ? undefined : memory.known(place, name, value)
    if (known !== undefined) {
      lines += known
      continue
    }
    const kind = kindOf(name)
    // Before it is written: what was written once is not looked at again.
    if (kind === 'own') throw new TypeError(`the field ${name} belongs to the connection`)
    const line =
      value === undefined || kind === 'impossible' ? undefined : memory.write(place, name, value)
    if (line === undefined) throw new TypeError(`field ${place} cannot be sent`)
    if (kind === 'host') hosts += 1
    // Only what needs no look at its name is found again.
    if (kind !== 'plain') memory.forget(place)
    lines += line
  }
  if (hosts !== 1) throw new TypeError(`${hosts} fields named host`)
  heads.learn(charsOfNames(headers), '', headers)
  return lines
}

/** Fields that must not come behind a body: a server that merges them would read the message anew. */
const HEAD_FIELDS: ReadonlySet<string> = new Set([...OWN_FIELDS, 'host'])

/**
 * The end of a chunked body: the last chunk and its trailers.
 * @throws TypeError for a trailer that is no field, or that belongs into a head.
 * @see RFC 9112 section 7.1.2
 */
export function lastChunk(trailers: readonly string[]): string {
  let text = '0\r\n'
  for (let index = 0; index < trailers.length; index += 2) {
    const name = trailers[index] ?? ''
    const value = trailers[index + 1]
    if (
      value === undefined ||
      !isToken(name) ||
      hasControl(value) ||
      HEAD_FIELDS.has(name.toLowerCase())
    )
      throw new TypeError(`trailer ${index / 2} cannot be sent`)
    text += `${name}: ${value}\r\n`
  }
  return `${text}\r\n`
}

/** How long the body of a request is: a number of bytes, or `chunked`; `undefined` where there is none. */
export function bodyFraming({ body, streamedBytes }: CallPlan): number | 'chunked' | undefined {
  if (body === undefined) return undefined
  if (Buffer.isBuffer(body)) return body.length === 0 ? undefined : body.length
  return streamedBytes ?? 'chunked'
}

function framing(plan: CallPlan): string {
  const length = bodyFraming(plan)
  if (plan.upgrade !== undefined) {
    if (length !== undefined || !PROTOCOL.test(plan.upgrade))
      throw new TypeError('the switch of protocols cannot be asked for')
    return `connection: upgrade\r\nupgrade: ${plan.upgrade}\r\n`
  }
  if (length === 'chunked') return 'transfer-encoding: chunked\r\n'
  if (length !== undefined) {
    if (!Number.isSafeInteger(length) || length < 0) throw new TypeError('the length is no length')
    return `content-length: ${length}\r\n`
  }
  return METHODS_WITH_CONTENT.has(plan.request.method) ? 'content-length: 0\r\n' : ''
}
