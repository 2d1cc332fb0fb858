import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { SeenTargets } from './seen-targets.ts'

/** What is noted of a text after it came so many times. */
function notedAfter(times: number, text: string, seen = new SeenTargets<string>()): unknown {
  for (let count = 0; count < times; count++)
    if (seen.of(text) === undefined) seen.came(text, (own) => own)
  return seen.of(text)
}

const ROWS: readonly [name: string, text: string, times: number, isNoted: boolean][] = [
  ['nothing is noted of a target that came once', '/orders/7', 1, false],
  ['a target that comes again is noted', '/orders/7?a=b', 2, true],
  ['the longest target is noted', `/${'a'.repeat(255)}`, 2, true],
  ['a longer one is not', `/${'a'.repeat(256)}`, 5, false],
  ['one with characters beyond ASCII is not', '/caf\u00e9', 5, false],
  ['one with characters beyond latin1 is not', '/\u0141', 5, false],
  ['an empty one is not', '', 5, false],
]
for (const [name, text, times, isNoted] of ROWS)
  test(name, () => assert.equal(notedAfter(times, text), isNoted ? text : undefined))

test('what cannot be noted is asked for again', () => {
  const seen = new SeenTargets<string>()
  const asked: string[] = []
  for (let count = 0; count < 4; count++)
    seen.came('/a//b', (own) => {
      asked.push(own)
      return undefined
    })
  assert.equal(asked.length, 3)
  assert.equal(seen.of('/a//b'), undefined)
})

test('of targets that come once nothing is made, wherever in them the difference is', () => {
  for (const targetOf of [
    (n: number) => `/items/${n}`,
    (n: number) => `/items/${n}?expand=owner&lang=en&fields=name,price,colour&sort=-created`,
    (n: number) => `/items/${n}/of/a/long/path/below/the/item`,
    (n: number) => `/items/7?cursor=${n.toString(36)}`,
  ]) {
    const seen = new SeenTargets<string>()
    let made = 0
    for (let n = 1e9; n < 1e9 + 20_000; n++)
      if (seen.of(targetOf(n)) === undefined)
        seen.came(targetOf(n), (own) => {
          made++
          return own
        })
    assert.equal(made, 0, targetOf(1e9))
  }
})

test('whatever comes in whatever order, a target is only ever given its own notes', () => {
  const target = fc.oneof(
    fc.constantFrom('/a', '/b', '/a?x=1', '/a?x=2'),
    fc.nat({ max: 2000 }).map((n) => `/items/${n}`),
    fc.string({ maxLength: 300 }),
  )
  fc.assert(
    fc.property(fc.array(target, { maxLength: 3000 }), (targets) => {
      const seen = new SeenTargets<string>()
      for (const text of targets) {
        const noted = seen.of(text) ?? seen.came(text, (own) => own)
        assert.ok(noted === undefined || noted === text)
      }
    }),
    { numRuns: 30 },
  )
})
