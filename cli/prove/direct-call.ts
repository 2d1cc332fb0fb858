import { generateKeyPairSync, sign } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

/** What became of a request that went past the gateway. */
export type DirectOutcome =
  | { readonly kind: 'answered'; readonly status: number }
  /** The API, or TLS in front of it, asked for something that only the gateway has. */
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string }

/** One GET that is sent to an API itself. */
export interface DirectCall {
  /** `https://api.example.com`, no path. */
  readonly origin: string
  readonly path: string
  /** Flat list. */
  readonly headers: readonly string[]
  /** Whether the gateway shows a certificate there: then nginx says 400 to who shows none. */
  readonly hasCertificate: boolean
}

const TIMEOUT_MS = 5000
const REFUSING: ReadonlySet<number> = new Set([401, 403, 407, 421])
const UNREACHABLE: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ETIMEDOUT',
])

/** Sends one GET as a stranger would: certificates are not looked at, redirects not followed. Never rejects. */
export function callDirectly(call: DirectCall): Promise<DirectOutcome> {
  const url = new URL(call.origin)
  const headers = ['host', url.host, 'user-agent', 'sallyport-prove', ...call.headers]
  const options = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? undefined : Number(url.port),
    path: call.path,
    headers,
    agent: false,
    timeout: TIMEOUT_MS,
  } as const
  return new Promise((resolve) => {
    const sent =
      url.protocol === 'https:'
        ? httpsRequest({ ...options, rejectUnauthorized: false })
        : httpRequest(options)
    const finish = (outcome: DirectOutcome): void => {
      resolve(outcome)
      sent.destroy()
    }
    sent.once('response', ({ statusCode = 0 }) => finish(statusOutcome(statusCode, call)))
    sent.once('timeout', () => finish({ kind: 'unreachable', detail: 'no answer in time' }))
    sent.on('error', (error: NodeJS.ErrnoException) => finish(errorOutcome(error)))
    sent.end()
  })
}

function statusOutcome(status: number, { hasCertificate }: DirectCall): DirectOutcome {
  const isRefusal = REFUSING.has(status) || (hasCertificate && status === 400)
  return isRefusal ? { kind: 'refused', detail: String(status) } : { kind: 'answered', status }
}

function errorOutcome({ code = '', message }: NodeJS.ErrnoException): DirectOutcome {
  return UNREACHABLE.has(code)
    ? { kind: 'unreachable', detail: code }
    : { kind: 'refused', detail: code === '' ? message : code }
}

/** A token that says all the right things under a key that is not the gateway's. */
export function forgedIdentity({
  iss,
  aud,
}: {
  readonly iss: string
  readonly aud: string
}): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const iat = Math.floor(Date.now() / 1000)
  const header = { alg: 'ES256', kid: 'sallyport-prove', typ: 'sallyport-identity+jwt' }
  const claims = { iss, aud, caller: 'key', sub: 'key:admin', iat, exp: iat + 60, jti: 'prove' }
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const signature = sign('sha256', Buffer.from(text), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  return `${text}.${signature.toString('base64url')}`
}
