import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { postgresMissing, startPostgres } from '../src/store/testing/start-postgres.ts'
import type { PostgresServer } from '../src/store/testing/start-postgres.ts'
import { DOCUMENT, makeFolder, runCli } from './testing/cli-process.ts'

interface Verified {
  readonly isSound: boolean
  readonly faults: readonly string[]
  readonly tables: Readonly<Record<string, number>>
  readonly sha256: string
}

const yaml = (more = ''): string => `openapi: ./openapi.yaml\nupstream: http://127.0.0.1:9\n${more}`

function folderOf(
  t: TestContext,
  more = '',
  others: Readonly<Record<string, string>> = {},
): string {
  const files = { 'openapi.yaml': DOCUMENT, 'sallyport.yaml': yaml(more), ...others }
  return makeFolder(t, files)
}

async function json<T>(folder: string, code: number, ...args: readonly string[]): Promise<T> {
  const ran = await runCli(folder, ...args, '--json')
  assert.equal(ran.code, code, ran.stdout + ran.stderr)
  return JSON.parse(ran.stdout) as T
}

const makeRecords = async (folder: string): Promise<string> => {
  const { id } = await json<{ id: string }>(folder, 0, 'keys', 'create', '--owner', 'Zoë 漢字')
  const added = await runCli(folder, 'relations', 'add', 'order:7#viewer@ann')
  assert.equal(added.code, 0, added.stderr)
  return id
}

suite('sallyport store', () => {
  test('backs up, restores into an empty store, and refuses one that is none', async (t) => {
    const [from, to] = [folderOf(t), folderOf(t)]
    const id = await makeRecords(from)
    const file = join(from, 'backup.jsonl')
    const done = await json<Verified>(from, 0, 'store', 'backup', file)
    assert.deepEqual([done.tables['api_key'], done.tables['relation_tuple']], [1, 1])
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const restored = await json<Verified & { secrets: string | null }>(
      to,
      0,
      'store',
      'restore',
      file,
    )
    assert.equal(restored.sha256, done.sha256)
    assert.match(restored.secrets ?? '', /used with other secrets/)
    const again = await runCli(to, 'store', 'restore', file)
    assert.equal(again.code, 1)
    assert.match(again.stderr, /holds 2 records.*--replace/)
    await json(to, 0, 'store', 'restore', file, '--replace')
    // With its own secrets the copy is a store like the other.
    writeFileSync(join(to, 'sallyport.secrets'), readFileSync(join(from, 'sallyport.secrets')))
    const keys = await json<readonly { id: string }[]>(to, 0, 'keys', 'list')
    assert.deepEqual(
      keys.map((key) => key.id),
      [id],
    )
  })

  test('verify finds other secrets, and no command goes on with them until they are lost', async (t) => {
    const folder = folderOf(t)
    await makeRecords(folder)
    const before = await json<Verified>(folder, 0, 'store', 'verify')
    assert.equal(before.isSound, true)
    const other = folderOf(t)
    await makeRecords(other)
    writeFileSync(join(folder, 'sallyport.secrets'), readFileSync(join(other, 'sallyport.secrets')))
    const found = await json<Verified>(folder, 2, 'store', 'verify')
    assert.match(found.faults.join(), /pepper 1 is another or missing/)
    const refused = await runCli(folder, 'keys', 'list')
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /used with other secrets/)
    await json(folder, 0, 'store', 'rekey', '--lost')
    assert.equal((await runCli(folder, 'keys', 'list')).code, 0)
  })

  test('rekey keeps old keys good and seals the file, which opens with its key alone', async (t) => {
    const kek = randomBytes(32).toString('base64')
    const sealed = 'secrets: { key: file:./kek }\n'
    const folder = folderOf(t, '', { kek, 'sealed.yaml': yaml(sealed) })
    await makeRecords(folder)
    const first = await json<{ pepper: number; sealingKey: number }>(
      folder,
      0,
      'store',
      'rekey',
      '--pepper',
      '--sealing',
    )
    assert.deepEqual([first.pepper, first.sealingKey], [2, 2])
    assert.equal((await json<Verified>(folder, 0, 'store', 'verify')).isSound, true)
    const clear = await runCli(folder, 'keys', 'list', '-c', 'sealed.yaml')
    assert.match(clear.stderr, /not sealed.*rekey --wrap/)
    await json(folder, 0, 'store', 'rekey', '--wrap', '-c', 'sealed.yaml')
    const text = readFileSync(join(folder, 'sallyport.secrets'), 'utf8')
    assert.match(text, /"format": 2/)
    assert.ok(!text.includes(kek))
    assert.equal((await runCli(folder, 'keys', 'list', '-c', 'sealed.yaml')).code, 0)
    const without = await runCli(folder, 'keys', 'list')
    assert.match(without.stderr, /is sealed and no key is given/)
    // The next key: the file is sealed anew with the first of the list.
    writeFileSync(join(folder, 'kek2'), randomBytes(32).toString('hex'), { mode: 0o600 })
    writeFileSync(join(folder, 'both.yaml'), yaml('secrets: { key: [file:./kek2, file:./kek] }\n'))
    await json(folder, 0, 'store', 'rekey', '--wrap', '-c', 'both.yaml')
    const old = await runCli(folder, 'keys', 'list', '-c', 'sealed.yaml')
    assert.match(old.stderr, /was sealed with another key/)
    assert.equal((await runCli(folder, 'keys', 'list', '-c', 'both.yaml')).code, 0)
  })
})

suite('sallyport store with PostgreSQL', { skip: postgresMissing() ?? false }, () => {
  let server: PostgresServer
  before(async () => {
    server = await startPostgres()
  })
  after(() => server.close())

  test('records move from SQLite and back, and stay the same', async (t) => {
    const folder = folderOf(t, '', { 'postgres.yaml': yaml(`store: ${server.url}\n`) })
    await makeRecords(folder)
    const migrated = await json<{ migrated: number }>(
      folder,
      0,
      'store',
      'migrate',
      '-c',
      'postgres.yaml',
    )
    assert.ok(migrated.migrated >= 3)
    const { sha256 } = await json<Verified>(folder, 0, 'store', 'backup', 'b')
    const moved = await json<Verified & { secrets: string | null }>(
      folder,
      0,
      'store',
      'restore',
      'b',
      '-c',
      'postgres.yaml',
    )
    assert.deepEqual([moved.sha256, moved.secrets], [sha256, null])
    const back = await json<Verified>(folder, 0, 'store', 'backup', 'c', '-c', 'postgres.yaml')
    assert.equal(back.sha256, sha256)
    const keys = await json<readonly object[]>(folder, 0, 'keys', 'list', '-c', 'postgres.yaml')
    assert.equal(keys.length, 1)
  })
})
