import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { rewriteJson } from './rewrite-json.ts'

/** Drops every member called `drop`, as a filter does: array items keep their places. */
function filtered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(filtered)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name]) => name !== 'drop')
  return Object.fromEntries(kept.map(([name, member]) => [name, filtered(member)]))
}

function rewrite(text: string): string {
  return rewriteJson(filtered(JSON.parse(text)), text, JSON.parse(text)).toString()
}

/** Numbers and how JavaScript alone would write them; they must come out as they came in. */
const numbers: [name: string, number: string][] = [
  ['keeps a fraction of zero', '1.0'],
  ['keeps trailing zeros of money', '19.90'],
  ['keeps an exponent', '1e3'],
  ['keeps a capital exponent', '2.5E-7'],
  ['keeps minus zero', '-0'],
  ['keeps minus zero with a fraction', '-0.0'],
  ['keeps a small fraction', '0.0000001'],
  ['keeps an integer of 16 digits', '9007199254740993'],
  ['keeps an integer of 20 digits', '12345678901234567890'],
  ['keeps 18 digits split by the point', '1234567890.12345678'],
  ['keeps more digits than a double has', '0.1000000000000000055511151231257827'],
  ['keeps what is beyond a double', '1e999'],
  ['keeps an ordinary number', '42'],
  ['keeps an ordinary fraction', '-0.5'],
]

suite('numbers read exactly as the API wrote them', () => {
  for (const [name, number] of numbers) {
    test(name, () => {
      const text = `{"drop":1,"kept":${number},"list":[${number},{"drop":2,"deep":${number}}]}`
      assert.equal(rewrite(text), `{"kept":${number},"list":[${number},{"deep":${number}}]}`)
    })
  }
})

test('members called __proto__ stay members', () => {
  const text = '{"drop":1,"__proto__":{"a":1.0},"constructor":{"prototype":2}}'
  assert.equal(rewrite(text), '{"__proto__":{"a":1.0},"constructor":{"prototype":2}}')
})

test('a place that the filter made null stays null', () => {
  assert.equal(rewriteJson([null, 2], '[{"a":1.0},2]', [{ a: 1 }, 2]).toString(), '[null,2]')
})

test('a number at the root is kept', () => {
  assert.equal(rewrite('1.50'), '1.50')
})

test('any JSON comes out with the same meaning', () => {
  fc.assert(
    fc.property(fc.json(), fc.boolean(), (text, isFragile) => {
      const whole = isFragile ? `[${text},1.0]` : text
      const out = rewrite(whole)
      assert.deepEqual(JSON.parse(out), JSON.parse(JSON.stringify(filtered(JSON.parse(whole)))))
    }),
  )
})

test('any number in any spelling comes out in its spelling', () => {
  const digits = fc.stringMatching(/^(?:0|[1-9]\d{0,24})$/)
  const fraction = fc.stringMatching(/^(?:\.\d{1,25})?$/)
  const exponent = fc.stringMatching(/^(?:[eE][+-]?\d{1,3})?$/)
  fc.assert(
    fc.property(fc.constantFrom('', '-'), digits, fraction, exponent, (sign, a, b, c) => {
      const number = sign + a + b + c
      assert.equal(rewrite(`{"n":${number},"drop":0}`), `{"n":${number}}`)
    }),
    { numRuns: 2000 },
  )
})
