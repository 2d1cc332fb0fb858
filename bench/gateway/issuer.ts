import { createSign, generateKeyPairSync } from 'node:crypto'

/** An issuer made for one run: its key in both spellings, and tokens signed with it. */
export interface BenchIssuer {
  readonly publicPem: string | Buffer
  /** A JWK set, as JSON. */
  readonly jwks: string
  readonly tokens: readonly string[]
}

/** Makes an RS256 issuer `https://id.example` with `count` different tokens of about 700 bytes, good for an hour. */
export function benchIssuer(count: number): BenchIssuer {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'RS256', use: 'sig' }
  const nowSeconds = Math.floor(Date.now() / 1000)
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const tokens = Array.from({ length: count }, (_, index) => {
    const claims = {
      iss: 'https://id.example',
      aud: 'bench',
      sub: `user-${index}`,
      client_id: 'bench',
      scope: 'items:read items:write',
      iat: nowSeconds,
      exp: nowSeconds + 3600,
      jti: `t-${index}`,
      name: 'A user with a name',
      email: `user-${index}@example.com`,
    }
    const text = `${encode({ alg: 'RS256', typ: 'at+jwt', kid: 'bench' })}.${encode(claims)}`
    return `${text}.${createSign('RSA-SHA256').update(text).sign(privateKey, 'base64url')}`
  })
  return {
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }),
    jwks: JSON.stringify({ keys: [jwk] }),
    tokens,
  }
}

/** The gateway's configuration in both benches: every control as it comes, limits too high to be met. */
export function benchConfig(place: {
  readonly api: string
  readonly upstreamPort: number
  readonly port: number
}): string {
  return `openapi: ${place.api}
upstream: http://127.0.0.1:${place.upstreamPort}
listen: { http: ${place.port}, plain: serve, address: 127.0.0.1 }
auth: { jwt: { issuers: { "https://id.example": { audience: bench, algs: [RS256], maxAge: 60min, jwks: "file:./jwks.json" } } } }
limits: { ip: 10000000/s burst 10000000, principal: 10000000/s burst 10000000 }
logs: { sinks: ["file:./access.log"] }
store: "memory:"
`
}
