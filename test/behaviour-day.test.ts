import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { FakeClock } from '../src/base/clock.ts'
import { loadConfig } from '../src/gateway/config/load-config.ts'
import { Gateway } from '../src/gateway/gateway.ts'
import type { GatewayCore } from '../src/gateway/gateway-core.ts'
import { drive } from '../src/gateway/testing/core-bench.ts'
import type { Exchange, SecurityEvent } from '../src/pipeline/exchange.ts'
import type { DayCall } from './replay/honest-day.ts'
import { honestDay } from './replay/honest-day.ts'

// MON-02, S3.26: what takes a day is driven through the plan of a real configuration on a clock that is turned by hand.

const DOCUMENT = `openapi: 3.1.0
info: { title: Shop, version: '1' }
components: { securitySchemes: { key: { type: apiKey, in: header, name: X-API-Key } } }
security: [{ key: [] }]
paths:
  /login:
    post:
      operationId: login
      security: []
      requestBody:
        content:
          application/json:
            schema: { type: object, properties: { email: { type: string }, password: { type: string } } }
      responses: { '200': { description: in }, '401': { description: out } }
  /products: { get: { operationId: listProducts, security: [], responses: { '200': { description: ok } } } }
  /products/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    get: { operationId: getProduct, security: [], responses: { '200': { description: ok } } }
  /orders: { get: { operationId: listOrders, responses: { '200': { description: ok } } } }
  /orders/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    get: { operationId: getOrder, responses: { '200': { description: ok }, '404': { description: none } } }
`

const CONFIG = `openapi: ./openapi.yaml
upstream: http://127.0.0.1:3000
store: 'memory:'
logs: { sinks: ['file:./log'] }
limits: { ip: off, principal: off }
detect: { bots: block, enumeration: block, stuffing: block, volume: block, hijack: kill }
`

/** What the block detect says; the rest of the house has its own tests. */
const WATCHED = new Set([
  'sp_enumeration',
  'sp_exfil_suspected',
  'sp_anomaly',
  'sp_stuffing',
  'sp_bot',
  'malicious_attack_tool',
  'sp_response_action',
  'sp_token_misuse',
])

const BROWSER = [
  'Accept',
  '*/*',
  'Accept-Language',
  'en',
  'Accept-Encoding',
  'gzip',
  'Sec-Fetch-Mode',
  'cors',
]

interface World {
  readonly clock: FakeClock
  readonly events: SecurityEvent[]
  key(who: string): Promise<string>
  send(call: Omit<DayCall, 'atMs' | 'kind' | 'who'>, key?: string): Promise<Exchange>
}

async function world(t: TestContext, config: string = CONFIG): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-day-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'openapi.yaml'), DOCUMENT)
  writeFileSync(join(folder, 'sallyport.yaml'), config)
  const clock = new FakeClock(Date.UTC(2026, 0, 5))
  const loaded = await loadConfig(join(folder, 'sallyport.yaml'), {})
  const gateway = await Gateway.start(loaded, { version: '0', certificateNames: [], clock })
  t.after(() => gateway.close())
  const events: SecurityEvent[] = []
  const keys = new Map<string, string>()
  return {
    clock,
    events,
    key: async (who) => {
      const known = keys.get(who)
      if (known !== undefined) return known
      const made = await gateway.services.keys.admin.create({}, clock.nowMs())
      keys.set(who, made.key.reveal())
      return made.key.reveal()
    },
    send: async (call, key) => {
      const headers = ['User-Agent', call.agent, ...BROWSER]
      if (key !== undefined) headers.push('X-API-Key', key)
      if (call.body !== undefined) headers.push('Content-Type', 'application/json')
      const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) }
      const { method, target, address: peer } = call
      const request = {
        method,
        target,
        headers,
        peer,
        host: 'localhost',
        tls: 'localhost',
        ...body,
      }
      const api = { status: call.status, headers: ['Content-Length', String(call.bytes)] }
      const { exchange } = await drive(counting(gateway.core, call.bytes), request, api)
      events.push(...exchange.events.filter(({ name }) => WATCHED.has(name)))
      return exchange
    },
  }
}

/** The core, told as by an edge how much went out. */
function counting(core: GatewayCore, bytes: number): GatewayCore {
  return new Proxy(core, {
    get: (_core, name) => {
      if (name !== 'end') return (core[name as keyof GatewayCore] as () => unknown).bind(core)
      return (exchange: Exchange) => {
        exchange.bytesOut = exchange.decision === undefined ? bytes : 200
        core.end(exchange)
      }
    },
  })
}

const told = (events: readonly SecurityEvent[]): string[] => [
  ...new Set(events.map(({ name, reason }) => `${name} ${reason}`)),
]

suite('a day on a clock that is turned by hand', { timeout: 300_000 }, () => {
  test('honest traffic raises nothing at all', async (t) => {
    const { clock, events, key, send } = await world(t)
    const calls = honestDay({ customers: 400, guests: 400, staff: 6, partners: 3 }, 20_260_105)
    assert.ok(calls.length > 20_000, `only ${calls.length} requests`)
    const startMs = clock.nowMs()
    const refused: string[] = []
    for (const { who, kind, ...call } of calls) {
      clock.advance(Math.max(0, startMs + call.atMs - clock.nowMs()))
      const needsKey = call.target.startsWith('/orders')
      const exchange = await send(call, needsKey ? await key(who) : undefined)
      if (exchange.decision !== undefined) refused.push(`${kind} ${exchange.decision.reason}`)
    }
    assert.deepEqual(told(events), [])
    assert.deepEqual(refused, [])
  })

  test('a slow scrape of 5,000 objects is told and stopped on the same day', async (t) => {
    const { clock, events, key, send } = await world(t)
    const thief = await key('thief')
    let taken = 0
    for (let id = 1; id <= 5000; id++) {
      clock.advance(17_000)
      const exchange = await send(
        {
          address: '203.0.113.5',
          agent: 'sync/1',
          method: 'GET',
          target: `/orders/${id}`,
          status: 200,
          bytes: 900,
        },
        thief,
      )
      if (exchange.decision === undefined) taken += 1
    }
    assert.ok(told(events).includes('sp_enumeration many_ids'))
    assert.ok(told(events).includes('sp_response_action block'))
    // A thousand, and one or two at the end of each hour that somebody was blocked for.
    assert.ok(taken < 1150, `${taken} objects were taken`)
  })

  for (const [times, expected] of [
    [10, []],
    [60, ['sp_exfil_suspected volume', 'sp_response_action block']],
  ] as const)
    test(`${times} times the usual amount is ${expected.length === 0 ? 'no' : 'a'} reason to act`, async (t) => {
      const { clock, events, key, send } = await world(t)
      const caller = await key('caller')
      const list = (bytes: number): Promise<Exchange> =>
        send(
          {
            address: '203.0.113.6',
            agent: 'sync/1',
            method: 'GET',
            target: '/orders',
            status: 200,
            bytes,
          },
          caller,
        )
      for (let minute = 0; minute < 120; minute++) {
        clock.advance(60_000)
        await list(30_000)
      }
      clock.advance(600_000)
      for (let n = 0; n < times; n++) await list(300_000)
      const after = await list(1)
      assert.deepEqual(told(events), expected)
      assert.equal(after.decision?.reason, expected.length === 0 ? undefined : 'risk_block')
    })
})
