import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Asker, Got } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { LogLine, TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'
import type { TestIssuer } from './kit/issuer.ts'
import { makeIssuer } from './kit/issuer.ts'
import { assertRefusal } from './kit/problem.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startUpstream } from './kit/upstream.ts'

// MON-01, MON-02, MON-03, SES-08, KEY-06: what callers do is watched, told, and answered by degrees.

const DOCUMENT = `openapi: 3.1.0
info: { title: Shop, version: '1' }
components:
  securitySchemes:
    key: { type: apiKey, in: header, name: X-API-Key }
    token: { type: http, scheme: bearer }
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
  /products: { get: { operationId: listProducts, security: [], responses: { '204': { description: ok } } } }
  /orders/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    get: { operationId: getOrder, responses: { '204': { description: ok } } }
  /debug/users:
    get: { operationId: dumpUsers, x-sallyport-honeypot: true, responses: { '204': { description: ok } } }
  /me: { get: { operationId: me, security: [{ token: [] }], responses: { '204': { description: ok } } } }
`

const CHROME = {
  'user-agent':
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  accept: '*/*',
  'accept-language': 'en',
  'accept-encoding': 'gzip',
  'sec-fetch-mode': 'cors',
}
const CURL = { 'user-agent': 'curl/8.5.0', accept: '*/*' }

/** Five tools, and five honest programs. */
const AGENTS = [
  ['sqlmap', { 'user-agent': 'sqlmap/1.8#stable (https://sqlmap.org)', accept: '*/*' }, 403],
  ['nuclei', { 'user-agent': 'Nuclei - Open-source project', accept: '*/*' }, 403],
  ['nikto', { 'user-agent': 'Mozilla/5.00 (Nikto/2.5.0) (Evasions:None)' }, 403],
  ['ffuf', { 'user-agent': 'Fuzz Faster U Fool v2.1.0-dev' }, 403],
  ['openbullet', { 'user-agent': 'OpenBullet/1.4' }, 403],
  ['curl', CURL, 204],
  ['a Python program', { 'user-agent': 'python-requests/2.32.3', accept: '*/*' }, 204],
  ['a Go program', { 'user-agent': 'Go-http-client/2.0', 'accept-encoding': 'gzip' }, 204],
  ['an Android app', { 'user-agent': 'okhttp/4.12.0', 'accept-encoding': 'gzip' }, 204],
  ['Chrome', CHROME, 204],
] as const

interface World {
  readonly upstream: TestUpstream
  readonly gateway: TestGateway
  readonly client: Asker
  readonly issuer: TestIssuer
  /** Asks from an address; headers are those of curl unless said. */
  ask(
    target: string,
    from: string,
    more?: { key?: string; headers?: Record<string, string>; body?: Record<string, string> },
  ): Promise<Got>
  events(name: string): Promise<readonly LogLine[]>
  close(): Promise<void>
}

async function startWorld(detect: string): Promise<World> {
  const issuer = await makeIssuer('https://id.shop.test', 'shop')
  const upstream = await startUpstream(({ target, body }, response) => {
    if (target !== '/login') return response.writeHead(204).end()
    const isRight = body.toString().includes('right')
    return response.writeHead(isRight ? 200 : 401).end()
  })
  const gateway = await startGateway({
    files: { 'openapi.yaml': DOCUMENT, 'jwks.json': issuer.jwks },
    yaml: `openapi: ./openapi.yaml
upstream: ${upstream.url}
listen: { https: 8443, trustedProxies: [127.0.0.0/8] }
auth: { jwt: { issuers: { ${issuer.yaml('./jwks.json')} } } }
limits: { ip: off, principal: off }
detect: ${detect}
`,
  })
  const client = asker(gateway.httpsPort, gateway.ca)
  return {
    upstream,
    gateway,
    client,
    issuer,
    ask: (target, from, { key, headers = CURL, body } = {}) =>
      client.ask({
        target,
        headers: {
          ...headers,
          'x-forwarded-for': from,
          ...(key === undefined ? {} : { 'x-api-key': key }),
        },
        ...(body === undefined ? {} : { method: 'POST', body }),
      }),
    events: async (name) => (await gateway.log()).filter((line) => line['event.action'] === name),
    close: async () => {
      client.close()
      await Promise.all([gateway.close(), upstream.close()])
    },
  }
}

const FULL = `{ bots: block, honeypots: block, enumeration: block, stuffing: block, volume: block, hijack: kill }`

async function walk(world: World, key: string, from: string): Promise<readonly number[]> {
  const statuses: number[] = []
  for (let id = 1; id <= 500; id++)
    statuses.push((await world.ask(`/orders/${id}`, from, { key })).status)
  return statuses
}

suite('what callers do, where all of it is enforced', { timeout: 120_000 }, () => {
  let world: World
  before(async () => {
    world = await startWorld(FULL)
  })
  after(() => world.close())

  test('a walk through 500 ids is told and stopped, others go on, and it can be lifted', async () => {
    const { key, id } = await world.gateway.createKey()
    const other = await world.gateway.createKey()
    const statuses = await walk(world, key, '198.18.0.1')
    const taken = statuses.filter((status) => status === 204).length
    assert.ok(taken >= 200 && taken <= 215, `${taken} objects were taken`)
    assert.ok(statuses.slice(250).every((status) => status !== 204))
    assert.equal((await world.events('sp_enumeration')).length, 1)
    const actions = await world.events('sp_response_action')
    assert.deepEqual(
      actions.map((line) => line['sallyport.reason']),
      ['throttle', 'challenge'],
    )
    assert.equal((await world.ask('/orders/1', '198.18.0.1', { key: other.key })).status, 204)

    const { gateway } = world.gateway.running
    const { counters } = gateway.services
    const bans = await gateway.bans.list(counters, Date.now())
    assert.deepEqual(
      bans.map(({ subject, grade, reason }) => [subject, grade, reason]),
      [
        [`key:${id}`, 'challenge', 'many_ids'],
        [`key:${id}`, 'throttle', 'many_ids'],
      ],
    )
    await gateway.bans.lift(`key:${id}`, counters)
    assert.deepEqual(await gateway.bans.list(counters, Date.now()), [])
    assert.equal((await world.ask('/orders/1', '198.18.0.1', { key })).status, 204)
  })

  test('the access record says how suspicious a request was, and why', async () => {
    const scored = (await world.gateway.log()).filter(
      (line) =>
        line['sallyport.risk.signals'] !== undefined && line['sallyport.route'] !== undefined,
    )
    const most = Math.max(...scored.map((line) => Number(line['sallyport.risk.score'])))
    assert.ok(most >= 70, `${most}`)
    const names = new Set(scored.flatMap((line) => line['sallyport.risk.signals'] as string[]))
    assert.ok(names.has('many_ids') && names.has('http_library'))
  })

  test('one look at a honeypot blocks an address, not those behind it who show a key', async () => {
    const from = '198.18.1.1'
    const { key } = await world.gateway.createKey()
    assert.equal((await world.ask('/products', from)).status, 204)
    const seen = world.upstream.seen.length
    const trap = await world.ask('/.env', from)
    assertRefusal(trap, 404)
    const unknown = await world.ask('/nothing-here', '198.18.1.2')
    assert.equal(
      trap.text.replaceAll(/[0-9a-f-]{20,}/g, ''),
      unknown.text.replaceAll(/[0-9a-f-]{20,}/g, ''),
    )
    const blocked = await world.ask('/products', from)
    assertRefusal(blocked, 403)
    assert.ok(Number(blocked.headers.get('retry-after')) > 3500)
    assert.equal((await world.ask('/orders/1', from, { key })).status, 204)
    assert.equal(world.upstream.seen.length, seen + 1)
  })

  test('an operation that is a honeypot is never forwarded, and blocks the key', async () => {
    const { key } = await world.gateway.createKey()
    const from = '198.18.1.3'
    assert.equal((await world.ask('/debug/users', from)).status, 401)
    assertRefusal(await world.ask('/debug/users', from, { key }), 404)
    assertRefusal(await world.ask('/orders/1', from, { key }), 403)
    assert.equal(world.upstream.seen.filter(({ target }) => target === '/debug/users').length, 0)
  })

  for (const [name, headers, status] of AGENTS)
    test(`${name} ${status === 204 ? 'is served' : 'is turned away'}`, async () => {
      for (let n = 0; n < 30; n++) {
        const from = `198.18.2.${AGENTS.findIndex(([one]) => one === name) + 1}`
        assert.equal((await world.ask('/products', from, { headers })).status, status)
      }
    })

  test('a program that claims to be a browser is told, slowed down and stopped', async () => {
    const headers = { 'user-agent': CHROME['user-agent'] }
    const from = '198.18.3.1'
    const statuses: number[] = []
    for (let n = 0; n < 60; n++)
      statuses.push((await world.ask('/products', from, { headers })).status)
    assert.equal(statuses[0], 204)
    assert.notEqual(statuses.at(-1), 204)
    assert.ok((await world.events('sp_bot')).length > 0)
  })

  test('a token in other hands is refused from its first use on, whoever shows it', async () => {
    const token = await world.issuer.mint('ann')
    const bearer = (headers: Record<string, string>): Record<string, string> => ({
      ...headers,
      authorization: `Bearer ${token}`,
    })
    const me = async (from: string, headers: Record<string, string>): Promise<number> =>
      (await world.ask('/me', from, { headers: bearer(headers) })).status
    assert.equal(await me('198.18.4.1', CHROME), 204)
    assert.equal(await me('198.18.4.77', CHROME), 204, 'another address of the same network')
    assert.equal(await me('198.51.100.3', CHROME), 204, 'another network, the same browser')
    assert.equal(await me('203.0.113.9', CURL), 401, 'another network and another program')
    assert.equal(await me('198.18.4.1', CHROME), 401, 'nobody knows who is who')
    const fresh = {
      ...CHROME,
      authorization: `Bearer ${await world.issuer.mint('ann', { claims: { jti: 'x' } })}`,
    }
    assert.equal((await world.ask('/me', '198.18.4.1', { headers: fresh })).status, 204)
  })

  test('a key that is used five times from outside its networks is put away', async () => {
    const { key, id } = await world.gateway.createKey({ cidrs: ['198.18.5.0/24'] })
    const from = async (address: string): Promise<number> =>
      (await world.ask('/orders/1', address, { key })).status
    assert.equal(await from('198.18.5.1'), 204)
    for (let n = 0; n < 5; n++) assert.equal(await from('203.0.113.50'), 403)
    assert.equal(await from('198.18.5.1'), 401)
    const { gateway } = world.gateway.running
    await gateway.bans.lift(`credential:key:${id}`, gateway.services.counters)
    assert.equal(await from('198.18.5.1'), 204)
  })
})

suite('stolen pairs, tried from many addresses', { timeout: 120_000 }, () => {
  let world: World
  before(async () => {
    world = await startWorld(FULL)
  })
  after(() => world.close())
  const logIn = (email: string, password: string, from: string): Promise<Got> =>
    world.ask('/login', from, { body: { email, password }, headers: CHROME })

  test('a thousand from two hundred addresses stop at the spread; an owner at home gets in', async () => {
    assert.equal((await logIn('owner@shop.test', 'right', '198.18.0.1')).status, 200)
    world.upstream.seen.length = 0
    for (let n = 0; n < 1000; n++) await logIn(`user${n}@shop.test`, 'guess', `203.0.${n % 200}.9`)
    const reached = world.upstream.seen.length
    // A hundred raise the alarm; from there on all unknown places together have 5, and one in two seconds.
    assert.ok(reached >= 100 && reached <= 140, `${reached} pairs reached the API`)
    assert.equal((await logIn('owner@shop.test', 'right', '198.18.0.1')).status, 200)
    const reasons = (await world.events('sp_stuffing')).map((line) => line['sallyport.reason'])
    assert.ok(reasons.includes('wave'))
  })

  test('a list of pairs from one address blocks it at the sixteenth account', async () => {
    const quiet = await startWorld('{ stuffing: { response: block, spread: 10000/5min } }')
    try {
      for (let n = 0; n < 100; n++)
        await quiet.ask('/login', '203.0.113.77', {
          body: { email: `u${n}@x.test`, password: 'g' },
        })
      const reached = quiet.upstream.seen.length
      assert.equal(reached, 16, `${reached} pairs reached the API`)
      const [first] = await quiet.events('sp_stuffing')
      assert.equal(first?.['sallyport.reason'], 'many_accounts')
    } finally {
      await quiet.close()
    }
  })
})

suite('what callers do, in monitor', { timeout: 120_000 }, () => {
  let world: World
  before(async () => {
    world = await startWorld(`{ mode: monitor, ${FULL.slice(1)}`)
  })
  after(() => world.close())

  test('everything is told and nothing is done', async () => {
    const { key } = await world.gateway.createKey()
    const statuses = await walk(world, key, '198.18.0.1')
    assert.ok(statuses.every((status) => status === 204))
    assert.equal((await world.ask('/.env', '198.18.1.1')).status, 404)
    assert.equal((await world.ask('/products', '198.18.1.1')).status, 204)
    const tool = { 'user-agent': 'sqlmap/1.8' }
    assert.equal((await world.ask('/products', '198.18.1.4', { headers: tool })).status, 204)
    assert.equal((await world.events('sp_enumeration')).length, 1)
    const reasons = (await world.events('sp_response_action')).map(
      (line) => line['sallyport.reason'],
    )
    assert.ok(reasons.length > 0)
    assert.ok(
      reasons.every((reason) => String(reason).startsWith('would_')),
      reasons.join(' '),
    )
  })
})
