import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { multipleOf } from './multiple.ts'

const cases: [value: number, divisor: number, isMultiple: boolean][] = [
  [0.0075, 0.0001, true],
  [0.00751, 0.0001, false],
  [19.95, 0.01, true],
  [19.955, 0.01, false],
  [0.1 + 0.2, 0.1, false],
  [-4.5, 1.5, true],
  [0, 0.01, true],
  [1e308, 0.5, true],
  [5e-324, 0.1, false],
  [1e-7, 1e-8, true],
  [12_345_678_901_234.56, 0.01, true],
  [9_007_199_254_740_994, 2, true],
  [Infinity, 2, false],
]
for (const [value, divisor, isMultiple] of cases)
  test(`${value} is ${isMultiple ? 'a' : 'no'} multiple of ${divisor}`, () =>
    assert.equal(multipleOf(divisor)(value), isMultiple))

/** Exact, and slow. */
function reference(value: number, divisor: number): boolean {
  const parts = [value, divisor].map((one) => {
    const [mantissa = '0', exponent = '0'] = one.toExponential().split('e')
    const [whole = '0', fraction = ''] = mantissa.split('.')
    return [BigInt(whole + fraction), Number(exponent) - fraction.length] as const
  })
  const least = Math.min(...parts.map(([, exponent]) => exponent))
  const [a = 0n, b = 1n] = parts.map(([digits, power]) => digits * 10n ** BigInt(power - least))
  return a % b === 0n
}

test('agrees with exact arithmetic', () => {
  const decimal = fc
    .tuple(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: -12, max: 3 }))
    .map(([digits, exponent]) => Number(`${digits}e${exponent}`))
  const near = fc
    .tuple(decimal, fc.integer({ min: -1000, max: 1000 }), fc.constantFrom(0, 1e-9, 1e-3))
    .map(([step, times, off]) => [step * times + off, step] as const)
  const any = fc.tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), decimal)
  fc.assert(
    fc.property(fc.oneof(near, any), ([value, divisor]) => {
      assert.equal(multipleOf(divisor)(value), reference(value, divisor))
    }),
    { numRuns: 3000 },
  )
})
