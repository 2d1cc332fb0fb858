import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { FakeClock } from '../../base/clock.ts'
import { ConfigError } from '../../base/config-error.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { openStore } from '../../store/open-store.ts'
import type { KeyRow, KeyUse, Records } from '../../store/records.ts'
import { StoreError } from '../../store/records.ts'
import { ephemeralSecrets } from '../../store/secrets-file.ts'
import type { Secrets } from '../../store/secrets-file.ts'
import { keyFormat } from './format.ts'
import type { KeyRequest } from './key-request.ts'
import { PrincipalNotes } from '../principal.ts'
import { KeyService } from './service.ts'
import { keyView } from './view.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const MINUTE = 60_000
const folder = mkdtempSync(join(tmpdir(), 'sallyport-keys-'))
after(() => rmSync(folder, { recursive: true }))

/** A service with its clock; `tell` gives the reason of a refusal, or `ok`. */
function setUp(
  records: Pick<Records, 'keys' | 'changeToken'> = new MemoryRecords(),
  secrets = ephemeralSecrets(),
) {
  const clock = new FakeClock()
  const service = new KeyService({ records, secrets })
  const tell = async (text: string): Promise<string> => {
    const outcome = await service.verify(text, clock.nowMs())
    return 'reason' in outcome ? outcome.reason : 'ok'
  }
  const make = async (request: KeyRequest = {}): Promise<{ text: string; id: string }> => {
    const { row, key } = await service.admin.create(request, clock.nowMs())
    return { text: key.reveal(), id: row.id }
  }
  return { clock, service, records, secrets, tell, make }
}

test('a bare key works at once and stands for its owner without scopes', async () => {
  const { service, clock, make } = setUp()
  const { text, id } = await make({ owner: 'ann' })
  const outcome = service.verify(text, clock.nowMs())
  assert.ok('principal' in outcome, 'synchronous and good')
  assert.deepEqual(outcome.principal, {
    id: `key:${id}`,
    kind: 'apiKey',
    subject: 'ann',
    issuer: '',
    credentialId: id,
    scopes: new Set(),
    roles: [],
    groups: [],
    claims: Object.create(null),
    operations: undefined,
    expiresAtMs: clock.nowMs() + 90 * DAY,
    notes: new PrincipalNotes(),
  })
  assert.deepEqual(outcome.restrictions, { cidrs: undefined, origins: undefined })
})

test('rights and restrictions of the key reach the caller', async () => {
  const { service, clock, make } = setUp()
  const { text } = await make({
    kind: 'pk',
    scopes: ['a'],
    roles: ['r'],
    groups: ['g'],
    operations: ['op'],
    cidrs: ['203.0.113.0/24'],
    origins: ['https://app.example.com'],
  })
  const outcome = await service.verify(text, clock.nowMs())
  assert.ok('principal' in outcome)
  const { principal, restrictions, kind } = outcome
  assert.deepEqual([...principal.scopes, ...principal.roles, ...principal.groups], ['a', 'r', 'g'])
  assert.deepEqual(principal.operations, new Set(['op']))
  assert.equal(kind, 'pk')
  assert.deepEqual(
    ['203.0.113.9', '203.0.114.9'].map((address) => restrictions.cidrs?.has(address)),
    [true, false],
  )
  assert.ok(restrictions.origins?.has('https://app.example.com'))
})

test('tells malformed, unknown and wrong apart in the log code, and looks up only the last two', async () => {
  const records = new MemoryRecords()
  let lookups = 0
  const keys = { ...methodsOf(records), get: (id: string) => (lookups++, records.keys.get(id)) }
  const { tell, make } = setUp({ keys, changeToken: () => 1 })
  const { text, id } = await make()
  const format = keyFormat('sp')
  assert.equal(await tell(`${text}x`), 'key_malformed')
  assert.equal(await tell('sp_sk_live_aaaaaaaaaaaa'), 'key_malformed')
  assert.equal(lookups, 0)
  assert.equal(await tell(format.format(format.generate('sk', 'live'))), 'key_unknown')
  assert.equal(
    await tell(format.format(format.renew({ kind: 'sk', env: 'live', id }))),
    'key_wrong_secret',
  )
  const parsed = format.parse(text)
  assert.ok(parsed !== undefined)
  assert.equal(await tell(format.format({ ...parsed, env: 'test' })), 'key_wrong_secret')
  assert.equal(lookups, 3)
})

/** The methods of the memory adapter, bound, so that a test can put one in front. */
function methodsOf({ keys }: MemoryRecords): Records['keys'] {
  return {
    insert: (row) => keys.insert(row),
    insertNew: (rows) => keys.insertNew(rows),
    get: (id) => keys.get(id),
    list: () => keys.list(),
    update: (id, change) => keys.update(id, change),
    delete: (id) => keys.delete(id),
    touch: (uses) => keys.touch(uses),
  }
}

test('random well-formed keys hit nothing', async () => {
  const { tell, make } = setUp()
  await make()
  const format = keyFormat('sp')
  for (let i = 0; i < 5000; i++)
    assert.equal(await tell(format.format(format.generate('sk', 'live'))), 'key_unknown')
})

test('the store holds neither secret nor pepper, and another pepper opens nothing', async () => {
  const path = join(folder, 'dump.sqlite')
  const records = openStore(`sqlite:${path}`)
  const { make, secrets } = setUp(records)
  const { text } = await make()
  const secret = keyFormat('sp').parse(text)?.secret ?? ''
  const dump =
    readFileSync(path).toString('latin1') + readFileSync(`${path}-wal`).toString('latin1')
  assert.ok(dump.includes('operator'), 'the dump is the database')
  assert.ok(!dump.includes(secret))
  assert.ok(!dump.includes(secrets.pepper(1)?.reveal().toString('latin1') ?? ''))
  assert.equal(await setUp(records).tell(text), 'key_wrong_secret')
  records.close()
})

test('time travel: a key ends at its expiry, also when it is cached', async () => {
  const { clock, tell, make } = setUp()
  const { text } = await make({ expiresAtMs: clock.nowMs() + 10 * DAY })
  assert.equal(await tell(text), 'ok')
  clock.advance(10 * DAY - 1)
  assert.equal(await tell(text), 'ok')
  clock.advance(1)
  assert.equal(await tell(text), 'key_expired')
})

test('time travel: rotation lets both secrets work for the overlap, then only the new one', async () => {
  const { clock, service, tell, make } = setUp()
  const { text, id } = await make()
  await tell(text)
  clock.advance(10 * DAY)
  const rotated = await service.admin.rotate(id, { overlapMs: HOUR }, clock.nowMs())
  assert.ok(rotated !== undefined)
  assert.equal(rotated.row.expiresAtMs, clock.nowMs() + 90 * DAY, 'lives as long again')
  const next = rotated.key.reveal()
  assert.deepEqual([await tell(text), await tell(next)], ['ok', 'ok'])
  clock.advance(HOUR - 1)
  assert.deepEqual([await tell(text), await tell(next)], ['ok', 'ok'])
  clock.advance(1)
  assert.deepEqual([await tell(text), await tell(next)], ['key_expired', 'ok'])
})

test('a second rotation ends the first secret at once; an overlap of 0 ends the last', async () => {
  const { clock, service, tell, make } = setUp()
  const { text, id } = await make()
  const second = await service.admin.rotate(id, {}, clock.nowMs())
  const third = await service.admin.rotate(id, { overlapMs: 0 }, clock.nowMs())
  const texts = [text, second?.key.reveal() ?? '', third?.key.reveal() ?? '']
  assert.deepEqual(await Promise.all(texts.map(tell)), ['key_wrong_secret', 'key_expired', 'ok'])
})

const BAD_ROTATIONS: [name: string, options: { overlapMs?: number; expiresAtMs?: number }][] = [
  ['an overlap above 7 days', { overlapMs: 7 * DAY + 1 }],
  ['a negative overlap', { overlapMs: -1 }],
  ['an expiry that has passed', { expiresAtMs: 1 }],
]
for (const [name, options] of BAD_ROTATIONS)
  test(`refuses to rotate with ${name}, and the key stays as it is`, async () => {
    const { clock, service, tell, make } = setUp()
    const { text, id } = await make()
    await assert.rejects(service.admin.rotate(id, options, clock.nowMs()), ConfigError)
    assert.equal(await tell(text), 'ok')
  })

test('revocation works at once here, for both secrets, and cannot be rotated away', async () => {
  const { clock, service, tell, make } = setUp()
  const { text, id } = await make()
  const rotated = await service.admin.rotate(id, {}, clock.nowMs())
  const next = rotated?.key.reveal() ?? ''
  assert.deepEqual([await tell(text), await tell(next)], ['ok', 'ok'])
  await service.admin.revoke(id, 'leaked', clock.nowMs())
  assert.deepEqual([await tell(text), await tell(next)], ['key_revoked', 'key_revoked'])
  await assert.rejects(service.admin.rotate(id, {}, clock.nowMs()), ConfigError)
  const again = await service.admin.revoke(id, 'second', clock.nowMs() + 5)
  assert.equal(again?.revokedWhy, 'leaked', 'the first revocation stays')
})

test('revocation by another process is in force within 250 ms', async () => {
  const path = `sqlite:${join(folder, 'two.sqlite')}`
  const [here, there] = [openStore(path), openStore(path)]
  const { clock, service, tell, make, secrets } = setUp(here)
  const { text, id } = await make()
  assert.equal(await tell(text), 'ok')
  const other = new KeyService({ records: there, secrets })
  await other.admin.revoke(id, 'leaked', clock.nowMs())
  clock.advance(250)
  assert.equal(await tell(text), 'key_revoked')
  await service.flush()
  here.close()
  there.close()
})

test('an answer that was on its way while a key was revoked is not cached', async () => {
  const records = new MemoryRecords()
  let release: (() => void) | undefined
  const slow = (id: string): Promise<KeyRow | undefined> => {
    const row = records.keys.get(id)
    return new Promise((resolve) => {
      release = () => resolve(row)
    })
  }
  const keys = { ...methodsOf(records), get: slow }
  const service = new KeyService({
    records: { keys, changeToken: () => records.changeToken() },
    secrets: ephemeralSecrets(),
  })
  const { row, key } = await service.admin.create({}, 0)
  const early = service.verify(key.reveal(), 0)
  const answerEarly = release
  await service.admin.revoke(row.id, 'x', 1)
  void service.verify(key.reveal(), 300)
  answerEarly?.()
  assert.ok('principal' in (await early), 'asked before the revocation')
  const late = service.verify(key.reveal(), 301)
  release?.()
  const outcome = await late
  assert.equal('reason' in outcome && outcome.reason, 'key_revoked')
})

test('bulk revocation takes what the selection means and nothing else', async () => {
  const { clock, service, tell, make } = setUp()
  const ann = await make({ owner: 'ann', tags: ['ci'] })
  const bob = await make({ owner: 'bob', tags: ['ci'] })
  assert.deepEqual(
    await service.admin.revokeAll({ owner: 'ann', tag: 'ci' }, 'left', clock.nowMs()),
    [ann.id],
  )
  assert.deepEqual([await tell(ann.text), await tell(bob.text)], ['key_revoked', 'ok'])
  assert.deepEqual(
    await service.admin.revokeAll({ createdBeforeMs: clock.nowMs() }, 'x', clock.nowMs()),
    [],
  )
  await assert.rejects(service.admin.revokeAll({}, 'x', clock.nowMs()), ConfigError)
})

test('a quarantined key is refused until it is released', async () => {
  const { clock, service, tell, make } = setUp()
  const { text, id } = await make()
  await tell(text)
  await service.admin.quarantine(id, 'foreign networks', clock.nowMs())
  assert.equal(await tell(text), 'key_quarantined')
  await service.admin.release(id)
  assert.equal(await tell(text), 'ok')
})

test('time travel: unused for 30 days is flagged, for 90 days refused, rotation brings it back', async () => {
  const { clock, service, tell, make } = setUp()
  const { text, id } = await make({ expiresAtMs: Infinity })
  const why = async (): Promise<string[]> =>
    (await service.admin.due(clock.nowMs())).map((due) => due.why)
  clock.advance(30 * DAY - 1)
  assert.deepEqual(await why(), [])
  clock.advance(1)
  assert.deepEqual(await why(), ['unused'])
  clock.advance(60 * DAY)
  assert.deepEqual(await why(), ['idle'])
  assert.equal(await tell(text), 'key_idle')
  const rotated = await service.admin.rotate(id, {}, clock.nowMs())
  assert.equal(await tell(rotated?.key.reveal() ?? ''), 'ok')
})

test('time travel: a key in use never becomes idle, though uses are written late', async () => {
  const { clock, tell, make } = setUp()
  const { text } = await make({ expiresAtMs: Infinity })
  for (let day = 0; day < 300; day += 60) {
    assert.equal(await tell(text), 'ok', `day ${day}`)
    clock.advance(60 * DAY)
  }
  clock.advance(31 * DAY)
  assert.equal(await tell(text), 'key_idle', 'a cached key becomes idle, too')
})

test('notes the first use with its place and the last to the minute, not on the request path', async () => {
  const { clock, service, records, make } = setUp()
  const { text, id } = await make()
  clock.advance(90_000)
  await service.verify(text, clock.nowMs(), { network: '203.0.113.0/24', agent: 'curl' })
  assert.equal((await records.keys.get(id))?.lastUsedAtMs, undefined, 'not written yet')
  await new Promise((resolve) => setImmediate(resolve))
  const first = await records.keys.get(id)
  assert.equal(first?.lastUsedAtMs, clock.nowMs() - (clock.nowMs() % MINUTE))
  assert.deepEqual([first?.firstNetwork, first?.firstAgent], ['203.0.113.0/24', 'curl'])
  clock.advance(5 * MINUTE)
  await service.verify(text, clock.nowMs(), { network: 'elsewhere', agent: 'other' })
  await service.flush()
  const second = await records.keys.get(id)
  assert.equal((second?.lastUsedAtMs ?? 0) - (first?.lastUsedAtMs ?? 0), 5 * MINUTE)
  assert.equal(second?.firstNetwork, '203.0.113.0/24')
})

test('writes uses at most once a minute, however many there are', async () => {
  const records = new MemoryRecords()
  let writes = 0
  const keys = { ...methodsOf(records), touch: () => void writes++ }
  const { clock, tell, make } = setUp({
    keys,
    changeToken: () => 1,
  })
  const texts = await Promise.all(Array.from({ length: 50 }, async () => (await make()).text))
  for (let i = 0; i < 200; i++) {
    await tell(texts[i % 50] ?? '')
    clock.advance(100)
    if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(writes, 1)
})

test('with the store away, known keys hold for 60 s and unknown ones get 503', async () => {
  const records = new MemoryRecords()
  let isAway = false
  const orThrow = <T>(value: T): T => {
    if (isAway) throw new StoreError('unavailable', 'away')
    return value
  }
  const keys = { ...methodsOf(records), get: (id: string) => orThrow(records.keys.get(id)) }
  const { clock, tell, make } = setUp({
    keys,
    changeToken: () => orThrow(records.changeToken()),
  })
  const known = await make()
  const other = await make()
  assert.equal(await tell(known.text), 'ok')
  isAway = true
  clock.advance(1000)
  assert.deepEqual(
    [await tell(known.text), await tell(other.text)],
    ['ok', 'key_store_unavailable'],
  )
  clock.advance(60_000)
  assert.equal(await tell(known.text), 'key_store_unavailable')
  isAway = false
  assert.equal(await tell(known.text), 'ok')
})

test('exposure is noted once, keeps the key working and shows in due and view', async () => {
  const { clock, service, tell, make } = setUp()
  const { text, id } = await make()
  const marked = await service.admin.markExposed(id, clock.nowMs())
  await service.admin.markExposed(id, clock.nowMs() + 5)
  assert.equal(marked?.exposedAtMs, clock.nowMs())
  assert.equal((await service.admin.show(id))?.exposedAtMs, clock.nowMs())
  assert.equal(await tell(text), 'ok')
  assert.deepEqual(
    (await service.admin.due(clock.nowMs())).map((due) => due.why),
    ['exposed'],
  )
  assert.equal(await service.admin.markExposed('unknown', 1), undefined)
})

test('only who has the secret can mark a key exposed', async () => {
  const { clock, service, make } = setUp()
  const { text, id } = await make()
  const settled = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve))
  const forged = service.format.format(service.format.renew({ kind: 'sk', env: 'live', id }))
  for (const wrong of [forged, `${text}x`, '']) service.markExposed(wrong, clock.nowMs())
  await settled()
  assert.equal((await service.admin.show(id))?.exposedAtMs, undefined)
  service.markExposed(text, clock.nowMs())
  await settled()
  assert.equal((await service.admin.show(id))?.exposedAtMs, clock.nowMs())
})

test('a store that is away loses the exposed mark and the uses, and nothing else happens', async () => {
  const records = new MemoryRecords()
  let isAway = false
  const away = (): never => {
    throw new StoreError('unavailable', 'away')
  }
  const keys = {
    ...methodsOf(records),
    get: (id: string) => (isAway ? away() : records.keys.get(id)),
    touch: (uses: readonly KeyUse[]) => (isAway ? away() : records.keys.touch(uses)),
  }
  const { clock, service, tell, make } = setUp({ keys, changeToken: () => 1 })
  const { text, id } = await make()
  await tell(text)
  isAway = true
  service.markExposed(text, clock.nowMs())
  await service.flush()
  assert.equal(await tell(text), 'ok')
  isAway = false
  await service.flush()
  assert.equal(records.keys.get(id)?.lastUsedAtMs, clock.nowMs(), 'kept for the next time')
})

test('a new pepper leaves old keys good, also across a rotation', async () => {
  const [one, two] = [ephemeralSecrets(), ephemeralSecrets()]
  const both: Secrets = {
    ...one,
    pepper: (version) => (version === 2 ? two.pepper(1) : one.pepper(version)),
    currentPepperVersion: 2,
  }
  const { clock, records, make } = setUp(undefined, one)
  const { text, id } = await make()
  const service = new KeyService({ records, secrets: both })
  const rotated = await service.admin.rotate(id, {}, clock.nowMs())
  for (const each of [text, rotated?.key.reveal() ?? ''])
    assert.ok('principal' in (await service.verify(each, clock.nowMs())))
  assert.deepEqual([rotated?.row.pepperVersion, rotated?.row.previousPepperVersion], [2, 1])
})

test('an update changes rights at once and leaves the rest', async () => {
  const { clock, service, make } = setUp()
  const { text, id } = await make({ scopes: ['a'], cidrs: ['10.0.0.0/8'], owner: 'ann' })
  await service.verify(text, clock.nowMs())
  const before = await service.admin.show(id)
  await service.admin.update(id, { scopes: ['b'], cidrs: null }, clock.nowMs() + 1000)
  const outcome = await service.verify(text, clock.nowMs())
  assert.ok('principal' in outcome)
  assert.deepEqual([...outcome.principal.scopes], ['b'])
  assert.equal(outcome.restrictions.cidrs, undefined)
  const row = await service.admin.show(id)
  assert.deepEqual({ ...row, scopes: ['a'], cidrs: ['10.0.0.0/8'], ...used(before) }, before)
  await assert.rejects(service.admin.update(id, { cidrs: ['x'] }, clock.nowMs()), ConfigError)
  assert.equal(await service.admin.update('unknown', {}, clock.nowMs()), undefined)
})

function used(row: KeyRow | undefined) {
  const { lastUsedAtMs, firstUsedAtMs, firstNetwork, firstAgent } = row ?? {}
  return { lastUsedAtMs, firstUsedAtMs, firstNetwork, firstAgent }
}

test('the view tells keys apart and shows no secret or hash', async () => {
  const { clock, service, make } = setUp()
  const { text, id } = await make({ name: 'ci' })
  const row = await service.admin.show(id)
  assert.ok(row !== undefined)
  const view = keyView(row, 'sp', clock.nowMs())
  const shown = JSON.stringify(view)
  assert.equal(view.hint, `sp_sk_live_${id}_…${text.slice(-13, -9)}`)
  assert.ok(!shown.includes(row.secretHashHex))
  assert.ok(!shown.includes(text.slice(24, 60)))
  assert.deepEqual(
    [view.state, view.expiresAt, view.revokedAt],
    ['active', '2026-04-01T00:00:00.000Z', null],
  )
})

test('an issued key does not print itself', async () => {
  const { clock, service } = setUp()
  const issued = await service.admin.create({}, clock.nowMs())
  assert.ok(!JSON.stringify(issued).includes(issued.key.reveal()))
  assert.equal(String(issued.key), '[secret]')
})

test('a key without an owner belongs to itself, and keeps the owner it is given', async () => {
  const { service, clock } = setUp()
  const { admin } = service
  const now = clock.nowMs()
  const [one, two] = [await admin.create({}, now), await admin.create({}, now)]
  assert.equal(one.row.owner, one.row.id)
  assert.notEqual(one.row.owner, two.row.owner)
  const named = await admin.update(one.row.id, { owner: 'ann' }, now)
  assert.equal(named?.owner, 'ann')
  assert.equal((await admin.update(one.row.id, { name: 'x' }, now))?.owner, 'ann')
  assert.equal((await admin.update(two.row.id, { name: 'x' }, now))?.owner, two.row.id)
})
