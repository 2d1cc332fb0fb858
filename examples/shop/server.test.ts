import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startShop, type Shop } from './server.ts'

async function withShop<T>(database: string, use: (shop: Shop) => Promise<T>): Promise<T> {
  const shop = await startShop({ quiet: true, database })
  try {
    return await use(shop)
  } finally {
    await shop.close()
  }
}

const read = async (shop: Shop, target: string): Promise<string> =>
  (await fetch(shop.url + target)).text()

test('two fresh shops hold the same rows', async () => {
  const dump = async (shop: Shop): Promise<string[]> =>
    Promise.all(
      ['/products?limit=-1', '/orders?limit=-1', '/admin/users', '/payments/none'].map((target) =>
        read(shop, target),
      ),
    )
  const [products, orders, users] = await withShop(':memory:', dump)
  assert.deepEqual(await withShop(':memory:', dump).then((all) => all.slice(0, 3)), [
    products,
    orders,
    users,
  ])
  assert.match(String(products), /"total":12,/)
  assert.match(String(orders), /"total":9,/)
  assert.match(String(users), /"total":3,/)
})

test('a database file keeps what happened, and is not seeded twice', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shop-'))
  const file = join(folder, 'shop.db')
  try {
    await withShop(file, (shop) => fetch(`${shop.url}/orders/9`, { method: 'DELETE' }))
    assert.match(await withShop(file, (shop) => read(shop, '/orders')), /"total":8,/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('close ends an open stream at once', async () => {
  const shop = await startShop({ quiet: true })
  const answer = await fetch(`${shop.url}/events?count=100`)
  const reader = answer.body?.getReader()
  await reader?.read()
  const start = performance.now()
  await shop.close()
  await assert.rejects(async () => {
    for (;;) if ((await reader?.read())?.done !== false) return
  })
  assert.ok(performance.now() - start < 5000)
})

test('a port that is taken rejects', async () => {
  await withShop(':memory:', async ({ port }) => {
    await assert.rejects(startShop({ port, quiet: true }), { code: 'EADDRINUSE' })
  })
})

const broken: [
  name: string,
  method: string,
  target: string,
  headers: Record<string, string>,
  body?: string,
][] = [
  ['broken JSON', 'POST', '/login', { 'Content-Type': 'application/json' }, '{"email":'],
  ['a body that is null', 'PATCH', '/users/1', { 'Content-Type': 'application/json' }, 'null'],
  ['a broken percent escape', 'GET', '/users/%zz', {}],
  [
    'a callback that is no URL',
    'POST',
    '/orders/1/payments',
    { 'Content-Type': 'application/json' },
    '{"method":{"type":"card"},"callbackUrl":"::"}',
  ],
  [
    'a multipart body without a boundary',
    'POST',
    '/products/x/images',
    { 'Content-Type': 'multipart/form-data' },
    'x',
  ],
]
for (const [name, method, target, headers, body] of broken) {
  test(`${name} is a careless 500, and the shop lives on`, async () => {
    await withShop(':memory:', async (shop) => {
      const answer = await fetch(shop.url + target, { method, headers, ...(body ? { body } : {}) })
      assert.equal(answer.status, 500)
      assert.match(await answer.text(), /"stack":/)
      assert.match(await read(shop, '/products/1'), /Long Way/)
    })
  })
}

test('the command starts a shop, says where and whom, and ends on SIGTERM', async () => {
  const main = join(import.meta.dirname, 'main.ts')
  const child = spawn(process.execPath, [main, '--port', '0', '--quiet'])
  let printed = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    printed += chunk as string
    if (printed.includes('carol-counts-cash')) break
  }
  const url = /http:\/\/127\.0\.0\.1:[1-9][0-9]*/.exec(printed)?.[0]
  assert.match(await (await fetch(`${url}/products/1`)).text(), /Long Way/)
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [0, null])
})
