import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'

/** Largest answer that is read: many thousand keys. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024
const TIMEOUT_MS = 30_000

/** What the gateway answered: `body` is parsed where it is JSON, else text. */
export interface AdminReply {
  readonly status: number
  readonly body: unknown
}

/** The gateway could not be asked: `not_running`, `not_allowed` (the socket is somebody else's) or `broken`. */
export class AdminUnreachable extends Error {
  readonly code: 'not_running' | 'not_allowed' | 'broken'

  constructor(code: 'not_running' | 'not_allowed' | 'broken', message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'AdminUnreachable'
    this.code = code
  }
}

/** Asks a running gateway. */
export interface AdminClient {
  /** Rejects with `AdminUnreachable`; every answer that came, refusals too, resolves. */
  request(path: string, method?: string, body?: unknown): Promise<AdminReply>
}

/** Makes a client for the socket; nothing is opened before the first request. */
export function createAdminClient(socketPath: string): AdminClient {
  return {
    request: (path, method = 'GET', body) =>
      new Promise((resolve, reject) => {
        const text = body === undefined ? '' : JSON.stringify(body)
        const fail = (error: unknown): void => reject(unreachable(error, socketPath))
        const request = httpRequest(
          {
            socketPath,
            path,
            method,
            agent: false,
            timeout: TIMEOUT_MS,
            headers: { host: 'localhost', ...bodyHeaders(text) },
          },
          (response) => {
            readReply(response).then(resolve, fail)
          },
        )
        request.on('error', fail)
        request.on('timeout', () => request.destroy(new Error('no answer in time')))
        request.end(text)
      }),
  }
}

function bodyHeaders(text: string): Record<string, string> {
  if (text === '') return {}
  return {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
  }
}

async function readReply(response: IncomingMessage): Promise<AdminReply> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    const bytes = chunk as Buffer
    size += bytes.length
    if (size > MAX_ANSWER_BYTES) throw new Error('the answer is too large')
    chunks.push(bytes)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  const isJson = (response.headers['content-type'] ?? '').includes('json')
  return { status: response.statusCode ?? 0, body: isJson ? (JSON.parse(text) as unknown) : text }
}

function unreachable(error: unknown, socketPath: string): AdminUnreachable {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT' || code === 'ECONNREFUSED')
    return new AdminUnreachable('not_running', `no gateway listens on ${socketPath}`, error)
  if (code === 'EACCES' || code === 'EPERM')
    return new AdminUnreachable('not_allowed', `${socketPath} belongs to another user`, error)
  return new AdminUnreachable('broken', `${socketPath} gave no proper answer`, error)
}
