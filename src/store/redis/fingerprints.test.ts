import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { Fingerprints } from './fingerprints.ts'

const nameOf = (of: number): string =>
  `sp:x:{${hash('sha256', String(of), 'base64url').slice(0, 22)}}`

suite('fingerprints of names', () => {
  test('an empty set holds nothing', () => assert.equal(new Fingerprints().has('a'), false))

  test('every name that was added is found', () =>
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 3000 }), (names) => {
        const set = new Fingerprints()
        for (const name of names) set.add(name)
        return names.every((name) => set.has(name)) && set.size <= new Set(names).size
      }),
      { numRuns: 50 },
    ))

  test('of others hardly any is', () => {
    const set = new Fingerprints()
    for (let i = 0; i < 50_000; i++) set.add(nameOf(i))
    assert.ok(set.size > 49_990, `${set.size} are told apart`)
    let wrong = 0
    for (let i = 50_000; i < 150_000; i++) if (set.has(nameOf(i))) wrong += 1
    assert.ok(wrong < 20, `${wrong} of 100,000`)
  })
})
