import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { ParameterValues } from '../../pipeline/exchange.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { kitAsking, TOLD } from '../testing/facts.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { conditions } from './control.ts'

const ok = { responses: { 200: { description: 'ok' } } }
const id = { name: 'userId', in: 'path', required: true, schema: { type: 'string' } }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/users/{userId}': {
      parameters: [
        id,
        { name: 'team', in: 'query', schema: { type: 'array', items: { type: 'string' } } },
      ],
      get: { operationId: 'getUser', ...ok },
      delete: { operationId: 'deleteUser', ...ok },
    },
  },
}
const ANN: Principal = { ...ANONYMOUS, kind: 'jwt', id: 'i|ann', subject: 'ann', roles: ['agent'] }

function under(condition: string, parts: PolicyParts['authorize'] = {}): PolicyParts {
  return { authorize: { operations: new Map([['getUser', condition]]), ...parts } }
}
const at = (userId: unknown, query = {}): ParameterValues => ({
  path: { userId },
  query,
  header: {},
  cookie: {},
})

type Row = [
  name: string,
  policy: PolicyParts,
  values: ParameterValues | undefined,
  reason: string | undefined,
]
const RELATED = 'relation("user:" + path.userId, "friend", subject.id)'
const OWN = 'path.userId == subject.id || "admin" in subject.roles'
const cases: Row[] = [
  ['lets the owner through', under(OWN), at('ann'), undefined],
  ['hides what is somebody else’s', under(OWN), at('bob'), 'hidden'],
  [
    'refuses it plainly where the policy says so',
    under(OWN, { denied: 403 }),
    at('bob'),
    'condition',
  ],
  ['hides everything where parameters could not be read', under(OWN), undefined, 'hidden'],
  ['hides everything where the one that counts is missing', under(OWN), at(undefined), 'hidden'],
  [
    'lets a listed value through',
    under('"red" in query.team'),
    at('x', { team: ['red'] }),
    undefined,
  ],
  [
    'does not take an absent list for an empty one',
    under('!("red" in query.team)'),
    at('x'),
    'hidden',
  ],
]

suite('conditions', () => {
  for (const [name, policy, parameters, reason] of cases) {
    test(name, async () => {
      const exchange = exchangeOf({ principal: ANN })
      exchange.parameters = parameters
      const bench = new Bench({ document: DOCUMENT, policy })
      const status = reason === 'hidden' ? 404 : 403
      const refusal = await bench.guard(conditions, 'getUser').request(exchange)
      assertRefused(refusal, reason, reason === undefined ? undefined : status)
    })
  }

  test('notes what it would have refused in monitor', async () => {
    const exchange = exchangeOf({ principal: ANN })
    exchange.parameters = at('bob')
    const modes = new Map([['conditions', 'monitor']] as const)
    const bench = new Bench({ document: DOCUMENT, policy: { ...under(OWN), modes } })
    assert.equal(await bench.guard(conditions, 'getUser').request(exchange), undefined)
    assert.deepEqual(
      exchange.observed.map(({ reason }) => reason),
      ['hidden'],
    )
  })

  test('whoever is not the owner never comes through', async () => {
    const guard = new Bench({
      document: DOCUMENT,
      policy: under('path.userId == subject.id'),
    }).guard(conditions, 'getUser')
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.anything(), fc.constant('ann')), async (userId) => {
        const exchange = exchangeOf({ principal: ANN })
        exchange.parameters = at(userId)
        assert.equal((await guard.request(exchange)) === undefined, userId === 'ann')
      }),
    )
  })

  test('has nothing to do for other operations, and for conditions on the caller alone', () => {
    const bench = new Bench({ document: DOCUMENT, policy: under(OWN) })
    assert.equal(bench.guard(conditions, 'deleteUser').guard, undefined)
    assert.equal(
      bench.guard(conditions, 'getUser', under('subject.kind == "jwt"')).guard,
      undefined,
    )
  })

  test('refuses to start where parameters are not read', () => {
    const bench = new Bench({
      document: DOCUMENT,
      policy: { ...under(OWN), validate: { request: 'off' } },
    })
    assert.throws(() => bench.guard(conditions, 'getUser'), /validate.request is off/)
  })

  for (const [name, answer, isUnknown, holds] of TOLD)
    test(`asks for a relation that ${name}`, async () => {
      const bench = new Bench({ document: DOCUMENT, policy: under(RELATED) })
      const kit = kitAsking(bench.kit, answer)
      const exchange = exchangeOf({ principal: ANN })
      exchange.parameters = at('bob')
      const refusal = await bench.guard(conditions, 'getUser', undefined, kit).request(exchange)
      const reason = isUnknown ? 'facts_unknown' : 'hidden'
      assertRefused(refusal, holds ? undefined : reason, isUnknown ? 503 : 404)
    })

  test('every reason is reached', () =>
    assertEveryReason(conditions, [...cases.map((row) => row[3]), 'facts_unknown']))
})
