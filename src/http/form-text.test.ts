import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { canonicalForm, formPairs } from './form-text.ts'
import { canonicalQuery } from './query.ts'
import type { CanonicalQuery } from './query.ts'

/** As `canonicalForm`, which must tell the same as the reader of the values alone. */
async function readBoth(body: Buffer): Promise<unknown> {
  const whole = await canonicalForm(body)
  const pairs = await formPairs(body, new Set(['b']))
  if ('fault' in whole) assert.deepEqual(pairs, whole)
  else if ('fault' in pairs) assert.fail(pairs.fault)
  else {
    const meanings = (all: CanonicalQuery['pairs']): unknown =>
      all.map(([name, value]) => [name, value])
    assert.deepEqual(meanings(pairs.pairs), meanings(whole.pairs))
    for (const [index, [name, , spelling]] of pairs.pairs.entries())
      if (name === 'b') assert.equal(spelling, whole.pairs[index]?.[2])
  }
  return whole
}

/** Longer than a slice, so that slices end in the middle. */
const FILL = 65_530

const cases: [name: string, text: string][] = [
  ['plain fields', `a=${'x'.repeat(FILL)}&b=2&c=${'y'.repeat(FILL)}`],
  ['plus signs', `a=${'+'.repeat(3 * FILL)}`],
  ['escapes of unreserved characters', `a=${'%61'.repeat(FILL)}`],
  ['escapes that stay', `a=${'%26'.repeat(FILL)}`],
  ['escapes of four bytes', `a=${'%F0%9F%98%80'.repeat(FILL / 5)}`],
  ['escapes of four bytes, one off', `a=x${'%f0%9f%98%80'.repeat(FILL / 5)}`],
  ['a long name', `${'%c3%bc'.repeat(FILL)}=1`],
  ['a field without a value', `${'a'.repeat(2 * FILL)}&b&c=`],
  ['empty pieces', `a=${'x'.repeat(FILL)}&&&b=1&`],
  ['only continuation bytes', `a=${'%80'.repeat(FILL)}`],
  ['a broken escape at the end', `a=${'%61'.repeat(FILL)}%6`],
  ['a character cut short at the end', `a=${'x'.repeat(2 * FILL)}%C3`],
  ['too many fields', 'a=1&'.repeat(FILL)],
  ['ampersands', '&'.repeat(2 * FILL)],
  ['a dangerous name behind a long field', `a=${'x'.repeat(2 * FILL)}&a[__proto__]=1`],
]
for (const [name, text] of cases) {
  test(`reads a large form of ${name} as a query of the same text`, async () => {
    assert.deepEqual(await readBoth(Buffer.from(text, 'latin1')), canonicalQuery(text))
  })
}

test('cuts at every place without changing what is read', async () => {
  const piece = fc.constantFrom('%61', '%C3%BC', '%E2%82%AC', '%F0%9F%98%80', '+', 'a', '&', '=')
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.nat(12), async (parts, shift) => {
      const text = `a=${'x'.repeat(FILL - shift)}${parts.join('')}${'y'.repeat(20)}`
      assert.deepEqual(await readBoth(Buffer.from(text, 'latin1')), canonicalQuery(text))
    }),
    { numRuns: 200 },
  )
})

test('lets others have their turn while it reads a large form', () => {
  assert.ok(canonicalForm(Buffer.from(`a=${'x'.repeat(FILL * 2)}`)) instanceof Promise)
})

test('reads forms of any bytes as queries of the same text, at every length', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '%',
      '%4',
      '%61',
      '%2b',
      '%c3',
      '%C3%bC',
      '%e2%82%ac',
      '%ed%a0%80',
      '%f0%9f%98%80',
    ),
    fc.constantFrom(
      '+',
      '&',
      '=',
      '|',
      '"',
      '#',
      ' ',
      'a[b]',
      '%00',
      '%7F',
      '__proto__',
      '\u007f',
      '\u00e9',
    ),
    fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)),
  )
  // Above the length of a form that is read as a query.
  const lengths = fc.constantFrom(0, 2050, FILL)
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), lengths, async (parts, length) => {
      const text = `a=${'x'.repeat(length)}${parts.join('')}`
      assert.deepEqual(await readBoth(Buffer.from(text, 'latin1')), canonicalQuery(text))
    }),
    { numRuns: 3000 },
  )
})

test('reads a small form at once', () => {
  assert.deepEqual(canonicalForm(Buffer.from('a=1')), canonicalQuery('a=1'))
})

test('counts empty pieces too', () => {
  assert.deepEqual(canonicalQuery(`${'&'.repeat(999)}a`), { text: 'a', pairs: [['a', '', '']] })
  assert.deepEqual(canonicalQuery(`${'&'.repeat(1000)}a`), { fault: 'too_many_parameters' })
})
