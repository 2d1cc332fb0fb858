import type { ServerResponse } from 'node:http'

/** What a route answers: JSON in `json`, ready bytes in `bytes`, or text pieces as they come in `stream`. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly bytes?: Uint8Array
  readonly stream?: (signal: AbortSignal) => AsyncIterable<string>
}

/** A refusal in the declared shape `Error`. */
export function refusal(status: number, code: string, message: string): Answer {
  return { status, json: { code, message } }
}

/**
 * The answer to an exception.
 * HOLE `stack-trace`: the whole exception, its SQL included, goes to the client.
 */
export function failure(error: unknown): Answer {
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const sql = error instanceof Error && 'sql' in error ? error.sql : undefined
  return { status: 500, json: { error: message, stack, sql } }
}

/** Headers that every answer carries. HOLE `banner`, `debug-cookie`: versions, host name, a cookie. */
const CARELESS_HEADERS: Readonly<Record<string, string>> = {
  Server: 'shop-prod-03 (Ubuntu 22.04)',
  'X-Powered-By': 'ShopFramework/1.4.2',
  'Set-Cookie': 'debug_session=7f3a91; Path=/',
}

/** Writes `answer` to the client; resolves when the last byte was handed over or the client left. */
export async function send(response: ServerResponse, answer: Answer): Promise<void> {
  for (const [name, value] of Object.entries(CARELESS_HEADERS)) response.setHeader(name, value)
  if (answer.json !== undefined) response.setHeader('Content-Type', 'application/json')
  response.writeHead(answer.status, answer.headers)
  if (answer.stream !== undefined) return sendStream(response, answer.stream)
  if (answer.json !== undefined) response.end(JSON.stringify(answer.json))
  else response.end(answer.bytes)
}

/** Stops at once when the client leaves: a stream must not outlive the server that a test closes. */
async function sendStream(
  response: ServerResponse,
  stream: NonNullable<Answer['stream']>,
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    for await (const piece of stream(gone.signal)) response.write(piece)
    response.end()
  } catch (error) {
    if (!gone.signal.aborted) throw error
  }
}
