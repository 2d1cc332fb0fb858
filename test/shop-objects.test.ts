import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { after, before, suite, test } from 'node:test'
import { freePort } from '../src/base/testing/free-port.ts'
import type { Shop } from '../examples/shop/server.ts'
import { SEED_PAYMENT_ID } from '../examples/shop/seed.ts'
import { startShop } from '../examples/shop/server.ts'
import type { Ask, Asker, Got } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'
import { makeIssuer } from './kit/issuer.ts'
import { assertRefusal, clientAddress } from './kit/problem.ts'

// S0.15, S4.11, AZN-04, AZN-06: whose the objects of the shop are, under the policy that stands beside it.

const SHOP = fileURLToPath(new URL('../examples/shop/', import.meta.url))

/** The policy of the shop with this test's addresses in place of its own. */
function policy(changes: Readonly<Record<string, string>>): string {
  let text = readFileSync(`${SHOP}sallyport.yaml`, 'utf8')
  for (const [from, to] of Object.entries(changes)) {
    assert.ok(text.includes(from), `the policy has no ${from}`)
    text = text.replace(from, to)
  }
  return text
}

type Name = 'alice' | 'bob' | 'carol'

interface World {
  readonly shop: Shop
  readonly gateway: TestGateway
  ask(as: Name, plan: Ask): Promise<Got>
  close(): Promise<void>
}

async function startWorld(transport: 'node' | 'fast', extra = ''): Promise<World> {
  const healthPort = await freePort()
  const keys = `http://127.0.0.1:${healthPort}/.well-known/jwks.json`
  const shop = await startShop({ quiet: true, gateway: { keys, audience: 'api' } })
  const issuer = await makeIssuer('https://id.shop.example', 'https://api.shop.example')
  const gateway = await startGateway({
    isAlone: true,
    transport,
    yaml:
      policy({
        './openapi.yaml': JSON.stringify(`${SHOP}openapi.yaml`),
        './security.overlay.yaml': JSON.stringify(`${SHOP}security.overlay.yaml`),
        'http://127.0.0.1:3000': shop.url,
        '127.0.0.1:9090': `127.0.0.1:${healthPort}`,
      }) + extra,
    files: { 'jwks.json': issuer.jwks },
  })
  const client: Asker = asker(gateway.httpsPort, gateway.ca)
  let sender = 0
  return {
    shop,
    gateway,
    ask: async (as, plan) => {
      const roles = as === 'carol' ? ['admin'] : []
      const token = await issuer.mint(String(shop.users[as].id), { claims: { roles } })
      const headers = { authorization: `Bearer ${token}`, ...plan.headers }
      return client.ask({ from: clientAddress(44, sender++), ...plan, headers })
    },
    close: async () => {
      client.close()
      await Promise.all([gateway.close(), shop.close()])
    },
  }
}

/** What differs in every answer, and has nothing to do with the object. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['date', 'sallyport-request-id'])

/** An answer without what differs in every one. */
function faceOf({ status, headers, text }: Got): string {
  const id = headers.get('sallyport-request-id') ?? ''
  const fields = [...headers].filter(
    ([name]) => !OWN_FIELDS.has(name) && !name.startsWith('ratelimit'),
  )
  return JSON.stringify([status, fields, text.replaceAll(id, 'ID')])
}

for (const transport of ['node', 'fast'] as const) {
  suite(`the objects of the shop over ${transport}`, () => {
    let world: World
    before(async () => {
      world = await startWorld(transport)
    })
    after(() => world.close())

    const own: [name: string, as: Name, plan: Ask, status: number][] = [
      ['reads an order', 'alice', { target: '/orders/1' }, 200],
      ['reads the profile', 'alice', { target: '/users/1' }, 200],
      ['reads the profile by another way', 'alice', { target: '/users/me' }, 200],
      ['reads the picture', 'alice', { target: '/users/1/avatar' }, 200],
      [
        'changes an order',
        'alice',
        { method: 'PATCH', target: '/orders/1', body: { note: 'bell' } },
        200,
      ],
      [
        'changes the profile',
        'bob',
        { method: 'PATCH', target: '/users/2', body: { name: 'Bob B' } },
        200,
      ],
      ['asks for the head of an order', 'alice', { method: 'HEAD', target: '/orders/1' }, 200],
      [
        'orders',
        'alice',
        { method: 'POST', target: '/orders', body: { items: [{ productId: 4, quantity: 1 }] } },
        201,
      ],
      [
        'pays',
        'alice',
        {
          method: 'POST',
          target: '/orders/3/payments',
          body: { method: { type: 'transfer', iban: 'NL91ABNA0417164300' } },
        },
        201,
      ],
      ['lists the orders', 'alice', { target: '/orders' }, 200],
      ['lists them by name', 'alice', { target: '/orders?userId=1' }, 200],
      ['reads a payment', 'alice', { target: `/payments/${SEED_PAYMENT_ID}` }, 200],
      ['reads another’s order as staff', 'carol', { target: '/users/2' }, 200],
      ['lists everybody as staff', 'carol', { target: '/admin/users' }, 200],
    ]
    for (const [name, as, plan, status] of own) {
      test(`the owner ${name}`, async () => {
        const got = await world.ask(as, plan)
        assert.equal(got.status, status, got.text)
      })
    }

    const foreign: [name: string, as: Name, plan: Ask, missing: Ask][] = [
      ['reads an order', 'alice', { target: '/orders/5' }, { target: '/orders/777' }],
      ['reads a profile', 'alice', { target: '/users/2' }, { target: '/users/777' }],
      [
        'reads a payment',
        'bob',
        { target: `/payments/${SEED_PAYMENT_ID}` },
        { target: '/payments/00000000-0000-4000-8000-000000000000' },
      ],
      ['reads a picture', 'bob', { target: '/users/1/avatar' }, { target: '/users/777/avatar' }],
      [
        'asks for the head',
        'alice',
        { method: 'HEAD', target: '/orders/5' },
        { method: 'HEAD', target: '/orders/777' },
      ],
      [
        'asks for a part',
        'alice',
        { target: '/orders/5', headers: { range: 'bytes=0-3' } },
        { target: '/orders/777', headers: { range: 'bytes=0-3' } },
      ],
      [
        'asks for a table',
        'alice',
        { target: '/orders/5', headers: { accept: 'text/csv, application/json;q=0.1' } },
        { target: '/orders/777', headers: { accept: 'text/csv, application/json;q=0.1' } },
      ],
      [
        'changes an order',
        'alice',
        { method: 'PATCH', target: '/orders/5', body: { note: 'x' } },
        { method: 'PATCH', target: '/orders/777', body: { note: 'x' } },
      ],
      [
        'deletes an order',
        'alice',
        { method: 'DELETE', target: '/orders/5' },
        { method: 'DELETE', target: '/orders/777' },
      ],
      [
        'changes a profile',
        'alice',
        { method: 'PATCH', target: '/users/2', body: { name: 'x' } },
        { method: 'PATCH', target: '/users/777', body: { name: 'x' } },
      ],
      [
        'replaces a picture',
        'bob',
        {
          method: 'PUT',
          target: '/users/1/avatar',
          headers: { 'content-type': 'image/png' },
          body: Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
        },
        {
          method: 'PUT',
          target: '/users/777/avatar',
          headers: { 'content-type': 'image/png' },
          body: Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
        },
      ],
      [
        'pays for an order',
        'alice',
        {
          method: 'POST',
          target: '/orders/5/payments',
          body: { method: { type: 'transfer', iban: 'NL91ABNA0417164300' } },
        },
        {
          method: 'POST',
          target: '/orders/777/payments',
          body: { method: { type: 'transfer', iban: 'NL91ABNA0417164300' } },
        },
      ],
      [
        'lists another’s orders',
        'alice',
        { target: '/orders?userId=2' },
        { target: '/orders?userId=777' },
      ],
    ]
    for (const [name, as, plan, missing] of foreign) {
      test(`a stranger ${name}, and cannot tell it from what is not there`, async () => {
        const got = await world.ask(as, plan)
        if (plan.method === 'HEAD') assert.equal(got.status, 404)
        else assertRefusal(got, 404)
        assert.equal(faceOf(got), faceOf(await world.ask(as, missing)))
      })
    }

    test('what was refused has not happened', async () => {
      const order = (await world.ask('bob', { target: '/orders/5' })).json() as Record<
        string,
        unknown
      >
      assert.equal(order['userId'], 2)
      assert.notEqual(order['note'], 'x')
      const profile = (await world.ask('bob', { target: '/users/2' })).json() as Record<
        string,
        unknown
      >
      assert.equal(profile['name'], 'Bob B')
    })

    test('the owner exports the orders, and gets no others', async () => {
      const got = await world.ask('alice', { target: '/orders/export' })
      assert.equal(got.status, 200)
      const owners = got.text
        .trim()
        .split('\r\n')
        .map((line) => line.split(',')[1])
      assert.deepEqual([...new Set(owners)], ['userId', '1'])
      assert.ok(owners.length > 4)
      assert.equal(
        (await world.ask('alice', { method: 'HEAD', target: '/orders/export' })).status,
        200,
      )
    })

    test('what one sees of a list is counted as the shop counts it', async () => {
      const list = (await world.ask('bob', { target: '/orders?limit=1' })).json() as {
        items: unknown[]
        total: number
      }
      assert.equal(list.items.length, 1)
      assert.ok(list.total > 1)
    })

    test('the staff’s own tables stay with the staff', async () => {
      for (const target of ['/admin/users', '/admin/reports/sales?from=2026-01-01&to=2026-01-31'])
        assert.ok((await world.ask('bob', { target })).status >= 400, target)
    })
  })
}

test('in monitor everything passes and is written down', async () => {
  const world = await startWorld('node', '  mode: monitor\n')
  try {
    const got = await world.ask('alice', { target: '/orders/5' })
    assert.equal(got.status, 200)
    assert.equal((got.json() as Record<string, unknown>)['userId'], 2)
    const lines = (await world.gateway.log()).map((line) => JSON.stringify(line))
    assert.ok(lines.some((line) => /would_refuse.*foreign_object/.test(line)))
    assert.ok(lines.some((line) => /authz_fail.*Order at \//.test(line)))
  } finally {
    await world.close()
  }
})
