import { createHmac } from 'node:crypto'

/** HOLE `weak-secret`: in every list of guesses. */
const SIGNING_SECRET = 'secret'

/** The shop's own login token: HS256, never expires. */
export function signToken(claims: Readonly<Record<string, unknown>>): string {
  const head = encode({ alg: 'HS256', typ: 'JWT' })
  const payload = encode(claims)
  const signature = createHmac('sha256', SIGNING_SECRET).update(`${head}.${payload}`)
  return `${head}.${payload}.${signature.digest('base64url')}`
}

/**
 * The `sub` of whatever stands after `Bearer`, or `undefined` where that is no JWT (an API key, say).
 * HOLE `unverified-token`: the signature is never looked at, "the gateway in front has done that".
 */
export function subjectOf(authorization: string | undefined): string | undefined {
  const payload = /^Bearer [^.]+\.([^.]+)\./i.exec(authorization ?? '')?.[1]
  if (payload === undefined) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const sub = (claims as { sub?: unknown } | null)?.sub
    return typeof sub === 'string' || typeof sub === 'number' ? String(sub) : undefined
  } catch {
    return undefined // not ours: the caller stays the guest
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
