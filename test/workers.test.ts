import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, suite, test } from 'node:test'
import { connect } from 'node:tls'
import { until } from './kit/until.ts'
import { ask, configOf, documentOf, Load, NO_LIMITS, startRange } from './workers/range.ts'
import type { Outcome, WorkersRange } from './workers/range.ts'

const statusOf = (outcome: Outcome): number => ('status' in outcome ? outcome.status : 0)

/** The same request on connections of their own, which the kernel spreads over the workers. */
function askMany(port: number, path: string, count: number, key?: string): Promise<Outcome[]> {
  const headers = key === undefined ? {} : { 'x-api-key': key }
  return Promise.all(Array.from({ length: count }, () => ask(port, path, { headers })))
}

/** How many requests each worker has answered. */
function sharesOf({ workers }: WorkersRange): readonly number[] {
  return workers.threads.map(({ numbers }) =>
    numbers
      .filter(({ key }) => key[0] === 'status')
      .reduce((sum, { values }) => sum + values.reduce((one, other) => one + other, 0), 0),
  )
}

suite('worker threads', () => {
  let range: WorkersRange
  before(async () => {
    range = await startRange(`store: "memory:"\n${NO_LIMITS}`)
  })
  after(() => range.close())

  test('all serve the same port', async () => {
    const found = await askMany(range.port, '/open', 60)
    assert.ok(found.every((one) => statusOf(one) === 200))
    assert.ok(
      sharesOf(range).every((share) => share > 0),
      sharesOf(range).join(),
    )
  })

  test('a new key works in all of them at once, and a revoked one in none', async () => {
    const { admin } = range.running.gateway.services.keys
    const { key, row } = await admin.create({}, Date.now())
    const good = await askMany(range.port, '/keyed', 30, key.reveal())
    assert.deepEqual([...new Set(good.map(statusOf))], [200])
    await admin.revoke(row.id, 'test', Date.now())
    const bad = await askMany(range.port, '/keyed', 30, key.reveal())
    assert.deepEqual([...new Set(bad.map(statusOf))], [401])
  })

  test('a scrape adds up what all of them counted', async () => {
    const series = 'sallyport_requests_total{route="GET /open"'
    const before = range.metric(series)
    await askMany(range.port, '/open', 40)
    assert.ok(await until(() => range.metric(series) === before + 40))
    assert.equal(range.metric('sallyport_build_info'), 1)
  })

  test('every line of the log is whole', async () => {
    const load = new Load(range.port, '/open', 30)
    await load.more(1500)
    await load.stop()
    const count = (): number =>
      range.log().filter((line) => line['event.dataset'] === 'sallyport.access').length
    assert.ok(await until(() => count() >= 1500, 5000), `${count()} lines`)
  })

  test('a TLS session that one of them began is resumed by the others', async () => {
    const session = await handshake(range, undefined)
    const again = await Promise.all(
      Array.from({ length: 12 }, () => handshake(range, session.ticket)),
    )
    assert.deepEqual([...new Set(again.map(({ isReused }) => isReused))], [true])
  })

  test('who else listens on a port is noticed, although ports are shared', () =>
    assert.rejects(startRange(NO_LIMITS, { port: range.port }), { code: 'EADDRINUSE' }))
})

/** One TLS connection; a session ticket arrives after the handshake. */
async function handshake(
  { running }: WorkersRange,
  session: Buffer | undefined,
): Promise<{ readonly isReused: boolean; readonly ticket: Buffer | undefined }> {
  const socket = connect({
    host: '127.0.0.1',
    servername: 'localhost',
    port: running.httpsPort ?? 0,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    ...(session === undefined ? {} : { session }),
  })
  let ticket: Buffer | undefined
  socket.on('session', (found: Buffer) => (ticket = found))
  await once(socket, 'secureConnect')
  const isReused = socket.isSessionReused()
  if (session === undefined) await until(() => ticket !== undefined)
  socket.destroy()
  return { isReused, ticket }
}

suite('limits over all worker threads', () => {
  test('let through exactly what they say, however connections are spread', async () => {
    const range = await startRange(
      'limits: { ip: 120/h, principal: off, failures: off, errors: off }',
    )
    try {
      const found: Outcome[] = []
      for (let round = 0; round < 5; round++)
        found.push(...(await askMany(range.port, '/open', 60)))
      const passed = found.filter((one) => statusOf(one) === 200).length
      const limited = found.filter((one) => statusOf(one) === 429).length
      assert.ok(
        sharesOf(range).every((share) => share > 0),
        sharesOf(range).join(),
      )
      assert.deepEqual([passed, limited], [120, 180])
    } finally {
      await range.close()
    }
  })

  test('give an address as many connections as it may have, in all of them together', async () => {
    const range = await startRange(NO_LIMITS, { delayMs: 300 })
    try {
      const found = await askMany(range.port, '/open', 180)
      assert.equal(found.filter((one) => statusOf(one) === 200).length, 100)
    } finally {
      await range.close()
    }
  })

  test('ban at the failure that the rule names, in all of them', async () => {
    const range = await startRange(
      'limits: { ip: off, principal: off, failures: 20/5min ban 15min, errors: off }',
    )
    try {
      const { key } = await range.running.gateway.services.keys.admin.create({}, Date.now())
      const wrong = `${key.reveal().slice(0, -12)}wrong`
      const statuses: number[] = []
      for (let i = 0; i < 30; i++) {
        const outcome = await ask(range.port, '/keyed', { headers: { 'x-api-key': wrong } })
        statuses.push(statusOf(outcome))
      }
      assert.equal(statuses.filter((status) => status === 401).length, 20)
      assert.deepEqual([...new Set(statuses.slice(20))], [429])
    } finally {
      await range.close()
    }
  })
})

suite('a worker thread that dies', () => {
  let range: WorkersRange
  before(async () => {
    range = await startRange(
      'limits: { ip: off, principal: off, failures: 3/5min ban 15min, errors: off }',
      { delayMs: 5 },
    )
  })
  after(() => range.close())

  test('loses what it had in flight and nothing else, and is replaced', async (t) => {
    const clients = 24
    const series = 'sallyport_requests_total{route="GET /open"'
    const load = new Load(range.port, '/open', clients)
    await load.more(200)
    const counted = range.metric(series)
    const [victim] = range.workers.threads
    await victim?.kill()
    const diedAt = performance.now()
    assert.equal(range.workers.threads.includes(victim!), false)
    assert.ok(range.metric(series) >= counted, 'what it counted is not lost')
    assert.ok(await until(() => range.workers.serving === 3, 10_000))
    const replacedMs = performance.now() - diedAt
    await load.more(200)
    await load.stop()
    assert.ok(load.failures.length <= clients, `${load.failures.length} failures`)
    assert.ok(replacedMs < 5000, `replaced after ${Math.round(replacedMs)} ms`)
    t.diagnostic(`replaced after ${Math.round(replacedMs)} ms`)
    const answered = load.outcomes.length - load.failures.length
    assert.ok(await until(() => range.metric(series) >= answered))
    assert.ok(range.metric(series) <= load.outcomes.length)
    assert.equal(range.metric('sallyport_inflight'), 0)
  })

  test('is told in the log, with its successor', async () => {
    const reasons = (): readonly unknown[] =>
      range
        .log()
        .filter((line) => line['event.action'] === 'sp_worker')
        .map((line) => line['sallyport.reason'])
    assert.ok(await until(() => reasons().length === 2, 5000))
    assert.deepEqual(reasons(), ['died', 'replaced'])
  })

  test('leaves bans and keys in force', async () => {
    const { key } = await range.running.gateway.services.keys.admin.create({}, Date.now())
    const wrong = `${key.reveal().slice(0, -12)}wrong`
    for (let i = 0; i < 4; i++) await ask(range.port, '/keyed', { headers: { 'x-api-key': wrong } })
    for (const thread of range.workers.threads) await thread.kill()
    assert.ok(await until(() => range.workers.serving === 3, 15_000))
    const bad = await askMany(range.port, '/keyed', 12, wrong)
    assert.deepEqual([...new Set(bad.map(statusOf))], [429])
    const good = await askMany(range.port, '/keyed', 12, key.reveal())
    assert.deepEqual([...new Set(good.map(statusOf))], [200])
  })
})

suite('a reload with worker threads', () => {
  let range: WorkersRange
  before(async () => {
    range = await startRange(NO_LIMITS)
  })
  after(() => range.close())

  const bodies = async (): Promise<readonly string[]> => {
    const found = await askMany(range.port, '/open', 30)
    return [...new Set(found.map((one) => ('body' in one ? one.body : one.error)))]
  }

  test('fails no request under load, and holds everywhere once it is answered', async () => {
    const load = new Load(range.port, '/open', 16)
    for (let i = 0; i < 6; i++) {
      await load.more(60)
      range.write('openapi.yaml', documentOf(i % 2 === 0 ? ['a', 'b'] : ['a']))
      const result = await range.running.reload()
      assert.ok(result.ok)
      assert.deepEqual(await bodies(), [i % 2 === 0 ? '{"a":1,"b":2}' : '{"a":1}'])
    }
    await load.stop()
    assert.deepEqual(load.failures, [])
  })

  test('that is refused changes nothing anywhere', async () => {
    range.write('openapi.yaml', 'openapi: 3.1.0')
    const result = await range.running.reload()
    assert.equal(result.ok, false)
    assert.deepEqual(await bodies(), ['{"a":1}'])
    const [victim] = range.workers.threads
    await victim?.kill()
    assert.ok(await until(() => range.workers.serving === 3, 15_000), 'its successor needs no file')
    assert.deepEqual(await bodies(), ['{"a":1}'])
    range.write('openapi.yaml', documentOf())
  })

  test('does not wait for a thread that dies over it', async () => {
    const [victim] = range.workers.threads
    range.write('openapi.yaml', documentOf(['b']))
    const reloading = range.running.reload()
    await victim?.kill()
    const result = await reloading
    assert.ok(result.ok)
    assert.ok(await until(() => range.workers.serving === 3, 15_000))
    assert.ok(
      await until(async () => (await bodies()).join() === '{"b":2}', 5000),
      'the successor too',
    )
  })

  test('tells what only a restart changes', async () => {
    range.write('sallyport.yaml', configOf(range.upstream.url, `workers: 5\n${NO_LIMITS}`))
    assert.ok((await range.running.reload()).ok)
    const told = (): boolean =>
      range.log().some((line) => String(line['sallyport.detail']).includes('workers'))
    assert.ok(await until(told, 5000))
  })
})
