import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Taken } from './share.ts'
import { Addresses } from './addresses.ts'
import type { Tenant } from './share.ts'
import { Share } from './share.ts'

const listener = (): Taken => ({
  limits: { inFlight: 2, heldBytes: 100 },
  inFlight: 0,
  heldBytes: 0,
})

/** A peer that speaks for many: only the total counts. */
const anybody = (): Tenant => ({ heldBytes: 0, address: undefined })

test('places in flight end when the answer begins', () => {
  const taken = listener()
  const [a, b, c] = [
    new Share(taken, anybody()),
    new Share(taken, anybody()),
    new Share(taken, anybody()),
  ]
  assert.deepEqual([a.enter(), b.enter(), c.enter()], [true, true, false])
  a.leave()
  a.end()
  assert.equal(taken.inFlight, 1, 'given back once')
  assert.equal(c.enter(), true)
})

test('an exchange that was not let in gives nothing back', () => {
  const taken = listener()
  for (const share of [new Share(taken, anybody()), new Share(taken, anybody())]) share.enter()
  const refused = new Share(taken, anybody())
  refused.enter()
  refused.end()
  assert.equal(taken.inFlight, 2)
})

test('bytes are counted over all exchanges, and given back with the exchange', () => {
  const taken = listener()
  const [a, b] = [new Share(taken, anybody()), new Share(taken, anybody())]
  assert.deepEqual([a.hold(60), b.hold(40), b.hold(1)], [true, true, false])
  b.end()
  assert.equal(taken.heldBytes, 60)
  assert.equal(a.hold(40), true)
  a.end()
  a.end()
  assert.equal(taken.heldBytes, 0)
})

test('one address alone gets half of the places, each of two a third, and a third finds one', () => {
  const taken: Taken = { limits: { inFlight: 12, heldBytes: 0 }, inFlight: 0, heldBytes: 0 }
  const addresses = new Addresses(() => false)
  const shares: Share[] = []
  const grab = (peer: string): number => {
    const tenant = { heldBytes: 0, address: addresses.enter(peer) }
    let places = 0
    for (let tries = 0; tries < 20; tries++) {
      const share = new Share(taken, tenant)
      if (share.enter()) places++
      shares.push(share)
    }
    return places
  }
  assert.deepEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(grab), [6, 3, 2])
  // Another connection of an address that has enough, and another address of the same /64.
  assert.equal(grab('192.0.2.1'), 0)
  for (const share of shares) share.end()
  assert.deepEqual([taken.inFlight, grab('2001:db8::1'), grab('2001:db8::2')], [0, 6, 0])
})

test('one address alone gets half of the bytes, each of its connections a third', () => {
  const taken: Taken = { limits: { inFlight: 9, heldBytes: 1_200 }, inFlight: 0, heldBytes: 0 }
  const addresses = new Addresses(() => false)
  const open = (peer: string): Tenant => ({ heldBytes: 0, address: addresses.enter(peer) })
  const fill = (tenant: Tenant): number => {
    let bytes = 0
    for (let tries = 0; tries < 200; tries++)
      if (new Share(taken, tenant).holdIfRoom(10)) bytes += 10
    return bytes
  }
  assert.deepEqual([fill(open('192.0.2.1')), fill(open('192.0.2.1'))], [400, 200])
  assert.equal(fill(open('192.0.2.1')), 0)
  assert.ok(fill(open('192.0.2.2')) >= 200)
  const share = new Share(taken, open('192.0.2.3'))
  assert.equal(share.hold(2_000), false, 'counted although there is no room')
  const before = taken.heldBytes
  share.end()
  assert.equal(taken.heldBytes, before - 2_000)
})

test('an address is forgotten with its last connection, a trusted one is not counted', () => {
  const addresses = new Addresses((address) => address === '10.0.0.1')
  assert.equal(addresses.enter('10.0.0.1'), undefined)
  const [first, second] = [addresses.enter('192.0.2.1'), addresses.enter('192.0.2.1')]
  assert.equal(first, second)
  addresses.leave('192.0.2.1')
  assert.equal(addresses.size, 1)
  addresses.leave('192.0.2.1')
  addresses.leave('192.0.2.1')
  assert.equal(addresses.size, 0)
})
