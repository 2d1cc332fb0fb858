import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { FakeClock } from '../../base/clock.ts'
import { ConfigError } from '../../base/config-error.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { openSqlite } from '../../store/sqlite-records.ts'
import type { Records } from '../../store/records.ts'
import { StoreError } from '../../store/records.ts'
import { ephemeralSecrets, openSecrets, rekeySecrets } from '../../store/secrets-file.ts'
import type { Secrets } from '../../store/secrets-file.ts'
import { foreignDigest } from './foreign-key.ts'
import type { ForeignKey } from './key-import.ts'
import { KeyService } from './service.ts'
import { keyView } from './view.ts'

const KEY = 'mR4tYb7QkX2nVd9LwZ5sJh8PcF3gTe6A'
const OTHER = '6f1c2f5e-93a7-4b0d-8d7e-2b6c1a90f3e4'

function entry(text: string, request: ForeignKey['request'] = {}): ForeignKey {
  return { digestHex: foreignDigest(text), lastFour: text.slice(-4), request }
}

function setUp(
  records: Pick<Records, 'keys' | 'changeToken'> = new MemoryRecords(),
  secrets: Secrets = ephemeralSecrets(),
) {
  const clock = new FakeClock()
  const service = new KeyService({ records, secrets })
  const tell = async (text: string): Promise<string> => {
    const outcome = await service.verify(text, clock.nowMs())
    return 'reason' in outcome ? outcome.reason : 'ok'
  }
  const bring = async (entries: readonly ForeignKey[], isDryRun = false) =>
    service.admin.import(entries, { nowMs: clock.nowMs(), isDryRun })
  return { clock, service, tell, bring, records, secrets }
}

suite('keys of another system', () => {
  test('are good as they are, for whom they were imported', async () => {
    const { bring, service, clock, tell } = setUp()
    const request = { owner: 'ann', scopes: ['a'], tags: ['plan:gold'], cidrs: ['192.0.2.0/24'] }
    const { made } = await bring([entry(KEY, request)])
    const found = await service.verify(KEY, clock.nowMs())
    assert.ok('principal' in found)
    assert.equal(found.principal.subject, 'ann')
    assert.equal(found.principal.id, `key:${made[0]?.row.id}`)
    assert.deepEqual([...found.principal.scopes], ['a'])
    assert.equal(found.plan, 'gold')
    assert.equal(found.restrictions.cidrs?.has('198.51.100.1'), false)
    assert.equal(await tell(OTHER), 'key_unknown')
    assert.equal(await tell(`${KEY}x`), 'key_unknown')
    assert.ok(service.isKnown(KEY, clock.nowMs()) && !service.isKnown(OTHER, clock.nowMs()))
  })

  test('are not made twice, and a second run revives nothing', async () => {
    const { bring, service, clock, tell } = setUp()
    const first = await bring([entry(KEY), entry(OTHER)])
    const id = first.made[0]?.row.id ?? ''
    await service.admin.revoke(id, '', clock.nowMs())
    const again = await bring([entry(KEY, { owner: 'eve' }), entry(OTHER)])
    assert.deepEqual([again.made.length, again.known.map(({ index }) => index)], [0, [0, 1]])
    assert.equal(await tell(KEY), 'key_revoked')
  })

  test('a dry run says the same and changes nothing', async () => {
    const { bring, service } = setUp()
    const { made } = await bring([entry(KEY)], true)
    assert.equal(made.length, 1)
    assert.deepEqual(await service.admin.list(), [])
  })

  test('become own ones by rotation; the old text is good for the overlap', async () => {
    const { bring, service, clock, tell } = setUp()
    const { made } = await bring([entry(KEY)])
    const issued = await service.admin.rotate(
      made[0]?.row.id ?? '',
      { overlapMs: 60_000 },
      clock.nowMs(),
    )
    const text = issued?.key.reveal() ?? ''
    assert.deepEqual([await tell(text), await tell(KEY)], ['ok', 'ok'])
    clock.advance(60_000)
    assert.deepEqual([await tell(text), await tell(KEY)], ['ok', 'key_expired'])
    const { known } = await bring([entry(KEY)])
    assert.equal(known.length, 1, 'the old text is not made anew')
  })

  test('stand in lists with what may be shown', async () => {
    const { bring, clock } = setUp()
    const { made } = await bring([entry(KEY), { ...entry(OTHER), lastFour: '' }])
    const hints = made.map(({ row }) => keyView(row, 'sp', clock.nowMs()).hint)
    assert.deepEqual(hints, ['imported …Te6A', 'imported by its hash'])
  })

  test('outlive a new pepper', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-import-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'secrets')
    const records = new MemoryRecords()
    await setUp(records, openSecrets(file)).bring([entry(KEY)])
    rekeySecrets(file, [], { pepper: true, sealing: false })
    const later = setUp(records, openSecrets(file))
    assert.equal(await later.tell(KEY), 'ok')
    const { known, made } = await later.bring([entry(KEY), entry(OTHER)])
    assert.deepEqual([known.length, made.length], [1, 1])
    assert.deepEqual([await later.tell(OTHER), made[0]?.row.pepperVersion], ['ok', 2])
  })
})

suite('attacks on imported keys', () => {
  test('guesses of weak keys never hold, although the hash of one was imported', async () => {
    const { bring, tell } = setUp()
    await bring([entry('acme-partner-key-2026'), entry('1234567890123456')])
    assert.equal(await tell('acme-partner-key-2026'), 'key_malformed')
    assert.equal(await tell('1234567890123456'), 'key_malformed')
  })

  test('the hash of a text that guessers try first is refused', async () => {
    const { bring } = setUp()
    await assert.rejects(bring([entry(KEY), entry('supersecret')]), (error) => {
      assert.ok(error instanceof ConfigError)
      assert.deepEqual(
        error.faults.map(({ path }) => path),
        ['keys[1]'],
      )
      return true
    })
  })

  test('neither the hash that was imported nor the id is a credential', async () => {
    const { bring, tell, service } = setUp()
    const { made } = await bring([entry(KEY)])
    const row = made[0]?.row
    const { format } = service
    const native = format.renew({ kind: 'sk', env: 'live', id: row?.id ?? '' })
    assert.equal(await tell(foreignDigest(KEY)), 'key_unknown')
    assert.equal(await tell(row?.secretHashHex ?? ''), 'key_unknown')
    assert.equal(await tell(format.format(native)), 'key_wrong_secret')
  })

  test('the store holds neither the key nor a hash that can be compared without the pepper', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-import-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const records = openSqlite(join(folder, 'db'), 0)
    await setUp(records).bring([entry(KEY)])
    records.close()
    const stored = readFileSync(join(folder, 'db')).toString('latin1')
    assert.ok(!stored.includes(KEY) && !stored.includes(foreignDigest(KEY)))
  })

  test('a guess, a wrong text and a right one of a dead key cost one look and the same hashes', async () => {
    const records = new MemoryRecords()
    let looks = 0
    const keys = Object.assign(Object.create(records.keys) as Records['keys'], {
      get: (id: string) => (looks++, records.keys.get(id)),
      list: () => records.keys.list(),
      insertNew: (rows: Parameters<Records['keys']['insertNew']>[0]) =>
        records.keys.insertNew(rows),
    })
    const { bring, tell } = setUp({ keys, changeToken: () => 1 })
    await bring([entry(KEY)])
    looks = 0
    for (const text of [OTHER, `${KEY.slice(0, -1)}B`, KEY]) await tell(text)
    assert.equal(looks, 3)
    await tell('sp_sk_live_aaaaaaaaaaaa')
    await tell('not a key at all')
    assert.equal(looks, 3, 'what cannot be a key is not looked for')
  })

  test('a store that is away is no reason to throw a key away', async () => {
    const records = new MemoryRecords()
    const keys = Object.assign(Object.create(records.keys) as Records['keys'], {
      get: () => {
        throw new StoreError('unavailable', 'away')
      },
    })
    const { tell } = setUp({ keys, changeToken: () => 1 })
    assert.equal(await tell(KEY), 'key_store_unavailable')
  })

  test('one that is sent in clear is marked, at most a hundred in a second are looked for', async () => {
    const { bring, service, clock } = setUp()
    const { made } = await bring([entry(KEY)])
    service.markExposed(KEY, clock.nowMs())
    await new Promise((resolve) => setImmediate(resolve))
    const id = made[0]?.row.id ?? ''
    assert.equal((await service.admin.show(id))?.exposedAtMs, clock.nowMs())
  })
})

const refusals: [name: string, entries: ForeignKey[], path: string][] = [
  ['the same key twice', [entry(KEY), entry(KEY)], 'keys[1]'],
  ['a hash that is none', [{ ...entry(KEY), digestHex: 'x' }], 'keys[0].sha256'],
  ['a network that is none', [entry(KEY, { cidrs: ['300.1.1.1'] })], 'keys[0].cidrs[0]'],
  ['an end in the past', [entry(KEY, { expiresAtMs: 1 })], 'keys[0].expires'],
]
for (const [name, entries, path] of refusals)
  test(`an import with ${name} is refused as a whole`, async () => {
    const { bring, service } = setUp()
    await assert.rejects(bring([entry(OTHER), ...entries]), (error) => {
      assert.ok(error instanceof ConfigError)
      assert.equal(
        error.faults[0]?.path,
        path.replace(/\d+/, (n) => String(Number(n) + 1)),
      )
      return true
    })
    assert.deepEqual(await service.admin.list(), [])
  })
