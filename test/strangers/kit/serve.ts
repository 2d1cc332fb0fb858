import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as the routes of a stranger see it: nothing checked, as such programs are written. */
export interface Call {
  readonly path: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  /** JSON or form fields; `undefined` where there is none. Careless programs take it for what they want it to be. */
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any
  readonly bytes: Buffer
}

/** Status, value and further fields of an answer; a text goes as it is. */
export type Reply = readonly [status: number, value?: unknown, headers?: Record<string, string>]

export type Routes = Readonly<Record<string, (call: Call) => Reply | Promise<Reply>>>

/** A running API of the rehearsal. */
export interface Stranger {
  readonly url: string
  readonly port: number
  /** Back to the seed. */
  reset(): void
  close(): Promise<void>
}

/** Serves routes written `GET /books/{title}`, the first that fits; shows its insides when it breaks. */
export async function serve(banner: string, routes: Routes, reset: () => void): Promise<Stranger> {
  const table = Object.entries(routes).map(([line, answer]) => ({ ...pattern(line), answer }))
  const server = createServer((request, response) => {
    void answerTo(request, table).then((reply) => send(response, banner, reply))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    reset,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** Whatever page asks may read the answer, with the credentials of whoever looks at it. */
export function anyOrigin(routes: Routes): Routes {
  return Object.fromEntries(
    Object.entries(routes).map(([line, answer]) => [
      line,
      async (call: Call): Promise<Reply> => {
        const [status, value, headers] = await answer(call)
        const { origin } = call.headers
        const told = {
          'access-control-allow-origin': origin ?? 'null',
          'access-control-allow-credentials': 'true',
        }
        return [status, value, { ...told, ...headers }]
      },
    ]),
  )
}

interface Row extends ReturnType<typeof pattern> {
  readonly answer: Routes[string]
}

async function answerTo(request: IncomingMessage, table: readonly Row[]): Promise<Reply> {
  const bytes = await readAll(request)
  try {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stranger')
    for (const { method, shape, answer } of table) {
      const found = method === request.method ? shape.exec(decodeURIComponent(pathname)) : null
      if (found === null) continue
      const { headers } = request
      const body = parse(bytes, headers['content-type'] ?? '')
      return await answer({ path: { ...found.groups }, query: searchParams, headers, body, bytes })
    }
    return [404, { message: `no such route: ${pathname}` }]
  } catch (error) {
    return [500, { message: 'Internal error', trace: (error as Error).stack }]
  }
}

function pattern(line: string): { readonly method: string; readonly shape: RegExp } {
  const [method = '', template = ''] = line.split(' ')
  const shape = template.replaceAll('.', '\\.').replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')
  return { method, shape: new RegExp(`^${shape}$`) }
}

function parse(bytes: Buffer, type: string): unknown {
  if (bytes.length === 0) return undefined
  if (type.startsWith('application/x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(bytes.toString()))
  return type.startsWith('application/json') ? JSON.parse(bytes.toString()) : undefined
}

function send(response: ServerResponse, banner: string, [status, value, headers]: Reply): void {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const isEmpty = value === undefined
  response.writeHead(status, {
    'x-powered-by': banner,
    server: banner,
    ...(isEmpty ? {} : { 'content-type': 'application/json' }),
    ...headers,
  })
  response.end(isEmpty ? undefined : text)
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}
