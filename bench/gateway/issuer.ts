import { generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

const LIFE_SECONDS = 3600
const signLater = promisify(sign)

/** An issuer made for one run: its key in both spellings, and tokens signed with it. */
export interface BenchIssuer {
  readonly publicPem: string | Buffer
  /** A JWK set, as JSON. */
  readonly jwks: string
  readonly tokens: readonly string[]
  /**
   * Signs tokens of numbers `from` to `from + count`; on every core, about 0.7 ms of one each. Each is of another caller,
   * or of one of as many as `callers` says.
   */
  readonly more: (from: number, count: number, callers?: number) => Promise<readonly string[]>
}

/** Makes an RS256 issuer `https://id.example` with `count` different tokens of about 700 bytes, good for an hour. */
export async function benchIssuer(count: number): Promise<BenchIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'RS256', use: 'sig' }
  const more: BenchIssuer['more'] = (from, size, callers = from + size) => {
    const numbers = Array.from({ length: size }, (_, index) => from + index)
    return Promise.all(numbers.map((index) => signToken(privateKey, index, index % callers)))
  }
  return {
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }),
    jwks: JSON.stringify({ keys: [jwk] }),
    tokens: await more(0, count),
    more,
  }
}

async function signToken(key: KeyObject, index: number, caller: number): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const claims = {
    iss: 'https://id.example',
    aud: 'bench',
    sub: `user-${caller}`,
    client_id: 'bench',
    scope: 'items:read items:write',
    iat: nowSeconds,
    exp: nowSeconds + LIFE_SECONDS,
    jti: `t-${index}`,
    name: 'A user with a name',
    email: `user-${caller}@example.com`,
  }
  const text = `${encode({ alg: 'RS256', typ: 'at+jwt', kid: 'bench' })}.${encode(claims)}`
  const signature = await signLater('RSA-SHA256', Buffer.from(text), key)
  return `${text}.${signature.toString('base64url')}`
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** The data planes that a run may name. */
export type Transport = 'node' | 'fast'

/** Where a gateway of the bench listens and what it serves. */
export interface BenchPlace {
  readonly api: string
  readonly upstreamPort: number
  readonly port: number
  /** Port and folder with `tls.crt` and `tls.key`. */
  readonly tls?: { readonly port: number; readonly folder: string }
  /** The gateway's own default unless said. */
  readonly transport?: Transport
}

/**
 * The gateway's configuration in all benches: every control as it comes, limits too high to be met. The generator counts as a
 * balancer, because of one address a gateway takes 100 connections and 20 handshakes a second.
 */
export function benchConfig({ api, upstreamPort, port, tls, transport }: BenchPlace): string {
  const secure =
    tls === undefined
      ? ''
      : `, https: ${tls.port}, tls: { cert: "file:${tls.folder}/tls.crt", key: "file:${tls.folder}/tls.key" }`
  return `openapi: ${api}
upstream: http://127.0.0.1:${upstreamPort}
listen: { http: ${port}, plain: serve, address: 127.0.0.1, trustedProxies: [127.0.0.1/32]${secure} }
auth: { jwt: { issuers: { "https://id.example": { audience: bench, algs: [RS256], maxAge: 60min, jwks: "file:./jwks.json" } } } }
limits: { ip: 10000000/s burst 10000000, principal: 10000000/s burst 10000000 }
logs: { sinks: ["file:./access.log"] }
store: "memory:"
${transport === undefined ? '' : `transport: ${transport}\n`}`
}
