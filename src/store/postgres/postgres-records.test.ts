import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { ConfigError } from '../../base/config-error.ts'
import { Secret } from '../../base/secret.ts'
import { StoreError } from '../records.ts'
import { keyRow } from '../testing/key-row.ts'
import { recordsContract } from '../testing/records-contract.ts'
import { relationsContract, tuple } from '../testing/relations-contract.ts'
import { postgresMissing, startPostgres } from '../testing/start-postgres.ts'
import type { PostgresServer } from '../testing/start-postgres.ts'
import { PostgresRecords } from './postgres-records.ts'

suite('PostgreSQL', { skip: postgresMissing() ?? false }, () => {
  let server: PostgresServer
  let databases = 0
  before(async () => {
    server = await startPostgres()
  })
  after(() => server.close())

  const newUrl = (): string => {
    const name = `db${databases++}`
    server.run(`CREATE DATABASE ${name}`)
    return server.url.replace(/postgres$/, name)
  }
  const openAt = async (url: string): Promise<PostgresRecords> => {
    const records = new PostgresRecords({ url: new Secret(url) }, 1)
    await records.open()
    return records
  }
  const sqlAt = (url: string, sql: string): void => server.run(sql, url)
  const until = async (isTrue: () => boolean, ms: number): Promise<number> => {
    const start = performance.now()
    while (!isTrue()) {
      assert.ok(performance.now() - start < ms, `not within ${ms} ms`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return performance.now() - start
  }

  recordsContract('postgres', () => openAt(newUrl()))
  relationsContract('postgres', () => openAt(newUrl()))

  test('nodes that start at once make one database', async () => {
    const url = newUrl()
    const nodes = await Promise.all([1, 2, 3, 4].map(() => openAt(url)))
    await nodes[0]?.keys.insert(keyRow())
    assert.equal((await nodes[3]?.keys.get('aaaaaaaaaaaa'))?.owner, 'ann')
    await Promise.all(nodes.map((node) => node.close()))
  })

  test('another node knows of a change within 5 s, usually at once', async () => {
    const url = newUrl()
    const [one, two] = [await openAt(url), await openAt(url)]
    const [keys, relations] = [two.changeToken(), two.relations.changeToken()]
    await one.keys.insert(keyRow())
    await one.relations.write({ add: [tuple('doc:1#viewer@ann')] })
    const ms = await until(
      () => two.changeToken() !== keys && two.relations.changeToken() !== relations,
      5000,
    )
    assert.ok(ms < 1500, `told after ${ms} ms, not when it was asked`)
    await Promise.all([one.close(), two.close()])
  })

  test('a revocation by hand is seen, also when the server says no word', async () => {
    const url = newUrl()
    const records = await openAt(url)
    await records.keys.insert(keyRow())
    const before = records.changeToken()
    sqlAt(
      url,
      'SET session_replication_role = replica; UPDATE sallyport.api_key SET revoked_at_ms = 1; UPDATE sallyport.change_count SET count = count + 1',
    )
    await until(() => records.changeToken() !== before, 5000)
    assert.equal((await records.keys.get('aaaaaaaaaaaa'))?.revokedAtMs, 1)
    await records.close()
  })

  test('an update keeps what another node wrote at the same time', async () => {
    const url = newUrl()
    const [one, two] = [await openAt(url), await openAt(url)]
    await one.keys.insert(keyRow({ name: '' }))
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 === 0 ? one : two).keys.update('aaaaaaaaaaaa', (row) => ({
          ...row,
          name: `${row.name}x`,
        })),
      ),
    )
    assert.equal((await two.keys.get('aaaaaaaaaaaa'))?.name, 'x'.repeat(20))
    await Promise.all([one.close(), two.close()])
  })

  const faults: readonly [name: string, sql: string, message: RegExp][] = [
    [
      'a later version wrote',
      "INSERT INTO sallyport.migration VALUES (999, 'x', 1, '')",
      /later version/,
    ],
    [
      'another program changed',
      "UPDATE sallyport.migration SET hash = 'x' WHERE version = 2",
      /step 2 \(adopt and meta\) is not the one/,
    ],
  ]
  for (const [name, sql, message] of faults)
    test(`a database that ${name} stops the start`, async () => {
      const url = newUrl()
      await (await openAt(url)).close()
      sqlAt(url, sql)
      await assert.rejects(openAt(url), (error) => {
        assert.ok(error instanceof ConfigError)
        assert.equal(error.faults[0]?.path, 'store')
        return message.test(error.message)
      })
    })

  test('no server at the address stops the start, and no password is told', async () => {
    const records = new PostgresRecords(
      { url: new Secret('postgres://ann:hunter2@127.0.0.1:1/none') },
      1,
    )
    await assert.rejects(Promise.resolve(records.open()), (error) => {
      assert.ok(error instanceof ConfigError)
      return /cannot be used/.test(error.message) && !error.message.includes('hunter2')
    })
    await records.close()
  })

  test('a database in another encoding stops the start', async () => {
    server.run("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    await assert.rejects(openAt(server.url.replace(/postgres$/, 'latin')), /LATIN1/)
  })

  for (const how of ['killed', 'stopped'] as const)
    test(`a server that is ${how}: away within 5 s, at once for the next, and back by itself`, async () => {
      const records = await openAt(newUrl())
      await records.keys.insert(keyRow())
      await records.keys.insert(keyRow({ id: 'known' }))
      assert.equal((await records.keys.get('known'))?.id, 'known')
      const told: (string | undefined)[] = []
      records.onAway((cause) => told.push(cause))
      await (how === 'killed' ? server.kill() : server.pause())
      await assert.rejects(
        records.keys.get('aaaaaaaaaaaa'),
        (error) => error instanceof StoreError && error.code === 'unavailable',
      )
      await until(() => told.length === 1, 5000)
      assert.throws(() => records.changeToken(), StoreError)
      assert.equal((await records.keys.get('known'))?.id, 'known', 'what was read is held')
      const start = performance.now()
      for (let i = 0; i < 200; i++)
        await assert.rejects(async () => records.keys.get('aaaaaaaaaaaa'), StoreError)
      await assert.rejects(
        async () => records.keys.update('aaaaaaaaaaaa', (row) => ({ ...row, revokedAtMs: 1 })),
        StoreError,
      )
      assert.ok(performance.now() - start < 500, 'nobody waits for a server that is away')
      await (how === 'killed' ? server.start() : server.resume())
      await until(() => told.length === 2, 10_000)
      assert.equal(told[1], undefined)
      assert.equal((await records.keys.get('aaaaaaaaaaaa'))?.revokedAtMs, undefined)
      await records.close()
    })
})
