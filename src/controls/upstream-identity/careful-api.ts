import { createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { PublicJwk } from '../../identity/signing/derive-key.ts'
import type { ProofRange, ProofRequest } from '../../pipeline/proof.ts'

/** An API of the range that asks who calls, as far as the gateway lets it. */
export interface CarefulApi {
  /** Who sends a token: `sub`, empty for nobody; `undefined` where the token proves nothing. */
  callerOf(token: string | undefined): string | undefined
}

/** How probe APIs are called as an audience. */
const AUDIENCE = 'sallyport-prove'

/** Reads the gateway's public keys, as an API does when it starts. */
export async function carefulApi(range: ProofRange): Promise<CarefulApi> {
  const answer = await range.raw(
    'GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  )
  const keys = keysIn(answer)
  return { callerOf: (token) => (token === undefined ? undefined : callerOf(token, keys)) }
}

/** The identity with which a request reaches the API. */
export async function identityOf(
  range: ProofRange,
  request: ProofRequest,
): Promise<string | undefined> {
  await range.send(request)
  const headers = range.sink.received().at(-1)?.headers ?? []
  const at = headers.findIndex((name) => name.toLowerCase() === 'sallyport-identity')
  return at < 0 ? undefined : headers[at + 1]
}

function keysIn(answer: string): ReadonlyMap<string, KeyObject> {
  const body = /^HTTP\/1\.1 200 [^]*?\r\n\r\n([^]*)$/.exec(answer)?.[1]
  if (body === undefined) return new Map()
  const { keys } = JSON.parse(body) as {
    readonly keys: readonly PublicJwk[]
  }
  return new Map(
    keys.map((key) => [key.kid, createPublicKey({ key: { ...key }, format: 'jwk' })] as const),
  )
}

function callerOf(token: string, keys: ReadonlyMap<string, KeyObject>): string | undefined {
  const [head = '', body = '', signature = ''] = token.split('.')
  const { alg, kid } = decode(head)
  const key = typeof kid === 'string' ? keys.get(kid) : undefined
  if (alg !== 'ES256' || key === undefined) return undefined
  const isSigned = verify(
    'sha256',
    Buffer.from(`${head}.${body}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
  const { aud, exp, sub } = decode(body)
  if (!isSigned || aud !== AUDIENCE || !(Number(exp) * 1000 > Date.now())) return undefined
  return typeof sub === 'string' ? sub : ''
}

function decode(part: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(Buffer.from(part, 'base64url').toString())) as Record<string, unknown>
  } catch {
    // What is no token names no key, and is refused for that.
    return {}
  }
}
