import { createHmac } from 'node:crypto'

/** Signs as such APIs do: HS256 with whatever secret, or not at all. */
export function signed(claims: object, secret: string | undefined): string {
  const head = { alg: secret === undefined ? 'none' : 'HS256', typ: 'JWT' }
  const data = `${encoded(head)}.${encoded(claims)}`
  return `${data}.${secret === undefined ? '' : mac(data, secret)}`
}

/** Believes a token as such APIs do: the token itself says how it is signed. `undefined`: not even that. */
export function believed(
  token: string,
  secret: string,
): Readonly<Record<string, unknown>> | undefined {
  try {
    const [head = '', claims = '', signature] = token.split('.')
    const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString())
    if (alg !== 'none' && signature !== mac(`${head}.${claims}`, secret)) return undefined
    const found = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>
    return Number(found['exp']) < Date.now() / 1000 ? undefined : found
  } catch {
    return undefined
  }
}

/** The token behind `Authorization: Bearer`. */
export function bearer(authorization: string | undefined): string {
  return authorization?.split(' ')[1] ?? ''
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function mac(data: string, secret: string): string {
  return createHmac('sha256', secret).update(data).digest('base64url')
}
