import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { FakeClock } from '../base/clock.ts'
import { ConfigError } from '../base/config-error.ts'
import {
  claimsAt,
  forge,
  HEADER,
  ISS,
  keySetDocument,
} from '../identity/tokens/testing/token-forge.ts'
import type { Secrets } from '../store/secrets-file.ts'
import { loadText } from './config/config-fixture.ts'
import type { Settings } from './config/settings.ts'
import { openServices, openTokens, pseudonymKey } from './services.ts'

const TWO_LINES = 'openapi: ./openapi.yaml\nupstream: http://127.0.0.1:3000\n'
const KEYS = keySetDocument()

async function settingsIn(
  t: TestContext,
  text: string,
  files: Readonly<Record<string, string>> = {},
): Promise<Settings> {
  return (await loadText(t, TWO_LINES + text, { files })).settings
}

suite('services', () => {
  test('in memory leave nothing on the disk, and no pepper that outlives them', async (t) => {
    const settings = await settingsIn(t, "store: 'memory:'\nsecrets: file:./secrets\n")
    const services = openServices(settings, new FakeClock())
    const { key } = await services.keys.admin.create({}, 0)
    assert.ok('principal' in (await services.keys.verify(key.reveal(), 0)))
    await services.close()
    assert.equal(existsSync(settings.secretsFile), false)
  })

  test('on disk find their keys again, and the same pseudonyms', async (t) => {
    const settings = await settingsIn(t, 'store: sqlite:./keys.db\nsecrets: file:./secrets\n')
    const clock = new FakeClock()
    const first = openServices(settings, clock)
    const { key } = await first.keys.admin.create({}, clock.nowMs())
    const pseudonyms = pseudonymKey(first.secrets).reveal()
    await first.close()
    const second = openServices(settings, clock)
    t.after(() => second.close())
    assert.ok('principal' in (await second.keys.verify(key.reveal(), clock.nowMs())))
    assert.deepEqual(pseudonymKey(second.secrets).reveal(), pseudonyms)
    assert.equal(statSync(settings.secretsFile).mode & 0o777, 0o600)
  })

  test('write the last uses of keys before they close', async (t) => {
    const settings = await settingsIn(t, 'store: sqlite:./keys.db\nsecrets: file:./secrets\n')
    const clock = new FakeClock()
    const first = openServices(settings, clock)
    const made = await first.keys.admin.create({}, clock.nowMs())
    const { id } = made.row
    await first.keys.verify(made.key.reveal(), clock.nowMs())
    await first.close()
    const second = openServices(settings, clock)
    t.after(() => second.close())
    const row = await second.records.keys.get(id)
    assert.notEqual(row?.lastUsedAtMs, undefined)
  })

  test('make keys as the configuration says', async (t) => {
    const settings = await settingsIn(
      t,
      "store: 'memory:'\nauth: { apiKey: { prefix: acme, expires: 10d } }\n",
    )
    const services = openServices(settings, new FakeClock())
    t.after(() => services.close())
    const { key, row } = await services.keys.admin.create({}, 0)
    assert.match(key.reveal(), /^acme_sk_/)
    assert.equal(row.expiresAtMs, 10 * 86_400_000)
  })

  test('that cannot be opened stop the start', async (t) => {
    const settings = await settingsIn(t, "store: 'memory:'\n")
    const store = { kind: 'sqlite', path: join(settings.secretsFile, 'no/such/folder.db') } as const
    assert.throws(() => openServices({ ...settings, store }, new FakeClock()), ConfigError)
  })
})

test('secrets without a sealing key are a defect', () => {
  const empty = { derived: () => undefined, currentSealingVersion: 1 } as unknown as Secrets
  assert.throws(() => pseudonymKey(empty), /no sealing key/)
})

suite('tokens', () => {
  const issuer = (more: string): string =>
    `auth: { jwt: { issuers: { '${ISS}': { audience: orders, algs: [ES256, RS256, EdDSA, PS256], ${more} } } } }\n`

  test('of an issuer with its keys in a file are good once those are read', async (t) => {
    const clock = new FakeClock()
    const settings = await settingsIn(t, issuer("jwks: 'file:keys.json'"), {
      'keys.json': JSON.stringify(KEYS),
    })
    const tokens = openTokens(settings, ({ isUp }) => assert.ok(isUp, 'keys are there'))
    assert.deepEqual(tokens.issuersWithoutKeys(clock.nowMs()), [ISS])
    await tokens.warm(clock.nowMs())
    assert.deepEqual(tokens.issuersWithoutKeys(clock.nowMs()), [])
    const claims = claimsAt(clock.nowMs(), { aud: 'orders', sub: 'ann' })
    const found = await tokens.verify(forge(HEADER, claims), clock.nowMs())
    assert.ok('principal' in found, JSON.stringify(found))
    assert.equal(found.principal.subject, 'ann')
    const other = claimsAt(clock.nowMs(), { aud: 'others' })
    const refused = await tokens.verify(forge(HEADER, other), clock.nowMs())
    assert.ok('reason' in refused)
  })

  test('of an issuer whose keys cannot be had are told about, without ending anything', async (t) => {
    const clock = new FakeClock()
    const settings = await settingsIn(t, issuer("jwks: 'file:keys.json'"), { 'keys.json': '{' })
    const told: string[] = []
    const tokens = openTokens(settings, ({ iss, isUp }) => told.push(`${iss} ${isUp}`))
    await tokens.warm(clock.nowMs())
    assert.deepEqual(told, [`${ISS} false`])
    assert.deepEqual(tokens.issuersWithoutKeys(clock.nowMs()), [ISS])
  })

  test('are none without issuers', async (t) => {
    const tokens = openTokens(await settingsIn(t, ''), () => assert.fail())
    assert.deepEqual(tokens.issuersWithoutKeys(0), [])
    assert.ok('reason' in (await tokens.verify(forge(HEADER, claimsAt(0, {})), 0)))
  })

  test('of two types are taken where the issuer says so', async (t) => {
    const clock = new FakeClock()
    const plain = forge({ ...HEADER, typ: 'JWT' }, claimsAt(clock.nowMs(), { aud: 'orders' }))
    const rows: [typ: string, isGood: boolean][] = [
      ['', false],
      ['typ: [at+jwt, JWT],', true],
    ]
    for (const [typ, isGood] of rows) {
      const settings = await settingsIn(t, issuer(`${typ} jwks: 'file:keys.json'`), {
        'keys.json': JSON.stringify(KEYS),
      })
      const tokens = openTokens(settings, () => undefined)
      const found = await tokens.verify(plain, clock.nowMs())
      assert.equal('principal' in found, isGood, JSON.stringify(found))
    }
  })
})
