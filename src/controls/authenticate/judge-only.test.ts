import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Carried } from './carried.ts'
import { judgeAlternatives, judgeOnly } from './judge.ts'
import type { AlternativePlan, SchemePlan, Slot } from './scheme-plan.ts'
import type { SchemeResult } from './verify.ts'

const slot = fc.constantFrom<Slot>('authorization', 'header:x-key', 'cookie:sid')
const scopes = fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 })

/** Alternatives that know one scheme: nothing, or that scheme with some scopes. */
const operation = slot.chain((place) => {
  const plan: SchemePlan = { name: 'one', kind: 'jwt', slot: place, httpScheme: 'bearer' }
  const alternative = fc.oneof(
    fc.constant<AlternativePlan>({ schemes: [] }),
    scopes.map((asked): AlternativePlan => ({ schemes: [{ plan, scopes: asked }] })),
  )
  return fc.record({
    plan: fc.constant(plan),
    alternatives: fc
      .array(alternative, { minLength: 1, maxLength: 4 })
      .filter((all) => all.some(({ schemes }) => schemes.length > 0)),
  })
})
const principal = fc
  .constantFrom<'jwt' | 'apiKey' | 'upstream'>('jwt', 'apiKey', 'upstream')
  .map((kind) => ({ ...ANONYMOUS, kind, id: kind }))
const result: fc.Arbitrary<SchemeResult> = fc.oneof(
  fc.constant<SchemeResult>('absent'),
  fc.record({ slot, reason: fc.constant('token_expired') }),
  fc.record({ slot, principal, key: fc.constant(undefined) }),
)
const carried: fc.Arbitrary<Carried> = fc.record({
  scheme: fc.constantFrom('', 'bearer'),
  token: fc.constant('t'),
  values: fc
    .uniqueArray(slot, { maxLength: 2 })
    .map((slots) => new Map(slots.map((at) => [at, 'v']))),
})

test('one scheme, one credential: judged as among lists', () => {
  let judged = 0
  fc.assert(
    fc.property(operation, result, carried, ({ plan, alternatives }, found, sent) => {
      const verdict = judgeOnly(alternatives, found, sent)
      if (verdict === undefined) return
      judged += 1
      assert.deepEqual(
        verdict,
        judgeAlternatives(alternatives, new Map([[plan.name, found]]), sent),
      )
    }),
    { numRuns: 2000 },
  )
  assert.ok(judged > 100, `only ${judged} were judged`)
})

test('a credential that does not hold is left to the lists', () => {
  const sent = { scheme: 'bearer', token: 't', values: new Map() }
  const wrong = { slot: 'authorization', reason: 'token_expired' } as const
  assert.equal(judgeOnly([{ schemes: [] }], wrong, sent), undefined)
  assert.equal(judgeOnly([{ schemes: [] }], 'absent', sent), undefined)
})
