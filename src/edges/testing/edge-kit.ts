import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { FakeCore } from './fake-core.ts'
import type { EdgeLimits } from '../exchange/limits.ts'
import type { Listener, ListenerOptions } from '../listener/listener.ts'
import { startListener } from '../listener/listener.ts'

/** A listener with its bendable core in front of an upstream. */
export interface Edge {
  readonly core: FakeCore
  readonly listener: Listener
  readonly url: string
  readonly port: number
}

/** Starts a plain listener in front of `origin` and ends it with the test. */
export type StartEdge = (
  t: TestContext,
  origin: string,
  limits?: Partial<EdgeLimits>,
  onUpstream?: ListenerOptions['onUpstream'],
) => Promise<Edge>

/** Starts listeners of a transport. */
export function edgesOf(transport: 'node' | 'fast'): StartEdge {
  return (t, origin, limits = {}, onUpstream) =>
    openEdge(t, origin, {
      transport,
      limits: { sweepMs: 20, drainMs: 200, ...limits },
      ...(onUpstream === undefined ? {} : { onUpstream }),
    })
}

/** For tests of what all transports share. */
export const startEdge: StartEdge = edgesOf('node')

async function openEdge(
  t: TestContext,
  origin: string,
  options: Pick<ListenerOptions, 'transport' | 'limits' | 'onUpstream'>,
): Promise<Edge> {
  const core = new FakeCore(origin)
  const listener = await startListener({
    core,
    port: 0,
    address: '127.0.0.1',
    kind: 'http',
    ...options,
  })
  t.after(() => listener.close(0))
  return { core, listener, port: listener.port, url: `http://127.0.0.1:${listener.port}` }
}

/** An HTTP upstream; every request it saw is kept. */
export async function httpUpstream(
  t: TestContext,
  handle: (req: IncomingMessage, res: ServerResponse) => void,
): Promise<string> {
  return listenFor(t, createHttpServer(handle))
}

/** An upstream that speaks bytes. */
export async function rawUpstream(
  t: TestContext,
  handle: (socket: Socket) => void,
): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    handle(socket)
  })
  return listenFor(t, server)
}

/** An upstream that answers the end of each request head with the same bytes, and closes or not. */
export function cannedUpstream(t: TestContext, bytes: string, closes = true): Promise<string> {
  return rawUpstream(t, (socket) => {
    socket.once('data', () => {
      if (closes) socket.end(bytes, 'latin1')
      else socket.write(bytes, 'latin1')
    })
  })
}

async function listenFor(t: TestContext, server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A client that speaks bytes and keeps what it got. */
export class RawClient {
  readonly socket: Socket
  text = ''
  isClosed = false

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setEncoding('latin1')
    this.socket.on('data', (chunk: string) => (this.text += chunk))
    this.socket.on('error', () => this.socket.destroy())
    this.socket.on('close', () => (this.isClosed = true))
  }

  write(text: string): this {
    this.socket.write(text, 'latin1')
    return this
  }

  /** Waits until the text matches or the connection ends. */
  async until(pattern: RegExp): Promise<string> {
    await eventually(() => pattern.test(this.text) || this.isClosed)
    return this.text
  }

  async closed(): Promise<string> {
    await eventually(() => this.isClosed)
    return this.text
  }
}

/** Sends bytes and returns everything up to the end of the connection. */
export async function exchangeRaw(port: number, bytes: string): Promise<string> {
  return new RawClient(port).write(bytes).closed()
}

/** Waits at most 8 s for something to become true. */
export async function eventually(holds: () => boolean): Promise<void> {
  const end = performance.now() + 8_000
  while (!holds()) {
    if (performance.now() > end) throw new Error(`did not happen: ${holds.toString()}`)
    await sleep(5)
  }
}
