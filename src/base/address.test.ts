import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { embeddedIpv4, formatAddress, isIpv4Bits, parseAddress } from './address.ts'

const cases: [name: string, text: string, expected: string | undefined][] = [
  ['reads IPv4', '192.0.2.1', '192.0.2.1'],
  ['reads the highest IPv4', '255.255.255.255', '255.255.255.255'],
  ['unifies mapped IPv6', '::FFFF:192.0.2.1', '192.0.2.1'],
  ['unifies mapped IPv6 in hexadecimal', '::ffff:c000:201', '192.0.2.1'],
  ['shortens the first longest run of zeros', '2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['does not shorten a single zero', '2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['reads the unspecified address', '0:0:0:0:0:0:0:0', '::'],
  ['reads a run at the end', 'FE80::', 'fe80::'],
  ['cuts a zone off', 'fe80::1%eth0', 'fe80::1'],
  ['reads IPv4 inside IPv6', '64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['refuses three numbers', '127.0.1', undefined],
  ['refuses five numbers', '1.2.3.4.5', undefined],
  ['refuses a leading zero', '127.0.0.01', undefined],
  ['refuses 256', '1.2.3.256', undefined],
  ['refuses hexadecimal', '0x7f.0.0.1', undefined],
  ['refuses a dot at the end', '1.2.3.4.', undefined],
  ['refuses an empty number', '1..2.3', undefined],
  ['refuses nothing', '', undefined],
  ['refuses two double colons', '1::2::3', undefined],
  ['refuses nine groups', '1:2:3:4:5:6:7:8:9', undefined],
  ['refuses brackets', '[::1]', undefined],
]
for (const [name, text, expected] of cases) {
  test(name, () => {
    const bits = parseAddress(text)
    assert.equal(bits && formatAddress(bits), expected)
  })
}

const carried: [name: string, text: string, inside: string | undefined][] = [
  ['6to4', '2002:cb00:7107:1::2', '203.0.113.7'],
  ['NAT64', '64:ff9b::203.0.113.7', '203.0.113.7'],
  ['NAT64 of a network', '64:ff9b:1:2:3:4:203.0.113.7', '203.0.113.7'],
  ['IPv4-translated', '::ffff:0:203.0.113.7', '203.0.113.7'],
  ['IPv4-compatible', '::203.0.113.7', '203.0.113.7'],
  ['Teredo', '2001:0:4136:e378:8000:63bf:34ff:8ef8', '203.0.113.7'],
  ['the unspecified address', '::', undefined],
  ['loopback', '::1', undefined],
  ['IPv4', '203.0.113.7', undefined],
  ['IPv4-mapped', '::ffff:203.0.113.7', undefined],
  ['any other IPv6', '2001:db8::cb00:7107', undefined],
]
for (const [name, text, expected] of carried) {
  test(`finds what ${name} carries inside`, () => {
    const bits = parseAddress(text) ?? assert.fail(text)
    const inside = embeddedIpv4(bits)
    assert.equal(inside && formatAddress(inside), expected)
  })
}

test('agrees with node:net about what is an address, and with WHATWG about its spelling', () => {
  const soup = fc
    .array(fc.constantFrom('1', '0', 'ff', ':', '::', '.', '255', 'g'), { maxLength: 12 })
    .map((p) => p.join(''))
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), soup, fc.string()), (text) => {
      const bits = parseAddress(text)
      assert.equal(bits !== undefined, isIP(text) !== 0)
      if (bits === undefined) return
      assert.equal(bits.length, 8)
      assert.equal(parseAddress(formatAddress(bits)), bits)
      if (!isIpv4Bits(bits))
        assert.equal(`[${formatAddress(bits)}]`, new URL(`http://[${text}]`).hostname)
    }),
    { numRuns: 1000 },
  )
})
