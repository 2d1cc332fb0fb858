import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { crc32c } from './crc32c.ts'
import { parseProxyHeader } from './header.ts'
import { ipv4Header, proxyHeader, tlv, withChecksum } from './testing/write-header.ts'

suite('a PROXY header', () => {
  const ipv6 = Buffer.concat([
    Buffer.from('20010db8000000000000000000000001', 'hex'),
    Buffer.from('20010db8000000000000000000000002', 'hex'),
    Buffer.from('c00001bb', 'hex'),
  ])
  const mapped = Buffer.concat([
    Buffer.from('00000000000000000000ffffcb007107', 'hex'),
    Buffer.alloc(16),
    Buffer.from('c00001bb', 'hex'),
  ])
  const inet = Buffer.from('cb0071077f000001c00001bb', 'hex')
  const read: [name: string, header: Buffer, expected: unknown][] = [
    [
      'names an IPv4 client',
      ipv4Header('203.0.113.7', 49_152),
      { address: '203.0.113.7', port: 49_152 },
    ],
    [
      'names an IPv6 client',
      proxyHeader(0x21, 0x21, ipv6),
      { address: '2001:db8:0:0:0:0:0:1', port: 49_152 },
    ],
    [
      'has mapped addresses as IPv4',
      proxyHeader(0x21, 0x21, mapped),
      { address: '203.0.113.7', port: 49_152 },
    ],
    ['of the balancer itself names nobody', proxyHeader(0x20, 0x00, Buffer.alloc(0)), undefined],
    [
      'of the balancer itself may have addresses, which say nothing',
      proxyHeader(0x20, 0x11, inet),
      undefined,
    ],
    ['without a family names nobody', proxyHeader(0x21, 0x00, Buffer.alloc(3)), undefined],
    [
      'may carry further values',
      ipv4Header('203.0.113.7', 1, tlv(0x04, Buffer.alloc(9))),
      { address: '203.0.113.7', port: 1 },
    ],
    [
      'may carry a right checksum',
      withChecksum('203.0.113.7', 1),
      { address: '203.0.113.7', port: 1 },
    ],
  ]
  for (const [name, header, expected] of read)
    test(name, () => assert.deepEqual(parseProxyHeader(header), expected))

  const good = ipv4Header('203.0.113.7', 1)
  const changed = (at: number, value: number): Buffer => {
    const bytes = Buffer.from(good)
    bytes[at] = value
    return bytes
  }
  const spoilt = withChecksum('203.0.113.7', 1)
  spoilt[17] = 1
  const bad: [name: string, header: Buffer, fault: string][] = [
    ['is short', good.subarray(0, 15), 'length'],
    ['is cut', good.subarray(0, 27), 'length'],
    ['is followed by more', Buffer.concat([good, Buffer.of(1)]), 'length'],
    ['is longer than any', changed(14, 0x20), 'length'],
    ['begins otherwise', changed(3, 0x0b), 'signature'],
    ['has version 1', changed(12, 0x11), 'version'],
    ['has version 3', changed(12, 0x31), 'version'],
    ['has a command that is none', changed(12, 0x22), 'command'],
    ['is of datagrams', changed(13, 0x12), 'family'],
    ['names a socket file', proxyHeader(0x21, 0x31, Buffer.alloc(216)), 'family'],
    ['says IPv6 and brings IPv4', changed(13, 0x21), 'length'],
    ['ends within the head of a value', ipv4Header('1.2.3.4', 1, Buffer.of(4, 0)), 'tlv'],
    ['ends within a value', ipv4Header('1.2.3.4', 1, Buffer.of(4, 0, 9, 1)), 'tlv'],
    ['has a wrong checksum', spoilt, 'checksum'],
    ['has a short checksum', ipv4Header('1.2.3.4', 1, tlv(3, Buffer.alloc(3))), 'checksum'],
  ]
  for (const [name, header, fault] of bad)
    test(`that ${name} is refused`, () => assert.deepEqual(parseProxyHeader(header), { fault }))

  test('is read or refused whatever it is, and what is read is an address', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .tuple(
          fc.constantFrom(0x20, 0x21, 0x11, 0x22),
          fc.constantFrom(0, 0x11, 0x21, 0x31, 0x12),
          fc.uint8Array({ maxLength: 100 }),
        )
        .map(([command, family, body]) => proxyHeader(command, family, Buffer.from(body))),
    )
    fc.assert(
      fc.property(anything, (bytes) => {
        const found = parseProxyHeader(Buffer.from(bytes))
        if (found === undefined || 'fault' in found) return
        assert.notEqual(isIP(found.address), 0)
        assert.ok(found.port >= 0 && found.port <= 65_535)
      }),
    )
  })

  test('comes back as it was written', () => {
    fc.assert(
      fc.property(
        fc.ipV4(),
        fc.nat(65_535),
        fc.uint8Array({ maxLength: 200 }),
        (address, port, value) => {
          const header = ipv4Header(address, port, tlv(0xee, Buffer.from(value)))
          assert.deepEqual(parseProxyHeader(header), { address, port })
          const cut = fc.sample(fc.nat(header.length - 1), 1)[0] ?? 0
          assert.deepEqual(parseProxyHeader(header.subarray(0, cut)), { fault: 'length' })
        },
      ),
    )
  })

  // RFC 3720 B.4, and the usual check value.
  const sums: [name: string, bytes: Buffer, expected: number][] = [
    ['32 zeros', Buffer.alloc(32), 0x8a_91_36_aa],
    ['32 ones', Buffer.alloc(32, 0xff), 0x62_a8_ab_43],
    ['123456789', Buffer.from('123456789'), 0xe3_06_92_83],
  ]
  for (const [name, bytes, expected] of sums)
    test(`CRC-32C of ${name}`, () => assert.equal(crc32c(bytes), expected))
})
