import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConfigError } from '../../base/config-error.ts'
import type { Policy } from '../../pipeline/policy.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { sensitivity } from './control.ts'

const responses = { 204: { description: 'done' } }
const document = (mark?: unknown) => ({
  openapi: '3.1.0',
  info: { title: 'Bank', version: '1' },
  paths: {
    '/transfer': {
      post: {
        operationId: 'transfer',
        ...(mark !== undefined && { 'x-sallyport-sensitivity': mark }),
        responses,
      },
    },
  },
})

async function refusalOf(mark: unknown, limits: Partial<Policy['limits']>, isUp?: boolean) {
  const bench = new Bench({ document: document(mark) })
  const counters = Object.assign(bench.counters, isUp === undefined ? {} : { isUp })
  const guard = bench.guard(sensitivity, 'transfer', { limits }, { ...bench.kit, counters })
  return guard.request(exchangeOf())
}

type Row = [
  name: string,
  mark: unknown,
  limits: Partial<Policy['limits']>,
  isUp: boolean | undefined,
]
const STRICT = { whenStoreFails: 'strict' } as const
const SERVED: readonly Row[] = [
  ['counters that are there', 'high', STRICT, true],
  ['counters of this process alone', 'high', STRICT, undefined],
  ['an operation that nobody marked', undefined, STRICT, false],
  ['an operation that is marked normal', 'normal', STRICT, false],
  ['counters that may be away', 'high', { whenStoreFails: 'local' }, false],
]
const CLOSED: readonly Row[] = [
  ['the document says so', 'high', STRICT, false],
  ['the configuration says so', undefined, { ...STRICT, sensitivity: 'high' }, false],
  ['either says so', 'normal', { ...STRICT, sensitivity: 'high' }, false],
]

suite('sensitivity', () => {
  for (const [name, mark, limits, isUp] of SERVED)
    test(`serves with ${name}`, async () =>
      assert.equal(await refusalOf(mark, limits, isUp), undefined))

  for (const [name, mark, limits, isUp] of CLOSED)
    test(`is closed while the counters are away where ${name}`, async () => {
      const refusal = await refusalOf(mark, limits, isUp)
      assertRefused(refusal, 'counters_away', 503)
      assert.equal(valueOf(refusal?.denial.headers ?? [], 'Retry-After'), '1')
      assertEveryReason(sensitivity, [refusal?.denial.reason])
    })

  test('a mark that says neither stops the start', async () => {
    await assert.rejects(refusalOf('High', STRICT, false), ConfigError)
  })
})
