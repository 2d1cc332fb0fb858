import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, suite, test } from 'node:test'
import { ConfigError } from '../../base/config-error.ts'
import { StoreError } from '../records.ts'
import { postgresMissing, startPostgres } from '../testing/start-postgres.ts'
import type { PostgresServer } from '../testing/start-postgres.ts'
import { parsePostgresUrl, poolSettings, PostgresSource } from './postgres-source.ts'
import { openSqliteSource } from './sqlite-source.ts'
import type { ValueSource } from './source.ts'
import { ValueSources } from './value-sources.ts'

const TABLE = `
CREATE TABLE orders (id INTEGER PRIMARY KEY, owner TEXT, number BIGINT);
INSERT INTO orders VALUES (7, 'ann', 9007199254740993), (8, NULL, 1), (9, '', 1);
CREATE TABLE twice (id TEXT, owner TEXT);
INSERT INTO twice VALUES ('7', 'ann'), ('7', 'bob'), ('x''y', 'eve');
`
const OWNER = 'SELECT owner FROM orders WHERE id = $1'
const HOSTILE = "x'; DROP TABLE orders; --"

const CASES: readonly [name: string, query: string, id: string, value: string | undefined][] = [
  ['finds a text', OWNER, '7', 'ann'],
  [
    'finds a number as it is written',
    'SELECT number FROM orders WHERE id = $1',
    '7',
    '9007199254740993',
  ],
  ['finds no row', OWNER, '10', undefined],
  ['takes null for nothing', OWNER, '8', undefined],
  ['takes an empty text for nothing', OWNER, '9', undefined],
  ['takes two rows for nothing', 'SELECT owner FROM twice WHERE id = $1', '7', undefined],
  ['takes a quote for a quote', 'SELECT owner FROM twice WHERE id = $1', "x'y", 'eve'],
  ['takes SQL in an id for an id', OWNER, HOSTILE, undefined],
  ['takes an id that is no number for nothing', OWNER, 'seven', undefined],
]

function sourceContract(adapter: string, open: (query: string) => ValueSource): void {
  for (const [name, query, id, value] of CASES)
    test(`${adapter}: ${name}`, async () => {
      const source = open(query)
      try {
        assert.equal(await source.find(id), value)
      } finally {
        await source.close()
      }
    })
  test(`${adapter}: finds many at once`, async () => {
    const source = open(OWNER)
    const found = await Promise.all(Array.from({ length: 50 }, async () => source.find('7')))
    assert.deepEqual([...new Set(found)], ['ann'])
    await source.close()
  })
}

const folder = mkdtempSync(join(tmpdir(), 'sallyport-sources-'))
after(() => rmSync(folder, { recursive: true }))

suite('a SQLite file', () => {
  const path = join(folder, 'shop.db')
  before(() => {
    const db = new DatabaseSync(path)
    db.exec(TABLE)
    db.close()
  })
  const open = (query: string) =>
    openSqliteSource({ kind: 'sqlite', path, query, timeoutMs: 100 }, 'at')
  sourceContract('sqlite', open)

  test('sees what the API writes', () => {
    const source = open(OWNER)
    const db = new DatabaseSync(path)
    db.exec("INSERT INTO orders VALUES (11, 'bob', 1)")
    assert.equal(source.find('11'), 'bob')
    db.close()
    source.close()
  })
  test('is never written, whatever the query says', () => {
    assert.throws(
      () => open('DELETE FROM orders WHERE id = $1 RETURNING owner').find('7'),
      StoreError,
    )
  })
  test('tells when it does not answer', () => {
    const source = open(OWNER)
    source.close()
    assert.throws(() => source.find('7'), StoreError)
  })
  const faults: readonly [name: string, path: string, query: string][] = [
    ['a file that is not there', join(folder, 'none.db'), OWNER],
    ['a table that is not there', path, 'SELECT owner FROM nothing WHERE id = $1'],
    ['two columns', path, 'SELECT owner, id FROM orders WHERE id = $1'],
  ]
  for (const [name, file, query] of faults)
    test(`stops the start with ${name}`, () =>
      assert.throws(
        () => openSqliteSource({ kind: 'sqlite', path: file, query, timeoutMs: 100 }, 'at'),
        (error) => error instanceof ConfigError && error.faults[0]?.path === 'at',
      ))
})

suite('a PostgreSQL', { skip: postgresMissing() ?? false }, () => {
  let server: PostgresServer
  before(async () => {
    server = await startPostgres()
    server.run(TABLE)
  })
  after(() => server.close())
  const open = (query: string, timeoutMs = 5000) =>
    new PostgresSource({ kind: 'postgres', url: server.url, query, timeoutMs })
  sourceContract('postgres', open)

  test('is never written, whatever the query says', async () => {
    const source = open('WITH gone AS (DELETE FROM orders RETURNING owner) SELECT $1')
    await assert.rejects(source.find('7'), /read-only/)
    await source.close()
  })
  test('ends a question that takes too long', async () => {
    const source = open('SELECT pg_sleep(5)::text WHERE $1 = $1', 300)
    const started = performance.now()
    await assert.rejects(source.find('7'), StoreError)
    assert.ok(performance.now() - started < 3000)
    await source.close()
  })
  test('tells of two columns when it is asked', async () => {
    const source = open('SELECT owner, id FROM orders WHERE id = $1')
    await assert.rejects(source.find('7'), /more than one column/)
    await source.close()
  })
  test('tells from the moment it stops, and goes on once it is back', async () => {
    const source = open(OWNER, 2000)
    assert.equal(await source.find('7'), 'ann')
    await server.stop()
    await assert.rejects(source.find('7'), StoreError)
    await server.start()
    assert.equal(await source.find('7'), 'ann')
    await source.close()
  })
  test('is opened once for all plans that ask it the same', async () => {
    const sources = new ValueSources()
    const settings = { kind: 'postgres', url: server.url, query: OWNER, timeoutMs: 1000 } as const
    assert.equal(sources.open(settings, 'at'), sources.open({ ...settings }, 'at'))
    assert.notEqual(sources.open(settings, 'at'), sources.open({ ...settings, timeoutMs: 2 }, 'at'))
    await sources.close()
  })
})

suite('the address of a PostgreSQL', () => {
  const base = { kind: 'postgres', query: OWNER, timeoutMs: 1000 } as const
  test('beyond this machine is encrypted and verified', () => {
    const far = poolSettings({ ...base, url: 'postgres://a:b%40c@db.example.com/shop' })
    assert.deepEqual(far.ssl, { rejectUnauthorized: true, minVersion: 'TLSv1.2' })
    assert.deepEqual([far.user, far.password, far.database], ['a', 'b@c', 'shop'])
    assert.equal(poolSettings({ ...base, url: 'postgres://a@127.0.0.1/shop' }).ssl, false)
  })
  const wrong: readonly [name: string, url: string][] = [
    ['of another kind', 'mysql://a:secret@localhost/shop'],
    ['without a database', 'postgres://a:secret@localhost'],
    ['with parameters that weaken it', 'postgres://a:secret@db.example.com/shop?sslmode=disable'],
    ['that is none', 'secret'],
  ]
  for (const [name, url] of wrong)
    test(`${name} is refused without repeating it`, () =>
      assert.throws(
        () => parsePostgresUrl(url, 'at'),
        (error) => error instanceof ConfigError && !error.message.includes('secret'),
      ))
})
