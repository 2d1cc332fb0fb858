import assert from 'node:assert/strict'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { UpstreamService } from '../../gateway/core.ts'
import { edgesOf, eventually, exchangeRaw, rawUpstream, startEdge } from '../testing/edge-kit.ts'
import type { Edge } from '../testing/edge-kit.ts'
import type { UpstreamNotice } from './origin.ts'
import { RetryBudget } from './retry-budget.ts'

const BREAKER = { failureRatio: 0.5, minimum: 4, windowMs: 10_000, openMs: 150, probes: 2 }

interface Api {
  readonly origin: string
  readonly seen: string[]
  status: number
  /** Really ends the server: its port refuses connections. */
  stop(): Promise<void>
  start(): Promise<void>
}

/** An API that says its own name; it can be stopped and started again on its port. */
async function api(t: TestContext, name: string): Promise<Api> {
  let server: Server
  let port = 0
  const seen: string[] = []
  const it: Api = {
    get origin() {
      return `http://127.0.0.1:${port}`
    },
    seen,
    status: 200,
    stop: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
    start: async () => {
      server = createServer((req, res) => {
        seen.push(`${req.method} ${req.url} ${req.headers.host}`)
        res.writeHead(it.status, it.status === 204 ? {} : { 'content-length': name.length })
        res.end(name)
      })
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
      port = (server.address() as AddressInfo).port
    },
  }
  await it.start()
  t.after(() => it.stop())
  return it
}

function service(
  origins: readonly (string | [origin: string, weight: number])[],
  more: Partial<UpstreamService> = {},
): UpstreamService {
  return {
    origins: origins.map((entry) => {
      const [origin, weight] = typeof entry === 'string' ? [entry, 1] : entry
      return { target: { origin, connectMs: 300, ca: undefined }, weight }
    }),
    retries: true,
    breaker: undefined,
    health: undefined,
    ...more,
  }
}

interface Front extends Edge {
  readonly notices: UpstreamNotice[]
  get(path?: string): Promise<string>
  send(method: string): Promise<string>
}

async function front(t: TestContext, upstream: UpstreamService): Promise<Front> {
  const notices: UpstreamNotice[] = []
  const edge = await startEdge(t, 'http://127.0.0.1:9', {}, (notice) => notices.push(notice))
  edge.core.upstreams = new Map([['main', upstream]])
  const send = async (method: string, path = '/'): Promise<string> => {
    const head = `${method} ${path} HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n`
    const text = await exchangeRaw(edge.port, head)
    return `${text.slice(9, 12)} ${text.slice(text.indexOf('\r\n\r\n') + 4)}`
  }
  return { ...edge, notices, send, get: (path) => send('GET', path) }
}

describe('several origins', () => {
  test('take their share by weight, and each hears its own name as Host', async (t) => {
    const [a, b] = [await api(t, 'a'), await api(t, 'b')]
    const { get } = await front(
      t,
      service([
        [a.origin, 1],
        [b.origin, 3],
      ]),
    )
    await get()
    a.seen.length = b.seen.length = 0
    // Least outstanding by weight: with one request at a time the heavier is always free first.
    await Promise.all(Array.from({ length: 40 }, () => get('/slow')))
    assert.equal(a.seen.length + b.seen.length, 40)
    assert.ok(a.seen.length < b.seen.length, `${a.seen.length} and ${b.seen.length}`)
    assert.ok(b.seen.every((line) => line.endsWith(new URL(b.origin).host)))
  })

  test('equals take turns', async (t) => {
    const [a, b] = [await api(t, 'a'), await api(t, 'b')]
    const { get } = await front(t, service([a.origin, b.origin]))
    for (let i = 0; i < 10; i++) await get()
    assert.deepEqual([a.seen.length, b.seen.length], [5, 5])
  })

  test('a dead one costs the client nothing: the other is asked', async (t) => {
    const [a, b] = [await api(t, 'a'), await api(t, 'b')]
    const { get, send, core } = await front(t, service([a.origin, b.origin], { breaker: BREAKER }))
    await a.stop()
    for (let i = 0; i < 12; i++) assert.equal(await get(), '200 b')
    for (let i = 0; i < 4; i++) assert.equal(await send('DELETE'), '200 b')
    assert.deepEqual(core.failures, [])
  })
})

describe('a second attempt', () => {
  test('is made when the connection broke before a byte came', async (t) => {
    let seen = 0
    const origin = await rawUpstream(t, (socket) => {
      socket.once('data', () => {
        seen++
        if (seen === 1) socket.destroy()
        else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      })
    })
    const { get } = await front(t, service([origin]))
    assert.equal(await get(), '200 ok')
    assert.equal(seen, 2)
  })

  const never: [name: string, method: string, bytes: string, retries: boolean][] = [
    ['for what may change something', 'POST', '', true],
    ['when it is switched off', 'GET', '', false],
    ['after a byte of an answer', 'GET', 'HTTP/1.1 20', true],
  ]
  for (const [name, method, bytes, retries] of never) {
    test(`is never made ${name}`, async (t) => {
      let seen = 0
      const origin = await rawUpstream(t, (socket) => {
        socket.once('data', () => {
          seen++
          socket.end(bytes)
        })
      })
      const { send } = await front(t, service([origin], { retries }))
      assert.match(await send(method), /^502 /)
      assert.equal(seen, 1)
    })
  }

  test('is made for at most a tenth of the requests, and three in ten seconds at least', () => {
    const budget = new RetryBudget()
    for (let i = 0; i < 100; i++) budget.count(0)
    const taken = Array.from({ length: 50 }, () => budget.take(1)).filter(Boolean).length
    assert.equal(taken, 10)
    const idle = new RetryBudget()
    assert.deepEqual(
      Array.from({ length: 5 }, () => idle.take(0)),
      [true, true, true, false, false],
    )
    assert.equal(idle.take(10_000), true, 'a new window')
  })
})

describe('the breaker', () => {
  test('answers 503 at once while the API is down, and finds out when it is back', async (t) => {
    const a = await api(t, 'a')
    const { get, notices, core } = await front(
      t,
      service([a.origin], { breaker: BREAKER, retries: false }),
    )
    assert.equal(await get(), '200 a')
    await a.stop()
    for (let i = 0; i < 3; i++) assert.match(await get(), /^502 /)
    assert.match(await get(), /^502 |^503 /)
    assert.match(await get(), /^503 /)
    assert.equal(core.failures.at(-1)?.cause, 'breaker_open')
    await a.start()
    await sleep(BREAKER.openMs + 20)
    assert.equal(await get(), '200 a')
    assert.equal(await get(), '200 a')
    assert.deepEqual(
      notices.map(({ state }) => state),
      ['open', 'half-open', 'closed'],
    )
  })

  const statuses: [status: number, opens: boolean][] = [
    [500, false],
    [404, false],
    [502, true],
    [503, true],
    [504, true],
  ]
  for (const [status, opens] of statuses) {
    test(`status ${status} ${opens ? 'counts' : 'does not count: a caller could provoke it'}`, async (t) => {
      const a = await api(t, 'a')
      a.status = status
      const { get, notices } = await front(t, service([a.origin], { breaker: BREAKER }))
      for (let i = 0; i < 6; i++) await get()
      assert.equal(notices.length > 0, opens)
    })
  }

  test('a silent API counts', async (t) => {
    const origin = await rawUpstream(t, () => {})
    const { get, notices, core } = await front(
      t,
      service([origin], { breaker: BREAKER, retries: false }),
    )
    core.firstByteMs = 40
    for (let i = 0; i < 4; i++) assert.match(await get(), /^504 /)
    assert.equal(notices[0]?.state, 'open')
  })
})

describe('health checks', () => {
  const health = { path: '/healthz', everyMs: 20, timeoutMs: 200 }

  test('take an origin out and bring it back', async (t) => {
    const [a, b] = [await api(t, 'a'), await api(t, 'b')]
    const { get, notices } = await front(t, service([a.origin, b.origin], { health }))
    await get()
    a.status = 500
    await eventually(() => notices.some(({ state }) => state === 'down'))
    for (let i = 0; i < 6; i++) assert.equal(await get(), '200 b')
    a.status = 204
    await eventually(() => notices.some(({ state }) => state === 'up'))
    assert.ok(a.seen.some((line) => line.startsWith('GET /healthz ')))
    a.status = 200
    const answers = new Set([await get(), await get(), await get(), await get()])
    assert.deepEqual([...answers].toSorted(), ['200 a', '200 b'])
  })

  test('that call every origin ill are not believed', async (t) => {
    const a = await api(t, 'a')
    const { get, notices } = await front(
      t,
      service([a.origin], { health: { ...health, path: '/nothing-here' } }),
    )
    a.status = 404
    await get()
    await eventually(() => notices.some(({ state }) => state === 'down'))
    a.status = 200
    assert.equal(await get(), '200 a')
  })

  test('end with the plan that wanted them', async (t) => {
    const a = await api(t, 'a')
    const { core, get } = await front(t, service([a.origin], { health }))
    await get()
    await eventually(() => a.seen.some((line) => line.includes('healthz')))
    core.upstreams = new Map([['main', service([a.origin])]])
    await get()
    await sleep(60)
    a.seen.length = 0
    await sleep(100)
    assert.deepEqual(a.seen, [])
  })
})

for (const transport of ['node', 'fast'] as const) {
  test(`${transport}: requests that are sent again because an idle connection broke are in the budget`, async (t) => {
    let seen = 0
    const origin = await rawUpstream(t, (socket) => {
      let isSecond = false
      socket.on('data', () => {
        seen++
        if (isSecond) return socket.destroy()
        isSecond = true
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      })
    })
    const { core, port } = await edgesOf(transport)(t, 'http://127.0.0.1:9')
    core.upstreams = new Map([['main', service([origin])]])
    let failed = 0
    const asked = 30
    for (let i = 0; i < asked; i++) {
      const text = await exchangeRaw(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      if (!text.startsWith('HTTP/1.1 200 ')) failed++
    }
    assert.ok(failed > 0, 'the budget has no end')
    assert.ok(seen > asked && seen <= asked + 4, `${seen} for ${asked}`)
  })
}
