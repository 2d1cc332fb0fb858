import assert from 'node:assert/strict'
import { BlockList, isIPv4 } from 'node:net'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  addressKey,
  compileAddressSet,
  isLoopback,
  isPrivate,
  isSpecialUse,
  parseCidr,
} from './cidr.ts'
import { ConfigError } from './config-error.ts'

const members: [name: string, entries: string[], address: string, expected: boolean][] = [
  ['finds an address in its block', ['10.0.0.0/8'], '10.255.255.255', true],
  ['finds the first address of a block', ['10.0.0.0/8'], '10.0.0.0', true],
  ['misses the address before', ['10.0.0.0/8'], '9.255.255.255', false],
  ['misses the address behind', ['10.0.0.0/8'], '11.0.0.0', false],
  ['finds a single address', ['192.0.2.7'], '192.0.2.7', true],
  ['finds mapped IPv6 in an IPv4 block', ['10.0.0.0/8'], '::ffff:10.1.2.3', true],
  ['finds IPv4 in a mapped block', ['::ffff:10.0.0.0/104'], '10.1.2.3', true],
  ['finds IPv6 in its block', ['2001:db8::/32'], '2001:db8:ffff::1', true],
  ['misses IPv6 outside', ['2001:db8::/33'], '2001:db8:8000::', false],
  ['finds everything in the whole of IPv4', ['0.0.0.0/0'], '255.1.1.1', true],
  ['does not find IPv6 in the whole of IPv4', ['0.0.0.0/0'], '2001:db8::1', false],
  [
    'merges blocks inside each other',
    ['10.0.0.0/8', '10.1.0.0/16', '10.0.0.1'],
    '10.200.0.1',
    true,
  ],
  ['finds nothing in an empty list', [], '10.0.0.1', false],
  ['finds no text that is no address', ['0.0.0.0/0', '::/0'], 'unknown', false],
]
for (const [name, entries, address, expected] of members) {
  test(name, () => assert.equal(compileAddressSet(entries, 'list').has(address), expected))
}

const faulty: [name: string, text: string, message: RegExp][] = [
  ['refuses a typing error', '10.0.0/8', /not an address block/],
  ['refuses a name', 'localhost', /not an address block/],
  ['refuses a prefix beyond 32', '10.0.0.0/33', /prefix length/],
  ['refuses a prefix beyond 128', '::/129', /prefix length/],
  ['refuses an empty prefix', '10.0.0.0/', /prefix length/],
  ['refuses a leading zero in the prefix', '10.0.0.0/08', /prefix length/],
  ['refuses two prefixes', '10.0.0.0/8/8', /prefix length/],
  ['refuses a netmask', '10.0.0.0/255.0.0.0', /prefix length/],
  ['refuses bits beyond the prefix and says what was meant', '10.1.2.3/8', /10\.0\.0\.0\/8/],
  ['refuses a zone', 'fe80::1%eth0', /not an address block/],
  ['refuses white space', ' 10.0.0.1', /not an address block/],
]
for (const [name, text, message] of faulty) {
  test(name, () => {
    assert.throws(
      () => parseCidr(text, 'network.deny'),
      (error) => {
        assert.ok(error instanceof ConfigError)
        assert.equal(error.faults[0]?.path, 'network.deny')
        assert.match(error.message, message)
        return true
      },
    )
  })
}

test('a list names every faulty entry with its place', () => {
  assert.throws(
    () => compileAddressSet(['x', '10.0.0.0/8', 'y'], 'list'),
    (error) => {
      assert.ok(error instanceof ConfigError)
      assert.deepEqual(
        error.faults.map(({ path }) => path),
        ['list[0]', 'list[2]'],
      )
      return true
    },
  )
})

const kinds: [address: string, kinds: string][] = [
  ['127.0.0.1', 'loopback private special'],
  ['127.255.0.9', 'loopback private special'],
  ['::1', 'loopback private special'],
  ['::ffff:127.0.0.1', 'loopback private special'],
  ['10.1.2.3', 'private special'],
  ['172.31.255.255', 'private special'],
  ['172.32.0.0', ''],
  ['192.168.0.1', 'private special'],
  ['100.64.0.1', 'private special'],
  ['169.254.169.254', 'private special'],
  ['fd00::1', 'private special'],
  ['fe80::1%eth0', 'private special'],
  ['0.0.0.0', 'special'],
  ['::', 'special'],
  ['::7f00:1', 'special'],
  ['192.0.2.1', 'special'],
  ['198.18.0.1', 'special'],
  ['224.0.0.1', 'special'],
  ['255.255.255.255', 'special'],
  ['ff02::1', 'special'],
  ['64:ff9b::a00:1', 'special'],
  ['2002:7f00:1::', 'special'],
  ['2001:db8::1', 'special'],
  ['8.8.8.8', ''],
  ['2606:4700::1111', ''],
  ['2001:4860:4860::8888', ''],
  ['localhost', ''],
]
for (const [address, expected] of kinds) {
  test(`${address} is ${expected === '' ? 'public or no address' : expected}`, () => {
    const found = [
      isLoopback(address) && 'loopback',
      isPrivate(address) && 'private',
      isSpecialUse(address) && 'special',
    ]
    assert.equal(found.filter((kind) => kind !== false).join(' '), expected)
  })
}

const keys: [name: string, address: string, key: string][] = [
  ['keeps IPv4', '192.0.2.1', '192.0.2.1'],
  ['unifies mapped IPv6', '::ffff:192.0.2.1', '192.0.2.1'],
  ['masks IPv6 to its /64', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['gives one key to a whole /64', '2001:0DB8:1:2::', '2001:db8:1:2::/64'],
  ['keeps what is no address', 'unknown', 'unknown'],
  ['keeps what is nearly an address', 'a:b', 'a:b'],
]
for (const [name, address, key] of keys)
  test(`key: ${name}`, () => assert.equal(addressKey(address), key))

const blocks4 = fc
  .tuple(fc.nat({ max: 0xffffffff }), fc.nat({ max: 32 }))
  .map(([value, prefix]) => {
    const bits = prefix === 0 ? 0 : (value >>> (32 - prefix)) * 2 ** (32 - prefix)
    return [[24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.'), prefix] as const
  })
const blocks6 = fc
  .array(fc.constantFrom('0', '1', 'ff', '2001'), { minLength: 1, maxLength: 7 })
  .map((groups) => [`${groups.join(':')}::`, groups.length * 16] as const)

test('agrees with net.BlockList', () => {
  const near = fc.constantFrom('2001:1::1', '0:1::', 'ff:ff:1::', '1::ff')
  const probes = fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), near), { maxLength: 8 })
  fc.assert(
    fc.property(
      fc.array(fc.oneof(blocks4, blocks6), { maxLength: 6 }),
      probes,
      (blocks, others) => {
        const list = new BlockList()
        for (const [address, prefix] of blocks) list.addSubnet(address, prefix, familyOf(address))
        const set = compileAddressSet(
          blocks.map((block) => block.join('/')),
          'x',
        )
        for (const probe of [...others, ...blocks.map(([address]) => address)]) {
          // BlockList keeps mapped IPv6 apart, this set unifies it.
          if (/^(?:0*:){1,5}:?ffff:/i.test(probe)) continue
          assert.equal(set.has(probe), list.check(probe, familyOf(probe)), probe)
        }
      },
    ),
  )
})

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6'
}
