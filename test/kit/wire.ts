import { connect as connectPlain } from 'node:net'
import type { Socket } from 'node:net'
import { connect } from 'node:tls'
import type { Got } from './ask.ts'
import { gotOf } from './ask.ts'

/** Where raw bytes go. */
export interface WireTarget {
  readonly port: number
  /** PEM; unsaid, plain HTTP. */
  readonly ca?: string
  readonly from?: string
}

/** A connection on which a test writes what it likes. */
export interface Wire {
  readonly socket: Socket
  /** Every byte that came, latin1. */
  text(): string
  /** Resolves when the other side closed or `ms` passed: to whether it closed. */
  closed(ms: number): Promise<boolean>
}

/** Opens a TLS connection (server name `localhost`), or a plain one. */
export function openWire({ port, ca, from = '127.0.0.1' }: WireTarget): Promise<Wire> {
  const base = { port, host: '127.0.0.1', localAddress: from }
  return new Promise((resolve, reject) => {
    const socket: Socket =
      ca === undefined
        ? connectPlain(base, () => resolve(wire))
        : connect({ ...base, ca, servername: 'localhost' }, () => resolve(wire))
    const pieces: Buffer[] = []
    let isClosed = false
    socket.on('data', (piece: Buffer) => pieces.push(piece))
    socket.on('close', () => {
      isClosed = true
    })
    // After the handshake a reset is an answer like any other.
    socket.on('error', reject)
    const wire: Wire = {
      socket,
      text: () => Buffer.concat(pieces).toString('latin1'),
      closed: (ms) =>
        new Promise((settle) => {
          if (isClosed) return settle(true)
          const timer = setTimeout(() => settle(false), ms)
          socket.once('close', () => {
            clearTimeout(timer)
            settle(true)
          })
        }),
    }
  })
}

/** How patient `exchange` is, in milliseconds. */
export interface ExchangeOptions {
  /** For `want` whole answers. */
  readonly waitMs?: number
  readonly want?: number
  /** For the end of the connection after them. */
  readonly closeMs?: number
}

/**
 * Writes bytes and returns the answers until the other side closes, `want` answers are whole, or `waitMs` passed.
 * `{host}` in a text stands for the gateway's authority.
 */
export async function exchange(
  target: WireTarget,
  bytes: string | Buffer,
  { waitMs = 3000, want = 1, closeMs = 20 }: ExchangeOptions = {},
): Promise<{ readonly answers: readonly Got[]; readonly isClosed: boolean }> {
  const wire = await openWire(target)
  wire.socket.write(
    typeof bytes === 'string'
      ? Buffer.from(bytes.replaceAll('{host}', `localhost:${target.port}`), 'latin1')
      : bytes,
  )
  const end = Date.now() + waitMs
  let isClosed = false
  let answers = parseAnswers(wire.text())
  while (Date.now() < end && !isClosed && answers.length < want) {
    isClosed = await wire.closed(10)
    answers = parseAnswers(wire.text())
  }
  isClosed ||= await wire.closed(closeMs)
  wire.socket.destroy()
  return { answers, isClosed }
}

/** The whole answers in a text; an interim one (1xx) counts as one, a cut one not at all. */
function parseAnswers(text: string): readonly Got[] {
  const answers: Got[] = []
  let rest = text
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) return answers
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n')
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0)
    const raw = lines.flatMap((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trim()]
    })
    const found = gotOf(status, raw, Buffer.alloc(0))
    const body = bodyOf(rest.slice(end + 4), found)
    if (body === undefined) return answers
    answers.push(gotOf(status, raw, Buffer.from(body.text, 'latin1')))
    rest = rest.slice(end + 4 + body.length)
  }
}

function bodyOf(
  rest: string,
  { status, headers }: Got,
): { readonly text: string; readonly length: number } | undefined {
  if (status < 200 || status === 204 || status === 304) return { text: '', length: 0 }
  if (headers.get('transfer-encoding') === 'chunked') return unchunked(rest)
  const length = Number(headers.get('content-length') ?? 0)
  return rest.length < length ? undefined : { text: rest.slice(0, length), length }
}

function unchunked(rest: string): { readonly text: string; readonly length: number } | undefined {
  let text = ''
  for (let at = 0; ;) {
    const line = rest.indexOf('\r\n', at)
    const size = line < 0 ? Number.NaN : Number.parseInt(rest.slice(at, line), 16)
    if (Number.isNaN(size) || rest.length < line + 2 + size + 2) return undefined
    text += rest.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
    if (size === 0) return { text, length: at }
  }
}
