import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { forwardedAddresses, parseForwarded } from './forwarded.ts'

const listed: [name: string, fields: string[], expected: string[] | undefined][] = [
  ['reads a chain, client first', ['203.0.113.7, 10.0.0.1'], ['203.0.113.7', '10.0.0.1']],
  ['joins several fields in order', ['203.0.113.7', '10.0.0.1'], ['203.0.113.7', '10.0.0.1']],
  ['drops ports', ['203.0.113.7:4711,[2001:DB8::1]:80'], ['203.0.113.7', '2001:db8::1']],
  ['reads bare and bracketed IPv6', ['2001:db8:0:0::1, [::1]'], ['2001:db8::1', '::1']],
  ['unifies mapped addresses', ['::ffff:192.0.2.1'], ['192.0.2.1']],
  ['refuses an empty element', ['203.0.113.7, '], undefined],
  ['refuses an empty field', [''], undefined],
  ['refuses a name', ['localhost'], undefined],
  ['refuses unknown', ['unknown'], undefined],
  ['refuses a leading zero', ['010.0.0.1'], undefined],
  ['refuses a decimal address', ['2130706433'], undefined],
  ['refuses a port out of range', ['10.0.0.1:70000'], undefined],
  ['refuses a zone', ['fe80::1%eth0'], undefined],
  ['refuses text behind the address', ['10.0.0.1; x'], undefined],
  ['refuses more than 32 hops', ['10.0.0.1,'.repeat(32) + '10.0.0.1'], undefined],
]
for (const [name, fields, expected] of listed) {
  test(`x-forwarded-for: ${name}`, () =>
    assert.deepEqual(forwardedAddresses(fields, 'x-forwarded-for'), expected))
}

const standard: [name: string, fields: string[], expected: string[] | undefined][] = [
  [
    'reads the examples of RFC 7239',
    ['for=192.0.2.43, for="[2001:db8:cafe::17]:4711"'],
    ['192.0.2.43', '2001:db8:cafe::17'],
  ],
  [
    'joins several fields in order',
    ['for=192.0.2.43', 'For="198.51.100.17:80"'],
    ['192.0.2.43', '198.51.100.17'],
  ],
  [
    'shows hidden hops as unknown',
    ['for=unknown, for=_gazonk, proto=https'],
    ['unknown', 'unknown', 'unknown'],
  ],
  ['ignores commas in quoted values', ['for=192.0.2.1;host="a,b"'], ['192.0.2.1']],
  ['refuses bare IPv6', ['for="2001:db8::1"'], undefined],
  ['refuses a name', ['for=example'], undefined],
  ['refuses a repeated parameter', ['for=192.0.2.1;for=192.0.2.2'], undefined],
  ['refuses an open quote', ['for="192.0.2.1'], undefined],
  ['refuses an empty element', ['for=192.0.2.1,'], undefined],
  ['refuses space around the equals sign', ['for = 192.0.2.1'], undefined],
  ['refuses more than 32 hops', ['for=10.0.0.1,'.repeat(32) + 'for=10.0.0.1'], undefined],
]
for (const [name, fields, expected] of standard) {
  test(`forwarded: ${name}`, () =>
    assert.deepEqual(forwardedAddresses(fields, 'forwarded'), expected))
}

test('reads proto and host of a hop', () => {
  assert.deepEqual(parseForwarded(['for=192.0.2.1;Proto=HTTPS;host="a.example"']), [
    { address: '192.0.2.1', proto: 'https', host: 'a.example' },
  ])
})

test('never throws', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.constantFrom('for', '=', ';', ',', '"', '[', ']', '::1', '1.2.3.4', ':80', ' '))
      .map((p) => p.join('')),
  )
  fc.assert(
    fc.property(text, (field) => {
      forwardedAddresses([field], 'forwarded')
      forwardedAddresses([field], 'x-forwarded-for')
    }),
  )
})
