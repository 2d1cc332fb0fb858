import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Admission } from './admission.ts'
import type { AdmissionOptions } from './admission.ts'
import { EDGE_LIMITS } from './limits.ts'
import type { EdgeLimits } from './limits.ts'

/** As much of a socket as admission sees. */
class Peer extends EventEmitter {
  readonly remoteAddress: string
  destroyed = false

  constructor(remoteAddress: string) {
    super()
    this.remoteAddress = remoteAddress
  }

  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

interface Door {
  readonly admission: Admission
  /** Opens connections from an address; those that were let in. */
  open(count: number, address?: string): Peer[]
}

function door(limits: Partial<EdgeLimits>, more: Partial<AdmissionOptions> = {}): Door {
  const admission = new Admission({
    limits: { ...EDGE_LIMITS, connections: 1_000_000, ...limits },
    isTrusted: (address) => address === '10.0.0.1',
    isTls: false,
    ...more,
  })
  const open = (count: number, address = '192.0.2.1'): Peer[] => {
    const peers = Array.from({ length: count }, () => new Peer(address))
    for (const peer of peers) admission.admit(peer as unknown as Socket)
    return peers.filter(({ destroyed }) => !destroyed)
  }
  return { admission, open }
}

test('one address may have so many connections, and more when some are gone', () => {
  const { admission, open } = door({ connectionsPerAddress: 3 })
  const [first] = open(5)
  assert.equal(admission.size, 3)
  first?.destroy()
  assert.equal(open(5).length, 1)
  assert.equal(open(5, '192.0.2.2').length, 3, 'another address is not concerned')
})

const addresses: [name: string, first: string, second: string, isOne: boolean][] = [
  ['two addresses of a /64 are one client', '2001:db8::1', '2001:db8::ffff:2', true],
  ['two /64 are two clients', '2001:db8::1', '2001:db8:0:1::1', false],
  ['an address of IPv4 is the same when it is mapped', '192.0.2.1', '::ffff:192.0.2.1', true],
]
for (const [name, first, second, isOne] of addresses) {
  test(name, () => {
    const { open } = door({ connectionsPerAddress: 3 })
    assert.equal(open(3, first).length, 3)
    assert.equal(open(3, second).length, isOne ? 0 : 3)
  })
}

test("a connection that is nobody's is not taken", () => {
  const { admission, open } = door({})
  assert.equal(open(3, '').length, 0)
  assert.equal(admission.size, 0)
})

test('all together may have so many', () => {
  const { open } = door({ connections: 4 })
  assert.equal(open(3, '192.0.2.1').length + open(3, '192.0.2.2').length, 4)
  assert.equal(open(1, '10.0.0.1').length, 0)
})

test('a trusted peer speaks for many', () => {
  const { open } = door({ connectionsPerAddress: 3, handshakeBurst: 1 }, { isTls: true })
  assert.equal(open(10, '10.0.0.1').length, 10)
})

test('handshakes of one address are slowed down, whether it keeps the connections or not', async () => {
  const limits = { handshakesPerSecond: 50, handshakeBurst: 5, connectionsPerAddress: 1_000 }
  const { open } = door(limits, { isTls: true })
  const taken = open(20)
  assert.equal(taken.length, 5)
  for (const peer of taken) peer.destroy()
  assert.ok(open(20).length <= 1, 'closing pays nothing')
  assert.equal(open(5, '192.0.2.2').length, 5, 'another address is not concerned')
  await sleep(70)
  const later = open(20).length
  assert.ok(later >= 2 && later <= 10, `${later} after 70 ms at 50/s`)
})

test('without TLS there are no handshakes to slow down, nor where it is switched off', () => {
  assert.equal(door({ handshakeBurst: 1 }).open(50).length, 50)
  const limits = { handshakesPerSecond: Infinity, handshakeBurst: 1 }
  assert.equal(door(limits, { isTls: true }).open(50).length, 50)
})

test('every change is told', () => {
  let open = 0
  const { admission, open: dial } = door(
    { connectionsPerAddress: 2 },
    { onChange: (delta) => (open += delta) },
  )
  const [first] = dial(3)
  assert.equal(open, 2)
  first?.destroy()
  assert.equal(open, 1)
  admission.destroyAll()
  assert.equal(open, 0)
})
