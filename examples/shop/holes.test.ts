import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { send, textOf, type Destination, type ShopRequest } from './calls.ts'
import { HOLES, type Hole } from './holes.ts'
import { startShop, type Shop } from './server.ts'

let shop: Shop
before(async () => {
  shop = await startShop({ quiet: true })
})
after(() => shop.close())

function ownPort(): Destination {
  const credentials: Destination['credentials'] = (user) => ({
    Authorization: `Bearer ${shop.tokenFor(shop.users[user].id)}`,
  })
  return { url: shop.url, credentials }
}

const ask = async (request: ShopRequest): Promise<string> => textOf(await send(request, ownPort()))

for (const hole of HOLES) {
  test(`the hole ${hole.name} is open: ${hole.leaks}`, async () => {
    let text = ''
    for (let sent = 0; sent < (hole.times ?? 1); sent++) {
      text = await ask(hole)
      assert.equal(Number.parseInt(text), hole.status, text)
    }
    if (hole.followUp !== undefined) text = await ask(hole.followUp)
    assert.match(text, hole.shows)
  })
}

test('a login token is signed with the word secret', async () => {
  const { email, password } = shop.users.alice
  const body = { email, password }
  const answer = await send({ method: 'POST', target: '/login', body }, ownPort())
  const { token } = (await answer.json()) as { token: string }
  const end = token.lastIndexOf('.')
  const signature = createHmac('sha256', 'secret').update(token.slice(0, end)).digest('base64url')
  assert.equal(token.slice(end + 1), signature)
})

test('a callback that points out of this machine is not followed', async () => {
  const method = { type: 'transfer', iban: 'NL91ABNA0417164300' }
  for (const callbackUrl of ['http://169.254.169.254/', 'http://127.evil.example/']) {
    const body = { method, callbackUrl }
    assert.match(
      await ask({ method: 'POST', target: '/orders/3/payments', body }),
      /"callbackAnswer":"queued"/,
    )
  }
})

test('names are given once', () => {
  assert.equal(new Set(HOLES.map((hole) => hole.name)).size, HOLES.length)
})

test('every hole is marked in the source, and every mark is a hole', () => {
  const marks = new Set<string>()
  for (const file of readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })) {
    if (!/^(?!holes).*(?<!\.test)\.ts$/.test(file)) continue
    const source = readFileSync(join(import.meta.dirname, file), 'utf8')
    for (const [, names] of source.matchAll(/HOLE ((?:`[a-z-]+`(?:,[\s*]+)?)+)/g)) {
      for (const [, name] of (names ?? '').matchAll(/`([a-z-]+)`/g)) marks.add(name ?? '')
    }
  }
  assert.deepEqual([...marks].toSorted(), HOLES.map((hole) => hole.name).toSorted())
})

/** One line of the README's table. */
function rowOf(hole: Hole): string {
  const target = hole.target.length > 60 ? `${hole.target.slice(0, 57)}...` : hole.target
  const who = hole.as ?? 'nobody'
  return `| ${hole.name} | \`${hole.method} ${target}\` | ${who} | ${hole.leaks} |`
}

test('the README lists every hole in order', () => {
  const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
  const rows = readme.split('\n').filter((line) => /^\| [a-z-]+ \| `/.test(line))
  assert.deepEqual(rows, HOLES.map(rowOf))
})
