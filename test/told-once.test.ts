import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, test } from 'node:test'
import { makeIssuer } from './kit/issuer.ts'
import { until } from './kit/until.ts'
import { serveElsewhere } from './outage/issuer-process.ts'
import { ask, NO_LIMITS, startRange } from './workers/range.ts'
import type { WorkersRange } from './workers/range.ts'

const BEARERS = `openapi: 3.1.0
info: { title: t, version: '1' }
components: { securitySchemes: { id: { type: http, scheme: bearer } } }
paths: { /mine: { get: { security: [{ id: [] }], responses: { '200': { description: ok } } } } }
`

/** What the log says of a dependency so far, such as `down store`. */
function toldBy(range: WorkersRange): readonly string[] {
  return range.log().flatMap((line) => {
    const name = String(line['event.action'])
    if (!name.startsWith('sp_dependency_')) return []
    return [`${name.slice('sp_dependency_'.length)} ${String(line['sallyport.reason'])}`]
  })
}

async function statuses(
  range: WorkersRange,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<readonly unknown[]> {
  const asked = Array.from({ length: 20 }, () => ask(range.port, path, { headers }))
  return (await Promise.all(asked)).map((one) => ('status' in one ? one.status : one.error))
}

// CONTROLS 3.3: what is away is told once for the process, however many requests meet it.
suite('a dependency that is away is told of once, and once when it is back', () => {
  test('a SQLite file whose table of keys is gone', async (t) => {
    const range = await startRange(`store: sqlite:./s.db\n${NO_LIMITS}`)
    t.after(() => range.close())
    const made = await range.running.gateway.services.keys.admin.create({}, Date.now())
    const headers = { 'x-api-key': made.key.reveal() }
    const other = new DatabaseSync(join(range.folder, 's.db'))
    t.after(() => other.close())
    other.exec('ALTER TABLE api_key RENAME TO elsewhere')
    assert.deepEqual([...new Set(await statuses(range, '/keyed', headers))], [503])
    const { dependencies } = range.running.gateway
    assert.ok(await until(() => !dependencies.isUp('store')))
    assert.deepEqual([...new Set(await statuses(range, '/keyed', headers))], [503])
    other.exec('ALTER TABLE elsewhere RENAME TO api_key')
    assert.ok(await until(() => dependencies.isUp('store'), 10_000))
    assert.deepEqual([...new Set(await statuses(range, '/keyed', headers))], [200])
    assert.ok(await until(() => toldBy(range).length === 2))
    assert.deepEqual(toldBy(range), ['down store', 'up store'])
  })

  test('an issuer whose server is frozen', { timeout: 90_000 }, async (t) => {
    const issuer = await makeIssuer('https://id.example.com', 'api')
    const server = await serveElsewhere(issuer.jwks)
    t.after(() => server.end())
    server.freeze()
    const trusted = `${JSON.stringify(issuer.iss)}: { audience: api, jwks: "${server.url}/keys" }`
    const range = await startRange(`auth: { jwt: { issuers: { ${trusted} } } }\n${NO_LIMITS}`, {
      threads: 2,
      document: BEARERS,
    })
    t.after(() => range.close())
    const headers = { authorization: `Bearer ${await issuer.mint('ann')}` }
    for (let round = 0; round < 2; round++)
      assert.deepEqual([...new Set(await statuses(range, '/mine', headers))], [503])
    assert.ok(await until(() => toldBy(range).length > 0))
    assert.deepEqual(toldBy(range), ['down issuer_keys'])
    server.thaw()
    const isBack = async (): Promise<boolean> =>
      (await statuses(range, '/mine', headers)).every((one) => one === 200)
    assert.ok(await until(isBack, 20_000))
    assert.ok(await until(() => toldBy(range).length > 1))
    assert.deepEqual(toldBy(range), ['down issuer_keys', 'up issuer_keys'])
  })
})
