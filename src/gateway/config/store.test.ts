import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { faultsOf, settingsOf } from './config-fixture.ts'
import type { FixtureOptions } from './config-fixture.ts'

const URL = 'postgres://sallyport:hunter2@db.example.com:5432/sallyport'
const KEK = 'A'.repeat(43)

suite('store and secrets', () => {
  test('read the address of a PostgreSQL from the environment, as a secret', async (t) => {
    const { store } = await settingsOf(t, 'store: env:DB\n', { env: { DB: `${URL}\n` } })
    assert.equal(store.kind, 'postgres')
    assert.equal(store.url.reveal(), URL)
    assert.ok(!JSON.stringify(store).includes('hunter2'))
  })

  test('read an address without a password, and an authority', async (t) => {
    const text = 'store: { url: "postgres://sallyport@db/sallyport", ca: file:ca.pem }\n'
    const { store } = await settingsOf(t, text, { files: { 'ca.pem': 'PEM' } })
    assert.equal(store.kind, 'postgres')
    assert.deepEqual([store.url.reveal(), store.ca], ['postgres://sallyport@db/sallyport', 'PEM'])
  })

  test('read the keys that open the secrets file, the one that seals first', async (t) => {
    const text = 'secrets: { file: ./x, key: [env:NEW, env:OLD] }\n'
    const env = { NEW: 'ff'.repeat(32), OLD: KEK }
    const { secretsFile, secretsKeys } = await settingsOf(t, text, { env })
    assert.match(secretsFile, /^\/.*\/x$/)
    assert.deepEqual(
      secretsKeys.map((key) => key.reveal().toString('hex').slice(0, 4)),
      ['ffff', '0000'],
    )
    assert.ok(!JSON.stringify(secretsKeys).includes('ff'))
  })

  const faults: readonly [name: string, text: string, options: FixtureOptions, found: RegExp][] = [
    ['a password in the file', `store: ${URL}\n`, {}, /password/],
    ['a variable that is not set', 'store: env:NONE\n', {}, /NONE is not set/],
    [
      'a variable with another URL',
      'store: env:DB\n',
      { env: { DB: 'mysql://hunter2@h/d' } },
      /no address/,
    ],
    [
      'a key that is too short',
      'secrets: { key: env:KEK }\n',
      { env: { KEK: 'hunter2' } },
      /32 bytes/,
    ],
    ['a key in the file', `secrets: { key: ${KEK} }\n`, {}, /not a reference/],
    ['no key', 'secrets: { file: ./x }\n', {}, /key/],
  ]
  for (const [name, text, options, found] of faults)
    test(`refuse ${name}, and repeat no secret`, async (t) => {
      const told = JSON.stringify(await faultsOf(t, text, options))
      assert.match(told, found)
      assert.ok(!told.includes('hunter2') && !told.includes(KEK), told)
    })
})
