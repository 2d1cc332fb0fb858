import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Ask, Got } from '../kit/ask.ts'
import type { Caller, World } from './world.ts'
import { startWorld } from './world.ts'

// S0.15, AZN-04: an object of somebody else and one that is not there look alike, on every operation that takes an id.

/** What differs in every answer, and has nothing to do with the object. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['date', 'sallyport-request-id'])

/** An answer without what differs in every one: status, names of fields in order, their values, the body. */
function faceOf({ status, headers, names, text }: Got): unknown {
  const id = headers.get('sallyport-request-id') ?? ''
  const isTold = (name: string): boolean => !OWN_FIELDS.has(name) && !/^(?:x-)?ratelimit/.test(name)
  const fields = [...headers].filter(([name]) => isTold(name))
  return {
    status,
    names: names.filter((name) => isTold(name)),
    fields,
    text: text.replaceAll(id, 'ID'),
  }
}

const PNG = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 0])
const png = { 'content-type': 'image/png' }
const iban = { method: { type: 'transfer', iban: 'NL91ABNA0417164300' } }
const mergePatch = { 'content-type': 'application/merge-patch+json' }
const jsonPatch = { 'content-type': 'application/json-patch+json' }
const copy = JSON.stringify([{ op: 'copy', from: '/status', path: '/note' }])

interface Kind {
  readonly name: string
  readonly foreign: readonly string[]
  readonly missing: string
}
const ORDERS: Kind = { name: 'order', foreign: ['5', '9', '10', '11'], missing: '777' }
const USERS: Kind = { name: 'user', foreign: ['2', '3', '4'], missing: '777' }
const PAYMENTS: Kind = {
  name: 'payment',
  foreign: ['7d0e2c4a-0b1f-4c55-9a3e-2f6d8b1c0a05', '7d0e2c4a-0b1f-4c55-9a3e-2f6d8b1c0a10'],
  missing: '00000000-0000-4000-8000-000000000000',
}

/** What is asked for by an id. Orders 10 and 11 and user 4 have no owner, or none that could be one. */
const rows: readonly [name: string, kind: Kind, plan: (id: string) => Ask][] = [
  ['an order', ORDERS, (id) => ({ target: `/orders/${id}` })],
  ['the head of an order', ORDERS, (id) => ({ method: 'HEAD', target: `/orders/${id}` })],
  [
    'a part of an order',
    ORDERS,
    (id) => ({ target: `/orders/${id}`, headers: { range: 'bytes=0-3' } }),
  ],
  [
    'an order by a tag',
    ORDERS,
    (id) => ({ target: `/orders/${id}`, headers: { 'if-none-match': '*' } }),
  ],
  [
    'an order as a table',
    ORDERS,
    (id) => ({ target: `/orders/${id}`, headers: { accept: 'text/csv' } }),
  ],
  ['a change', ORDERS, (id) => ({ method: 'PATCH', target: `/orders/${id}`, body: { note: 'x' } })],
  [
    'a merge patch',
    ORDERS,
    (id) => ({
      method: 'PATCH',
      target: `/orders/${id}`,
      headers: mergePatch,
      body: '{"note":null}',
    }),
  ],
  [
    'a JSON patch',
    ORDERS,
    (id) => ({ method: 'PATCH', target: `/orders/${id}`, headers: jsonPatch, body: copy }),
  ],
  ['a deletion', ORDERS, (id) => ({ method: 'DELETE', target: `/orders/${id}` })],
  [
    'a payment for an order',
    ORDERS,
    (id) => ({ method: 'POST', target: `/orders/${id}/payments`, body: iban }),
  ],
  [
    'a return',
    ORDERS,
    (id) => ({ method: 'POST', target: '/returns', body: { orderId: Number(id) } }),
  ],
  [
    'a return of one in a parcel',
    ORDERS,
    (id) => ({
      method: 'POST',
      target: '/returns',
      body: { orderId: 1, parcel: { orderId: Number(id) } },
    }),
  ],
  [
    'a return of one of many',
    ORDERS,
    (id) => ({
      method: 'POST',
      target: '/returns',
      body: { orderId: 1, parcel: { orderIds: [1, 3, Number(id)] } },
    }),
  ],
  [
    'a return of one in lines',
    ORDERS,
    (id) => ({
      method: 'POST',
      target: '/returns',
      body: { orderId: 1, lines: [{ orderId: 1 }, { orderId: Number(id) }] },
    }),
  ],
  ['a profile', USERS, (id) => ({ target: `/users/${id}` })],
  ['the head of a profile', USERS, (id) => ({ method: 'HEAD', target: `/users/${id}` })],
  [
    'a change of a profile',
    USERS,
    (id) => ({ method: 'PATCH', target: `/users/${id}`, body: { name: 'x' } }),
  ],
  ['a picture', USERS, (id) => ({ target: `/users/${id}/avatar` })],
  ['the head of a picture', USERS, (id) => ({ method: 'HEAD', target: `/users/${id}/avatar` })],
  [
    'a new picture',
    USERS,
    (id) => ({ method: 'PUT', target: `/users/${id}/avatar`, headers: png, body: PNG }),
  ],
  ['a deletion by staff', USERS, (id) => ({ method: 'DELETE', target: `/admin/users/${id}` })],
  ['the orders of a user', USERS, (id) => ({ target: `/orders?userId=${id}` })],
  ['a payment', PAYMENTS, (id) => ({ target: `/payments/${id}` })],
  ['the head of a payment', PAYMENTS, (id) => ({ method: 'HEAD', target: `/payments/${id}` })],
]

for (const transport of ['node', 'fast'] as const) {
  suite(`what is another’s looks like what is not there, over ${transport}`, () => {
    let world: World
    let alice: Caller
    before(async () => {
      world = await startWorld(transport, 'enforce')
      world.rows.disown()
      alice = world.callers.find(({ name }) => name === 'alice') as Caller
    })
    after(() => world.close())

    for (const [name, { foreign, missing }, plan] of rows)
      test(name, async () => {
        const want = await world.ask(alice, plan(missing))
        assert.ok(want.status === 404 || want.status === 403, want.text)
        for (const id of foreign)
          assert.deepEqual(faceOf(await world.ask(alice, plan(id))), faceOf(want), id)
      })
  })
}
