import type { Exchange, ObjectAnswer } from '../pipeline/exchange.ts'
import type { SendWhole } from './core.ts'
import { plainUpstreamPath, requestHeaders } from './forward.ts'
import type { SitePlan } from './plan.ts'

/** Most of an object that is read to see whose it is. */
const MAX_OBJECT_BYTES = 1_048_576

/** What describes the body of the client's own request, or asks for less than the object. */
const NOT_OF_A_READ: ReadonlySet<string> = new Set([
  'accept-encoding',
  'content-encoding',
  'content-language',
  'content-location',
  'content-md5',
  'content-digest',
  'content-type',
  'digest',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
  'repr-digest',
])

/**
 * GETs an object with the rights of an exchange's caller: the fields that its own request carries, without what
 * belongs to its body. `undefined`: no whole answer came, or one in a coding that was not asked for. Never rejects.
 */
export async function readObject(
  exchange: Exchange,
  read: { readonly sitePlan: SitePlan; readonly path: string; readonly send: SendWhole },
): Promise<ObjectAnswer | undefined> {
  const { sitePlan, path, send } = read
  const { api } = sitePlan
  const headers = requestHeaders(exchange, sitePlan)
  const answer = await send(
    {
      upstream: api.runtime.model.name,
      method: 'GET',
      path: plainUpstreamPath(path, api),
      headers: [...withoutBodyFields(headers), 'accept-encoding', 'identity'],
      firstByteMs: api.firstByteMs,
    },
    MAX_OBJECT_BYTES,
    exchange.signal,
  )
  if (answer === undefined || isCoded(answer.rawHeaders)) return undefined
  return { status: answer.status, body: answer.body }
}

function withoutBodyFields(headers: readonly string[]): readonly string[] {
  const kept: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (!NOT_OF_A_READ.has(name.toLowerCase())) kept.push(name, headers[i + 1] ?? '')
  }
  return kept
}

function isCoded(rawHeaders: readonly string[]): boolean {
  return rawHeaders.some(
    (name, index) =>
      index % 2 === 0 &&
      name.toLowerCase() === 'content-encoding' &&
      rawHeaders[index + 1]?.trim().toLowerCase() !== 'identity',
  )
}
