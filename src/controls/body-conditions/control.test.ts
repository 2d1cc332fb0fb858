import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { ANONYMOUS, NO_CLAIMS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { kitAsking, TOLD } from '../testing/facts.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { bodyConditions } from './control.ts'

const json = (schema: unknown): unknown => ({ content: { 'application/json': { schema } } })
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/orders': {
      post: {
        operationId: 'create',
        requestBody: json({
          type: 'object',
          properties: {
            accountId: { type: 'string' },
            number: { type: 'integer' },
            lines: {
              type: 'array',
              items: { type: 'object', properties: { owner: { type: 'string' } } },
            },
          },
        }),
        responses: { 200: { description: 'ok' } },
      },
    },
  },
}
const claims = Object.assign(Object.create(null), NO_CLAIMS, { accounts: ['a1', 'a2'] })
const ANN: Principal = { ...ANONYMOUS, kind: 'jwt', id: 'i|ann', subject: 'ann', claims }

function under(condition: string, parts: PolicyParts['authorize'] = {}): PolicyParts {
  return { authorize: { operations: new Map([['create', condition]]), ...parts } }
}

type Row = [name: string, policy: PolicyParts, body: unknown, reason: string | undefined]
const OWN = 'body.accountId in subject.accounts'
const EACH = 'body.lines.all(line, line.owner == subject.id)'
const cases: Row[] = [
  ['lets an own account through', under(OWN), { accountId: 'a2' }, undefined],
  ['hides a foreign account', under(OWN), { accountId: 'a3' }, 'hidden'],
  [
    'refuses it plainly where the policy says so',
    under(OWN, { denied: 403 }),
    { accountId: 'a3' },
    'condition',
  ],
  ['hides what does not say whose it is', under(OWN), {}, 'hidden'],
  ['hides what says nobody', under(OWN), { accountId: null }, 'hidden'],
  ['hides a list of accounts', under(OWN), { accountId: ['a1'] }, 'hidden'],
  ['hides everything without a body', under(OWN), undefined, 'hidden'],
  ['lets own lines through', under(EACH), { lines: [{ owner: 'ann' }] }, undefined],
  [
    'hides one foreign line among own ones',
    under(EACH),
    { lines: [{ owner: 'ann' }, { owner: 'bob' }] },
    'hidden',
  ],
  ['hides a line of nobody', under(EACH), { lines: [{}] }, 'hidden'],
]

suite('body conditions', () => {
  for (const [name, policy, body, reason] of cases) {
    test(name, async () => {
      const exchange = exchangeOf({ principal: ANN })
      exchange.body = body
      exchange.hasBodyValue = body !== undefined
      const bench = new Bench({ document: DOCUMENT, policy })
      const status = reason === 'hidden' ? 404 : 403
      const refusal = await bench.guard(bodyConditions, 'create').body(exchange, '')
      assertRefused(refusal, reason, reason === undefined ? undefined : status)
    })
  }

  test('whatever the body holds, only an own account comes through', async () => {
    const guard = new Bench({ document: DOCUMENT, policy: under(OWN) }).guard(
      bodyConditions,
      'create',
    )
    const accountId = fc.oneof(fc.anything(), fc.constantFrom('a1', 'a2', 'A1', 'a1 '))
    await fc.assert(
      fc.asyncProperty(accountId, async (account) => {
        const exchange = exchangeOf({ principal: ANN })
        exchange.body = { accountId: account }
        exchange.hasBodyValue = true
        const isOwn = account === 'a1' || account === 'a2'
        assert.equal((await guard.body(exchange, '')) === undefined, isOwn)
      }),
    )
  })

  test('has nothing to do where the condition does not look at the body', () => {
    const bench = new Bench({ document: DOCUMENT })
    assert.equal(bench.guard(bodyConditions, 'create').guard, undefined)
    assert.equal(
      bench.guard(bodyConditions, 'create', under('subject.kind == "jwt"')).guard,
      undefined,
    )
  })

  test('refuses to start with a number beside a text, and says how it is meant', () => {
    const bench = new Bench({ document: DOCUMENT, policy: under('body.number == subject.id') })
    assert.throws(() => bench.guard(bodyConditions, 'create'), /write string\(…\)/)
    const text = new Bench({
      document: DOCUMENT,
      policy: under('string(body.number) == subject.id'),
    })
    assert.notEqual(text.guard(bodyConditions, 'create').guard, undefined)
  })

  for (const [name, answer, isUnknown, holds] of TOLD)
    test(`asks for a relation that ${name}`, async () => {
      const policy = under('relation("account:" + body.accountId, "payer", subject.id)')
      const bench = new Bench({ document: DOCUMENT, policy })
      const kit = kitAsking(bench.kit, answer)
      const exchange = exchangeOf({ principal: ANN })
      exchange.body = { accountId: 'a1' }
      exchange.hasBodyValue = true
      const refusal = await bench.guard(bodyConditions, 'create', undefined, kit).body(exchange, '')
      const reason = isUnknown ? 'facts_unknown' : 'hidden'
      assertRefused(refusal, holds ? undefined : reason, isUnknown ? 503 : 404)
    })

  test('every reason is reached', () =>
    assertEveryReason(bodyConditions, [...cases.map((row) => row[3]), 'facts_unknown']))
})
