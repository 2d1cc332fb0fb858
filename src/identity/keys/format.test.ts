import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ConfigError } from '../../base/config-error.ts'
import { keyFormat, keyScanner } from './format.ts'

const format = keyFormat('sp')
const good = format.format(format.generate('sk', 'live'))

test('a new key has the published shape and reads back', () => {
  assert.match(good, /^sp_sk_live_[a-z2-7]{12}_[0-9A-Za-z]{43}_[0-9a-f]{8}$/)
  const key = format.parse(good)
  assert.ok(key !== undefined)
  assert.equal(format.format(key), good)
})

test('draws use the whole alphabet evenly', () => {
  const counts = new Map<string, number>()
  for (let i = 0; i < 2000; i++)
    for (const char of format.generate('sk', 'live').secret)
      counts.set(char, (counts.get(char) ?? 0) + 1)
  const expected = (2000 * 43) / 62
  assert.equal(counts.size, 62)
  for (const [char, count] of counts)
    assert.ok(
      Math.abs(count - expected) < expected * 0.25,
      `${char}: ${count} of about ${expected}`,
    )
})

const BAD: [name: string, text: string][] = [
  ['nothing', ''],
  ['another prefix', good.replace('sp_', 'xp_')],
  ['another kind', good.replace('_sk_', '_ak_')],
  ['a checksum of another key', `${good.slice(0, -8)}00000000`],
  [
    'a checksum in capitals',
    good.slice(0, -8) + good.slice(-8).toUpperCase().padEnd(8, 'A').replace(/\d/g, 'A'),
  ],
  ['a space before', ` ${good}`],
  ['a line end after', `${good}\n`],
  ['a key twice', good + good],
  ['a very long text', `${good}${'a'.repeat(1e6)}`],
]
for (const [name, text] of BAD)
  test(`refuses ${name}`, () => assert.equal(format.parse(text), undefined))

test('one wrong character is seen by the checksum, wherever it stands', () => {
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.constantFrom(...'abz09AZ_-'.split('')), (at, char) => {
      const text = good.slice(0, at) + char + good.slice(at + 1)
      assert.equal(format.parse(text) !== undefined, text === good)
    }),
  )
})

test('never throws and only accepts what it would write', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      const key = format.parse(text)
      assert.ok(key === undefined || format.format(key) === text)
    }),
  )
})

const SCANNED: [name: string, text: string, found: number][] = [
  ['finds a key in a query', `/orders?x=1&k=${good}&y=2`, 1],
  ['finds a key in a path segment', `/keys/${good}/orders`, 1],
  ['finds a key without its checksum', good.slice(0, -9), 1],
  ['finds two', `${good} ${good}`, 2],
  ['leaves ordinary text alone', '/sp_orders/sk_live/sp_sk_', 0],
]
for (const [name, text, found] of SCANNED)
  test(`the scanner ${name}`, () => {
    const rest = text.replace(keyScanner('sp'), '')
    assert.equal([...text.matchAll(keyScanner('sp'))].length, found)
    assert.ok(!rest.includes(good.slice(24, 60)), 'nothing of the secret is left')
  })

for (const prefix of ['', 's', 'S1', '1a', 'sp_', 'a'.repeat(17), '.*'])
  test(`refuses the prefix ${JSON.stringify(prefix)}`, () => {
    assert.throws(() => keyFormat(prefix), ConfigError)
    assert.throws(() => keyScanner(prefix), ConfigError)
  })

test('another prefix makes other keys', () => {
  const other = keyFormat('acme')
  const text = other.format(other.generate('pk', 'test'))
  assert.ok(text.startsWith('acme_pk_test_'))
  assert.equal(format.parse(text), undefined)
})
