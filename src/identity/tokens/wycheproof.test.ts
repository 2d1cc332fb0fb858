import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { KNOWN_ALGS } from './algorithms.ts'
import { parseCompact } from './compact.ts'
import { candidates, parseKeySet } from './key-set.ts'
import { isSigned } from './signature.ts'

interface Vector {
  readonly tcId: number
  readonly comment: string
  readonly jws: unknown
  readonly result: 'valid' | 'invalid'
}
interface Group {
  readonly public?: unknown
  readonly private?: unknown
  readonly tests: readonly Vector[]
}

const file = new URL('../../../test/vectors/jose/json_web_signature_test.json', import.meta.url)
const { testGroups, numberOfTests } = JSON.parse(readFileSync(file, 'utf8')) as {
  testGroups: readonly Group[]
  numberOfTests: number
}

/** Vectors that are valid and refused here, and why. */
const REFUSED_ON_PURPOSE: ReadonlyMap<number, string> = new Map([
  ...[1, 348, 352, 357, 358, 359, 372, 373, 376, 377].map(
    (id) => [id, 'HMAC is not offered'] as const,
  ),
  ...[346, 350].map((id) => [id, 'the key says PS256, the token PS384'] as const),
  ...[347, 351].map((id) => [id, 'the key says ES521, which is no algorithm'] as const),
])

function isAccepted(jws: unknown, jwk: unknown): boolean {
  const token = parseCompact(typeof jws === 'string' ? jws : JSON.stringify(jws))
  const set = parseKeySet({ keys: [jwk] })
  if ('reason' in token || set === undefined || !KNOWN_ALGS.includes(token.alg)) return false
  return isSigned(token, candidates(set, token.alg, token.kid))
}

test('agrees with every Wycheproof vector for JWS but the listed ones', () => {
  let seen = 0
  const accepted: number[] = []
  const wanted: number[] = []
  for (const group of testGroups) {
    for (const { tcId, jws, result } of group.tests) {
      seen++
      if (isAccepted(jws, group.public ?? group.private)) accepted.push(tcId)
      if (result === 'valid' && !REFUSED_ON_PURPOSE.has(tcId)) wanted.push(tcId)
    }
  }
  assert.deepEqual(accepted, wanted)
  assert.equal(seen, numberOfTests)
  assert.ok(wanted.length > 15, 'the vectors have valid signatures in them')
})
