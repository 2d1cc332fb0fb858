import assert from 'node:assert/strict'
import { createPublicKey, hkdfSync, sign, verify } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { calculateJwkThumbprint } from 'jose'
import { Secret } from '../../base/secret.ts'
import { derivedFrom, ephemeralSecrets, openSecrets } from '../../store/secrets-file.ts'
import type { Secrets } from '../../store/secrets-file.ts'
import { SIGNING_SEED_BYTES, signingKeyOf } from './derive-key.ts'
import type { SigningKey } from './derive-key.ts'
import { KEY_PERIOD_MS, SigningKeys } from './signing-keys.ts'

const NOW = 1_800_000_000_000

function kidsOf(keys: SigningKeys, nowMs: number): string[] {
  const set = JSON.parse(keys.keySetText(nowMs)) as { keys: { kid: string }[] }
  return set.keys.map(({ kid }) => kid)
}

/** Sealing keys by version, the last one current. */
function secretsWith(...bytes: readonly number[]): Secrets {
  const versions = new Map(
    bytes.map((byte, index) => [index + 1, new Secret(Buffer.alloc(32, byte))]),
  )
  return {
    pepper: () => undefined,
    currentPepperVersion: 1,
    sealingKey: (version) => versions.get(version),
    ...derivedFrom((version) => versions.get(version)),
    currentSealingVersion: bytes.length,
  }
}

function deriveSigningKey(secret: Buffer, name: string): SigningKey {
  return signingKeyOf(Buffer.from(hkdfSync('sha256', secret, '', name, SIGNING_SEED_BYTES)))
}

suite('a derived key', () => {
  test('is the same for ever: another one would break every installation', () => {
    const { kid } = deriveSigningKey(Buffer.alloc(32, 7), 'sallyport identity ES256 1')
    assert.equal(kid, 'FJ3F2WGNvA2xNZ_mZ92Nn8kYcFj0EBf1jB0GC2L46rk')
  })

  test('signs what its public half verifies, for any secret and name', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.string(),
        async (secret, name) => {
          const { kid, privateKey, publicJwk } = deriveSigningKey(Buffer.from(secret), name)
          const key = createPublicKey({ key: { ...publicJwk }, format: 'jwk' })
          const data = Buffer.from(name)
          assert.ok(verify('sha256', data, key, sign('sha256', data, privateKey)))
          assert.equal(kid, await calculateJwkThumbprint({ ...publicJwk }))
          assert.equal('d' in publicJwk, false)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('differs by secret and by name', () => {
    const kids = [
      deriveSigningKey(Buffer.alloc(32, 1), 'a'),
      deriveSigningKey(Buffer.alloc(32, 2), 'a'),
      deriveSigningKey(Buffer.alloc(32, 1), 'b'),
    ].map(({ kid }) => kid)
    assert.equal(new Set(kids).size, 3)
  })
})

suite('signing keys', () => {
  test('two processes with one secrets file sign with one key, at once and after a restart', () => {
    const folder = mkdtempSync(join(tmpdir(), 'signing-'))
    try {
      const file = join(folder, 'secrets')
      const one = new SigningKeys(openSecrets(file))
      const two = new SigningKeys(openSecrets(file))
      assert.equal(one.current(NOW).kid, two.current(NOW).kid)
      assert.deepEqual(kidsOf(one, NOW), kidsOf(two, NOW))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('other secrets mean other keys', () => {
    const kids = [1, 2].map(() => new SigningKeys(ephemeralSecrets()).current(NOW).kid)
    assert.notEqual(kids[0], kids[1])
  })

  test('the key changes with the period, is published one before and stays for one after', () => {
    const keys = new SigningKeys(ephemeralSecrets())
    const [before, during, after] = [NOW - KEY_PERIOD_MS, NOW, NOW + KEY_PERIOD_MS]
    const { kid } = keys.current(during)
    assert.notEqual(keys.current(after).kid, kid)
    for (const momentMs of [before, during, after]) assert.ok(kidsOf(keys, momentMs).includes(kid))
    assert.equal(kidsOf(keys, NOW + 2 * KEY_PERIOD_MS).includes(kid), false)
  })

  test('the current key stands first and none twice', () => {
    const keys = new SigningKeys(secretsWith(1, 2))
    const kids = kidsOf(keys, NOW)
    assert.equal(kids[0], keys.current(NOW).kid)
    assert.equal(new Set(kids).size, kids.length)
  })

  test('what was signed before the sealing key was replaced can still be verified', () => {
    const { kid } = new SigningKeys(secretsWith(1)).current(NOW)
    const replaced = new SigningKeys(secretsWith(1, 2))
    assert.notEqual(replaced.current(NOW).kid, kid)
    assert.ok(kidsOf(replaced, NOW).includes(kid))
  })

  test('the key set holds no private part', () => {
    const text = new SigningKeys(ephemeralSecrets()).keySetText(NOW)
    assert.doesNotMatch(text, /"d"/)
  })

  test('a secrets file without a sealing key is a defect', () => {
    assert.throws(() => new SigningKeys(secretsWith()).current(NOW), /no sealing key/)
  })
})
