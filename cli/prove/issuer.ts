import { createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { ProofTokenOptions } from '../../src/pipeline/proof.ts'
import { PROBE_API, PROBE_ISSUER } from './range-settings.ts'

const KEY_ID = 'prove-1'
const LIFE_SECONDS = 300

/** An issuer of access tokens whose only audience is the range. */
export class Issuer {
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  readonly #stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

  /** The key set that the gateways of the range are given. */
  get jwks(): string {
    const key = this.#keys.publicKey.export({ format: 'jwk' })
    return JSON.stringify({ keys: [{ ...key, kid: KEY_ID, alg: 'ES256', use: 'sig' }] })
  }

  /** A token good for the range, changed or forged as asked. */
  token({ claims, header, forged }: ProofTokenOptions = {}): string {
    const now = Math.floor(Date.now() / 1000)
    const alg = { unsigned: 'none', 'public-key-hmac': 'HS256', stranger: 'ES256' } as const
    const head = {
      typ: 'at+jwt',
      alg: forged === undefined ? 'ES256' : alg[forged],
      kid: KEY_ID,
      ...header,
    }
    const payload = {
      iss: PROBE_ISSUER,
      aud: PROBE_API,
      sub: 'prove',
      client_id: 'prove',
      jti: randomUUID(),
      iat: now,
      exp: now + LIFE_SECONDS,
      ...claims,
    }
    const text = `${encode(head)}.${encode(payload)}`
    return `${text}.${this.#signature(text, forged)}`
  }

  #signature(text: string, forged: ProofTokenOptions['forged']): string {
    if (forged === 'unsigned') return ''
    if (forged === 'public-key-hmac') {
      const pem = this.#keys.publicKey.export({ format: 'pem', type: 'spki' })
      return createHmac('sha256', pem).update(text).digest('base64url')
    }
    return es256(text, forged === 'stranger' ? this.#stranger : this.#keys.privateKey)
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function es256(text: string, key: KeyObject): string {
  return sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
}
