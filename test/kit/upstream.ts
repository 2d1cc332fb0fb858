import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createRawServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/** A request as an upstream got it. */
export interface SeenRequest {
  readonly method: string
  readonly target: string
  /** Flat list as received. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

/** A service behind the gateway. */
export interface TestUpstream {
  /** Without a slash at the end. */
  readonly url: string
  readonly port: number
  /** What came, in order; a test may empty it. */
  readonly seen: SeenRequest[]
  close(): Promise<void>
}

/** Answers one request whose body was read. */
export type Script = (request: SeenRequest, response: ServerResponse) => unknown

/** An HTTP service on loopback that answers as it is told; every request is kept. */
export async function startUpstream(script: Script): Promise<TestUpstream> {
  const seen: SeenRequest[] = []
  const server = createServer((request, response) => {
    void readRequest(request).then((whole) => {
      seen.push(whole)
      return script(whole, response)
    }, ignoreBrokenRequest)
  })
  server.keepAliveTimeout = 10_000
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    response.writeContinue()
    server.emit('request', request, response)
  })
  return listening(server, seen, () => server.closeAllConnections())
}

/** A client that went away in the middle of its body is no fault of the upstream. */
function ignoreBrokenRequest(): void {}

async function readRequest(request: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    rawHeaders: request.rawHeaders,
    body: Buffer.concat(chunks),
  }
}

/** A service that writes what it likes: `script` gets the socket and every piece that arrives on it. */
export async function startRawUpstream(
  script: (socket: Socket, received: Buffer) => void,
): Promise<TestUpstream> {
  const sockets = new Set<Socket>()
  const server = createRawServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.on('data', (piece: Buffer) => script(socket, piece))
  })
  return listening(server, [], () => {
    for (const socket of sockets) socket.destroy()
  })
}

async function listening(
  server: Server,
  seen: SeenRequest[],
  destroyAll: () => void,
): Promise<TestUpstream> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  // Where a test fails before it can close everything, the process ends all the same.
  server.unref()
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        destroyAll()
      }),
  }
}
