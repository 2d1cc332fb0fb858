import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** What deviates from a good token: claims to change (`undefined` leaves one out), the header's `typ`. */
export interface TokenPlan {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly typ?: string
  /** Lifetime in seconds from now; negative for one that is over. */
  readonly lifeSeconds?: number
}

/** An issuer of access tokens whose keys a gateway reads from a file. */
export interface TestIssuer {
  readonly iss: string
  readonly audience: string
  /** Content of the key file. */
  readonly jwks: string
  /** The line of `auth.jwt.issuers` that trusts it, with its keys in `file`. */
  yaml(file: string): string
  mint(sub: string, plan?: TokenPlan): Promise<string>
}

/** Makes an issuer with a fresh ES256 key. */
export async function makeIssuer(iss: string, audience: string): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'test', alg: 'ES256', use: 'sig' }
  return {
    iss,
    audience,
    jwks: JSON.stringify({ keys: [jwk] }),
    yaml: (file) =>
      `${JSON.stringify(iss)}: { audience: ${JSON.stringify(audience)}, jwks: "file:${file}" }`,
    mint: (sub, { claims = {}, typ = 'at+jwt', lifeSeconds = 300 } = {}) => {
      const now = Math.floor(Date.now() / 1000)
      const iat = lifeSeconds < 0 ? now + lifeSeconds - 60 : now
      const payload = { iss, aud: audience, sub, client_id: 'test', iat, exp: now + lifeSeconds }
      return new SignJWT({ ...payload, ...claims })
        .setProtectedHeader({ alg: 'ES256', typ, kid: 'test' })
        .sign(privateKey)
    },
  }
}
