import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, suite, test } from 'node:test'
import { tuple } from '../src/store/testing/relations-contract.ts'
import { postgresMissing, startPostgres } from '../src/store/testing/start-postgres.ts'
import type { PostgresServer } from '../src/store/testing/start-postgres.ts'
import { asker } from './kit/ask.ts'
import type { Asker, Got } from './kit/ask.ts'
import { startGateway } from './kit/gateway.ts'
import type { TestGateway } from './kit/gateway.ts'
import { clientAddress } from './kit/problem.ts'
import { startUpstream } from './kit/upstream.ts'
import type { TestUpstream } from './kit/upstream.ts'

// AZN-04, CONTROLS 3.3: owners that no request and no answer shows, from relations, databases and the API itself.

const ORDER = `{ name: orderId, in: path, required: true, schema: { type: string } }`
const ANSWER = (schema: string): string =>
  `responses: { '200': { description: ok, content: { application/json: { schema: ${schema} } } } }`
const DOC = `{ $ref: '#/components/schemas/Doc' }`
const DOCUMENT = `openapi: 3.1.0
info: { title: Papers, version: '1' }
paths:
  /by-relation/{orderId}: { parameters: [${ORDER}], get: { operationId: byRelation, ${ANSWER('{ type: object }')} } }
  /by-sqlite/{orderId}:
    parameters: [${ORDER}]
    get: { operationId: bySqlite, ${ANSWER('{ type: object }')} }
    put: { operationId: putBySqlite, ${ANSWER('{ type: object }')} }
  /by-postgres/{orderId}: { parameters: [${ORDER}], get: { operationId: byPostgres, ${ANSWER('{ type: object }')} } }
  /bills/{billId}:
    parameters: [{ name: billId, in: path, required: true, schema: { type: string } }]
    get: { operationId: getBill, ${ANSWER('{ type: object, properties: { payer: { type: string } } }')} }
  /bills/{billId}/lines:
    parameters: [{ name: billId, in: path, required: true, schema: { type: string } }]
    get: { operationId: getLines, ${ANSWER('{ type: array, items: { type: integer } }')} }
  /docs: { get: { operationId: listDocs, ${ANSWER(`{ type: array, items: ${DOC} }`)} } }
  /docs/{docId}:
    parameters: [{ name: docId, in: path, required: true, schema: { type: integer } }]
    get: { operationId: getDoc, ${ANSWER(DOC)} }
    delete: { operationId: deleteDoc, responses: { '204': { description: gone } } }
components:
  schemas:
    Doc: { type: object, properties: { id: { type: integer }, text: { type: string } } }
`

interface Places {
  readonly upstream: string
  readonly sqlite: string
  readonly postgres: string
}

const yamlOf = ({ upstream, sqlite, postgres }: Places, extra = ''): string => `
openapi: ./openapi.yaml
upstream: ${upstream}
limits: { ip: off, principal: off, failures: off, errors: off }
store: sqlite:./sallyport.db
authorize:
  lookups:
    sqliteOwner: { from: "sqlite:${sqlite}", query: "SELECT owner FROM orders WHERE id = $1" }
    postgresOwner: { from: "${postgres}", query: "SELECT owner FROM orders WHERE id = $1", timeout: 500ms, cache: 1s }
    payer: { operation: getBill, value: payer }
  operations:
    byRelation: relation("order:" + path.orderId, "viewer", subject.id)
    bySqlite: lookup("sqliteOwner", path.orderId) == subject.id
    byPostgres: lookup("postgresOwner", path.orderId) == subject.id
    getLines: lookup("payer", path.billId) == subject.id
  schemas:
    Doc: relation("doc:" + string(response.id), "viewer", subject.id)
${extra}`

const TABLE = `CREATE TABLE orders (id INTEGER PRIMARY KEY, owner TEXT);
INSERT INTO orders VALUES (7, 'ann'), (8, 'bob'), (9, NULL);`

const folder = mkdtempSync(join(tmpdir(), 'sallyport-whose-'))
after(() => rmSync(folder, { recursive: true, force: true }))

interface World {
  readonly gateway: TestGateway
  readonly upstream: TestUpstream
  readonly db: DatabaseSync
  ask(target: string, method?: string): Promise<Got>
  close(): Promise<void>
}

let worlds = 0

async function startWorld(
  transport: 'node' | 'fast',
  {
    postgres,
    extra = '',
  }: { readonly postgres?: string | undefined; readonly extra?: string } = {},
): Promise<World> {
  const sqlite = join(folder, `orders-${worlds++}.db`)
  const db = new DatabaseSync(sqlite)
  db.exec(TABLE)
  const upstream = await startUpstream(({ method, target }, response) => {
    const docs = [1, 2, 3].map((id) => ({ id, text: `text ${id}` }))
    const payer = target.endsWith('/7') ? 'ann' : 'bob'
    const value = target.startsWith('/docs/')
      ? docs[Number(target.slice(6)) - 1]
      : target.startsWith('/docs')
        ? docs
        : target.endsWith('/lines')
          ? [1, 2]
          : { payer }
    response.writeHead(method === 'DELETE' ? 204 : 200, { 'content-type': 'application/json' })
    response.end(method === 'DELETE' ? undefined : JSON.stringify(value))
  })
  // Nothing listens on port 9.
  const away = 'postgres://postgres@127.0.0.1:9/postgres'
  const places = { upstream: upstream.url, sqlite, postgres: postgres ?? away }
  const gateway = await startGateway({
    transport,
    yaml: yamlOf(places, extra),
    files: { 'openapi.yaml': DOCUMENT },
  })
  const { key } = await gateway.createKey({ owner: 'ann' })
  const client: Asker = asker(gateway.httpsPort, gateway.ca)
  let sender = 0
  return {
    gateway,
    upstream,
    db,
    ask: (target, method = 'GET') =>
      client.ask({
        from: clientAddress(45, sender++),
        target,
        method,
        headers: { authorization: `Bearer ${key}` },
      }),
    close: async () => {
      client.close()
      await Promise.all([gateway.close(), upstream.close()])
      db.close()
    },
  }
}

function relate(world: World, ...texts: readonly string[]): void {
  void world.gateway.running.gateway.services.records.relations.write({
    add: texts.map((text) => tuple(text)),
  })
}

/** What was remembered of relations is older than this then. */
const poll = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 120))

for (const transport of ['node', 'fast'] as const)
  suite(`whose objects are, over ${transport}`, () => {
    let world: World
    before(async () => {
      world = await startWorld(transport)
      relate(world, 'order:7#viewer@ann', 'order:8#viewer@bob')
      relate(world, 'doc:1#viewer@ann', 'doc:2#viewer@group:eng#member', 'group:eng#member@ann')
    })
    after(() => world.close())

    const cases: readonly [name: string, target: string, status: number][] = [
      ['a relation lets in', '/by-relation/7', 200],
      ['the relation of another does not', '/by-relation/8', 404],
      ['nobody stands in a relation to what is not there', '/by-relation/10', 404],
      ['no id makes a relation of another', '/by-relation/7%23viewer%40ann', 404],
      ['a row lets its owner in', '/by-sqlite/7', 200],
      ['the row of another does not', '/by-sqlite/8', 404],
      ['a row without owner is nobody’s', '/by-sqlite/9', 404],
      ['what is not there is nobody’s', '/by-sqlite/10', 404],
      ['no other spelling of an id finds its row', '/by-sqlite/07', 404],
      ['no fraction finds it', '/by-sqlite/7.0', 404],
      ['no SQL finds it', "/by-sqlite/7'%20OR%20'1'='1", 404],
      ['the API tells who pays', '/bills/7/lines', 200],
      ['and who does not', '/bills/8/lines', 404],
      ['a database that is away refuses', '/by-postgres/7', 503],
      ['an object is shown by its relation', '/docs/1', 200],
      ['and through a group', '/docs/2', 200],
      ['and not without', '/docs/3', 404],
    ]
    for (const [name, target, status] of cases)
      test(name, async () => assert.equal((await world.ask(target)).status, status))

    test('a denied object and a missing one are told alike', async () => {
      const [denied, missing] = [await world.ask('/by-sqlite/8'), await world.ask('/by-sqlite/10')]
      const shape = ({ status, body }: Got) => [
        status,
        body.toString().replaceAll(/[0-9a-f-]{20,}/g, 'ID'),
      ]
      assert.deepEqual(shape(denied), shape(missing))
    })

    test('a list holds what the caller stands in the relation to', async () => {
      const { body } = await world.ask('/docs')
      const ids = (JSON.parse(body.toString()) as { id: number }[]).map(({ id }) => id)
      assert.deepEqual(ids, [1, 2])
    })

    test('a change is held to the relation before it goes on', async () => {
      world.upstream.seen.length = 0
      assert.equal((await world.ask('/docs/3', 'DELETE')).status, 404)
      assert.equal((await world.ask('/docs/1', 'DELETE')).status, 204)
      const changes = world.upstream.seen.filter(({ method }) => method === 'DELETE')
      assert.deepEqual(
        changes.map(({ target }) => target),
        ['/docs/1'],
      )
    })

    test('what is taken away is gone within a second', async () => {
      relate(world, 'order:11#viewer@ann')
      await poll()
      assert.equal((await world.ask('/by-relation/11')).status, 200)
      void world.gateway.running.gateway.services.records.relations.write({
        remove: [tuple('order:11#viewer@ann')],
      })
      await poll()
      assert.equal((await world.ask('/by-relation/11')).status, 404)
    })

    test('an owner is remembered, and forgotten with a change through the gateway', async () => {
      world.db.exec("INSERT INTO orders VALUES (20, 'ann')")
      assert.equal((await world.ask('/by-sqlite/20')).status, 200)
      world.db.exec("UPDATE orders SET owner = 'bob' WHERE id = 20")
      assert.equal((await world.ask('/by-sqlite/20')).status, 200, 'within its time')
      assert.equal((await world.ask('/by-sqlite/20', 'PUT')).status, 200)
      assert.equal((await world.ask('/by-sqlite/20')).status, 404)
    })

    test('the log says which rule refused, and why a source did not answer', async () => {
      const text = await world.gateway.logText()
      assert.match(text, /does not hold: lookup\(/)
      assert.match(text, /facts_unknown/)
      assert.match(text, /authorize\.operations\.byPostgres: the database did not answer/)
    })
  })

suite('a rule that only watches', () => {
  test('changes nothing and logs what it would have refused', async () => {
    const world = await startWorld('fast', { extra: '  mode: monitor\n' })
    try {
      assert.equal((await world.ask('/by-relation/8')).status, 200)
      assert.equal((await world.ask('/by-postgres/8')).status, 200)
      assert.equal(JSON.parse((await world.ask('/docs')).body.toString()).length, 3)
      const text = await world.gateway.logText()
      assert.match(text, /would_refuse[^\n]*relation\(/)
      assert.match(text, /would_refuse[^\n]*facts_unknown/)
      assert.match(text, /would_refuse[^\n]*Doc at/)
    } finally {
      await world.close()
    }
  })
})

suite('an owner in PostgreSQL', { skip: postgresMissing() ?? false }, () => {
  let server: PostgresServer
  let world: World
  before(async () => {
    server = await startPostgres()
    server.run(TABLE)
    world = await startWorld('fast', { postgres: server.url })
  })
  after(async () => {
    await world.close()
    await server.close()
  })

  test('lets the owner in and nobody else', async () => {
    const ids = ['7', '8', '9', '10', '07', 'x', "7'%20OR%20'1'='1"]
    const statuses = await Promise.all(
      ids.map(async (id) => (await world.ask(`/by-postgres/${id}`)).status),
    )
    assert.deepEqual(statuses, [200, 404, 404, 404, 404, 404, 404])
  })

  test('is closed while the server is away, and open once it is back', async () => {
    await server.stop()
    const away = await world.ask('/by-postgres/70')
    assert.equal(away.status, 503)
    assert.equal(away.headers.get('retry-after'), '1')
    await server.start()
    server.run("INSERT INTO orders VALUES (70, 'ann')")
    assert.equal((await world.ask('/by-postgres/70')).status, 200)
  })

  test('stays closed beyond what is remembered when the server hangs', async () => {
    server.run("INSERT INTO orders VALUES (71, 'ann')")
    assert.equal((await world.ask('/by-postgres/71')).status, 200)
    await server.stop()
    await new Promise((resolve) => setTimeout(resolve, 1100))
    assert.equal((await world.ask('/by-postgres/71')).status, 503)
    await server.start()
  })
})
