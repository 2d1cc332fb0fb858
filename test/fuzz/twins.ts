import { connect } from 'node:net'
import type { TestGateway } from '../kit/gateway.ts'
import { startGateway } from '../kit/gateway.ts'
import type { StrictRequest, StrictUpstream } from './strict-upstream.ts'
import { startStrictUpstream } from './strict-upstream.ts'

export type TransportName = 'node' | 'fast'

/** One of two gateways that differ in nothing but their transport, with an upstream of its own. */
export interface Twin {
  readonly transport: TransportName
  readonly gateway: TestGateway
  readonly upstream: StrictUpstream
  /** Request id -> what the upstream took under it, in a form that two transports must agree on. */
  readonly taken: Map<string, string>
}

/** What a client sees of one connection. */
export interface Outcome {
  /** An entry per answer: its status, and the class of a refusal. */
  readonly answers: readonly string[]
  /** What reached the upstream for those answers. */
  readonly taken: readonly string[]
}

/** Starts the gateway of one transport. */
export async function startTwin(
  transport: TransportName,
  yaml: (upstream: string) => string,
  document: string,
): Promise<Twin> {
  const taken = new Map<string, string>()
  const upstream = await startStrictUpstream((request) => {
    const id = /sallyport-request-id: ?(\w+)/i.exec(request.head)?.[1] ?? ''
    taken.set(id, canonicalText(request))
  })
  const gateway = await startGateway({
    yaml: `${yaml(upstream.url)}\ntransport: ${transport}\n`,
    files: { 'openapi.yaml': document },
  })
  return { transport, gateway, upstream, taken }
}

/** Fields that differ between any two requests, and how the content is framed. */
const OWN_FIELDS =
  /^(?:sallyport-request-id|sallyport-identity|traceparent|host|connection|content-length|transfer-encoding):/i

/** The message without what one transport may say otherwise than the other: framing, order of fields, ids. */
function canonicalText({ head, body }: StrictRequest): string {
  const [line = '', ...fields] = head.split('\r\n')
  const kept = fields
    .filter((field) => !OWN_FIELDS.test(field))
    .map((field) => field.replace(/^[^:]+/, (name) => name.toLowerCase()))
  return [line, ...kept.toSorted(), '', body].join('\r\n')
}

/** A connection on which nothing comes any more waits for bytes that will not come either. */
const QUIET_MS = 600
/** Longer than any answer that still comes. */
const GIVE_UP_MS = 5_000
/** Asks for the end of the connection, unless what came before swallows it or ends it itself. */
const LAST = Buffer.from('GET /v2/last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')

/** Writes the bytes and a last request, and reads until the gateway closes or is silent; latin1. */
export function sayAll(port: number, pieces: readonly Buffer[]): Promise<string> {
  return new Promise((resolve) => {
    const received: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const timer = setTimeout(() => socket.destroy(), GIVE_UP_MS)
    const quiet = setTimeout(() => socket.end(), QUIET_MS)
    socket.on('data', (piece: Buffer) => {
      received.push(piece)
      quiet.refresh()
    })
    // The gateway may close in the middle of what it is told.
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      clearTimeout(timer)
      clearTimeout(quiet)
      resolve(Buffer.concat(received).toString('latin1'))
    })
    for (const piece of pieces) socket.write(piece)
    socket.write(LAST)
  })
}

/** Reads the answers out of what a client got. Answers to HEAD have no body, so heads are looked for, not messages. */
export function outcomeOf(text: string, taken: Twin['taken']): Outcome {
  const heads = [...text.matchAll(/HTTP\/1\.[01] (\d{3}) [^]*?\r\n\r\n(\{[^}]*\})?/g)]
  const answers = heads.map(([head, status = '', body = '']) => {
    const problem = /"type":"([^"]*)"/.exec(body)?.[1] ?? ''
    const closes = /\r\nconnection: close\r\n/i.test(head) ? ' close' : ''
    return `${status}${problem === '' ? '' : ` ${problem.replace(/^.*[/:]/, '')}`}${closes}`
  })
  const ids = heads.map(([head]) => /sallyport-request-id: (\w+)/i.exec(head)?.[1] ?? '')
  return { answers, taken: ids.flatMap((id) => taken.get(id) ?? []) }
}

export async function stopTwin({ gateway, upstream }: Twin): Promise<void> {
  await gateway.close()
  await upstream.close()
}
