import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ANONYMOUS } from '../../identity/principal.ts'
import { Bench } from '../testing/bench.ts'
import { NOTHING_HIDDEN } from './hidden-fields.ts'
import { judgeParameter } from './judge-query.ts'
import { KnownPairs } from './known-pairs.ts'
import { siteQueries } from './site-queries.ts'

const text = { type: 'string' }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/users': {
      get: {
        operationId: 'list',
        responses: {
          200: {
            description: 'ok',
            content: {
              'application/json': {
                schema: {
                  type: 'array',
                  items: {
                    type: 'object',
                    properties: { name: text, salary: { ...text, 'x-sallyport-read': ['hr'] } },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
}

test('what is remembered is what would be judged, for each set of hidden fields', () => {
  const bench = new Bench({ document: DOCUMENT })
  const queries = siteQueries(bench.site('list'), bench.kit)
  assert.ok(queries?.hidden !== undefined)
  const all = [queries.hidden.of(ANONYMOUS.roles), queries.hidden.of(['hr']), NOTHING_HIDDEN]
  const known = new KnownPairs(queries)
  const part = fc.constantFrom(
    'sort',
    'salary',
    'name',
    '-salary',
    '1:',
    '',
    'sort=',
    'x'.repeat(70),
  )
  let refused = 0
  fc.assert(
    fc.property(part, part, fc.constantFrom(...all), (name, value, hidden) => {
      const wanted = judgeParameter(name, value, { queries, hidden })
      if (wanted !== undefined) refused += 1
      for (let again = 0; again < 2; again += 1)
        assert.deepEqual(known.judge(name, value, hidden), wanted)
    }),
    { numRuns: 500 },
  )
  assert.ok(refused > 0)
})
