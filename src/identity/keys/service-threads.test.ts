import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryRecords } from '../../store/memory-records.ts'
import { answerKeyCall, RemoteKeys } from '../../store/remote-keys.ts'
import { ephemeralSecrets } from '../../store/secrets-file.ts'
import { KeyVersions, KeyVersionsKeeper, newKeyVersions } from '../../store/shared/key-versions.ts'
import { KeyService } from './service.ts'

const NOW = Date.UTC(2026, 0, 1)

/** The thread that keeps the records, and one that asks it. */
function setUp() {
  const records = new MemoryRecords()
  const secrets = ephemeralSecrets()
  const memory = newKeyVersions()
  const keeper = new KeyVersionsKeeper(new KeyVersions(memory), () => records.changeToken(), NOW)
  const main = new KeyService({ records, secrets, onChange: (id) => keeper.wrote(id, NOW) })
  let asked = 0
  const keys = new RemoteKeys((call) => {
    if (call.method === 'get') asked++
    return answerKeyCall(records.keys, structuredClone(call))
  })
  const worker = new KeyService({
    records: { keys, changeToken: () => Number.NaN },
    secrets,
    versions: new KeyVersions(memory),
  })
  const tell = async (text: string): Promise<string> => {
    const outcome = await worker.verify(text, NOW)
    return 'reason' in outcome ? outcome.reason : 'ok'
  }
  return { main, worker, tell, asked: () => asked }
}

test('a key made in one thread works in the other at once', async () => {
  const { main, tell } = setUp()
  const { key } = await main.admin.create({}, NOW)
  assert.equal(await tell(key.reveal()), 'ok')
})

test('a revocation is seen by the other thread at once, though it holds the key', async () => {
  const { main, tell, asked } = setUp()
  const { key, row } = await main.admin.create({}, NOW)
  assert.equal(await tell(key.reveal()), 'ok')
  assert.equal(await tell(key.reveal()), 'ok')
  assert.equal(asked(), 1, 'the second look needs no store')
  await main.admin.revoke(row.id, 'test', NOW)
  assert.equal(await tell(key.reveal()), 'key_revoked')
})

test('a change of one key leaves the others held', async () => {
  const { main, tell, asked } = setUp()
  const [one, other] = [await main.admin.create({}, NOW), await main.admin.create({}, NOW)]
  assert.equal(await tell(one.key.reveal()), 'ok')
  await main.admin.revoke(other.row.id, 'test', NOW)
  assert.equal(await tell(one.key.reveal()), 'ok')
  assert.equal(asked(), 1)
})

test('an answer that was on its way during a revocation is not held', async () => {
  const { main, worker, tell } = setUp()
  const { key, row } = await main.admin.create({}, NOW)
  const onItsWay = worker.verify(key.reveal(), NOW)
  await main.admin.revoke(row.id, 'test', NOW)
  await onItsWay
  assert.equal(await tell(key.reveal()), 'key_revoked')
})

test('a key that was seen in clear is marked from the other thread', async () => {
  const { main, worker } = setUp()
  const { key, row } = await main.admin.create({}, NOW)
  worker.markExposed(key.reveal(), NOW)
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal((await main.admin.show(row.id))?.exposedAtMs, NOW)
})
