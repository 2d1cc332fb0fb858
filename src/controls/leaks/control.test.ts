import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { isSecretName } from './config.ts'
import { leaks } from './control.ts'

const d = { description: 'x' }
const json = (schema: object): object => ({ content: { 'application/json': { schema } } })
const text = { type: 'string' }
const USER = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    apiKey: text,
    owner: { type: 'object', properties: { name: text } },
  },
}
const open = { type: 'object' }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/users': {
      get: {
        operationId: 'users',
        responses: { 200: { ...d, ...json({ type: 'array', items: USER }) }, 204: d },
      },
      post: { operationId: 'create', responses: { 200: { ...d, ...json(open) } } },
    },
    '/ranges': {
      get: {
        operationId: 'ranges',
        responses: { 200: { ...d, content: { '*/*': { schema: USER } } } },
      },
    },
    '/login': {
      post: { operationId: 'login', security: [], responses: { 200: { ...d, ...json(open) } } },
    },
  },
}
const ADOPT: PolicyParts = { adopt: { untilMs: 1 } }

interface Answer {
  readonly operation?: string
  readonly status?: number
  readonly type?: string
  readonly policy?: PolicyParts
}

/** What the client gets, and the reason if something was taken out. */
async function sent(
  body: string,
  answer: Answer = {},
): Promise<{ body: string; reason: string | undefined }> {
  const { operation = 'users', status = 200, type = 'application/json', policy = ADOPT } = answer
  const guard = new Bench({ document: DOCUMENT, policy }).guard(leaks, operation)
  const exchange = exchangeOf()
  await guard.response(exchange, status, ['Content-Type', type])
  const isHeld = guard.guard !== undefined && guard.wantsResponseBody(exchange)
  const refusal = isHeld ? await guard.responseBody(exchange, body) : undefined
  const reason = refusal?.denial.reason ?? exchange.repaired[0]?.reason
  return { body: exchange.replacement?.toString() ?? body, reason }
}

const cases: [name: string, body: string, left: string, answer?: Answer][] = [
  ['leaves an honest answer as it is', '[ {"id":1.0} ]', '[ {"id":1.0} ]'],
  [
    'leaves undeclared fields that are no secrets',
    '[{"id":1,"nick":"a"}]',
    '[{"id":1,"nick":"a"}]',
  ],
  ['drops a password hash', '[{"id":1,"passwordHash":"x"}]', '[{"id":1}]'],
  [
    'drops it behind a member of the same name',
    '[{"owner":{"password":"x"},"owner":{"name":"a"}}]',
    '[{"owner":{"name":"a"}}]',
  ],
  ['drops it behind a byte order mark', '\uFEFF[{"id":1,"passwordHash":"x"}]', '[{"id":1}]'],
  ['drops it at depth', '[{"owner":{"name":"a","reset_token":"x"}}]', '[{"owner":{"name":"a"}}]'],
  ['drops it below an undeclared field', '[{"extra":{"pwd":"x","n":1}}]', '[{"extra":{"n":1}}]'],
  [
    'drops it in a list below an undeclared field',
    '[{"extra":[{"secret":"x"}]}]',
    '[{"extra":[{}]}]',
  ],
  ['leaves what the document declares', '[{"apiKey":"x"}]', '[{"apiKey":"x"}]'],
  [
    'leaves what only says that there is one',
    '[{"hasPassword":true,"password":null}]',
    '[{"hasPassword":true,"password":null}]',
  ],
  ['keeps numbers as they are written', '[{"id":1.50,"password":"x"}]', '[{"id":1.50}]'],
  [
    'drops it where the status is not declared',
    '{"password":"x","id":1}',
    '{"id":1}',
    { status: 201 },
  ],
  [
    'drops it where the answer has no schema',
    '{"password":"x","id":1}',
    '{"id":1}',
    { status: 204 },
  ],
  [
    'drops it where the schema names no fields',
    '{"password":"x","id":1}',
    '{"id":1}',
    { operation: 'create' },
  ],
  [
    'leaves what the document declares under a range',
    '{"id":1,"apiKey":"x"}',
    '{"id":1,"apiKey":"x"}',
    { operation: 'ranges' },
  ],
  ['drops it under a range', '{"id":1,"password":"x"}', '{"id":1}', { operation: 'ranges' }],
  [
    'leaves a log-in its token',
    '{"token":"x","access_token":"y","password":"z"}',
    '{"token":"x","access_token":"y"}',
    { operation: 'login' },
  ],
  ['leaves other types alone', '{"password":"x"}', '{"password":"x"}', { type: 'text/plain' }],
  ['leaves broken JSON to the control that judges it', '{"password":', '{"password":'],
]

const names: [name: string, isSecret: boolean][] = [
  ['password', true],
  ['passwordHash', true],
  ['password_hash', true],
  ['passwd', true],
  ['userPwd', true],
  ['salt', true],
  ['api_key', true],
  ['apiKey', true],
  ['privateKey', true],
  ['refresh-token', true],
  ['resetToken', true],
  ['token', true],
  ['mfaSecret', true],
  ['otp', true],
  ['cvv', true],
  ['ssn', true],
  ['pinCode', true],
  ['clientSecret', true],
  ['nextPageToken', false],
  ['page_token', false],
  ['tokenType', false],
  ['footprint', false],
  ['spinner', false],
  ['secretary', false],
  ['tokenizer', false],
  ['className', false],
  ['hashtag', false],
  ['salty', false],
  ['shipping', false],
  ['name', false],
  ['keyboard', false],
  ['passenger', false],
  ['compass', false],
]

suite('leaks', () => {
  for (const [name, body, left, answer] of cases) {
    test(name, async () => {
      const found = await sent(body, answer)
      assert.equal(found.body, left)
      assert.equal(found.reason, body === left ? undefined : 'secret_field')
    })
  }

  for (const [name, isSecret] of names) {
    test(`takes ${name} for ${isSecret ? 'a secret' : 'none'}`, () => {
      assert.equal(isSecretName(name), isSecret)
    })
  }

  test('finds every secret in a long list of undeclared fields', async () => {
    const users = Array.from({ length: 500 }, (_, id) => ({ id, a: 1, b: 2, password: 'hunter2' }))
    const found = await sent(JSON.stringify(users))
    assert.doesNotMatch(found.body, /hunter2/)
    assert.equal((JSON.parse(found.body) as unknown[]).length, 500)
  })

  const policies: [name: string, policy: PolicyParts, isThere: boolean][] = [
    ['while adopting', ADOPT, true],
    ['where responses are observed', { modes: new Map([['responses', 'monitor']]) }, true],
    ['where validation only watches', { modes: new Map([['validate', 'monitor']]) }, true],
    ['not where responses are filtered', {}, false],
    ['not where responses are off', { ...ADOPT, validate: { response: 'off' } }, false],
    ['not where validation is off', { modes: new Map([['validate', 'off']]) }, false],
  ]
  for (const [name, policy, isThere] of policies) {
    test(`is there ${name}`, () => {
      const { guard } = new Bench({ document: DOCUMENT, policy }).guard(leaks, 'users')
      assert.equal(guard !== undefined, isThere)
    })
  }

  test('while adopting tells where secrets stood', async () => {
    const guard = new Bench({ document: DOCUMENT, policy: ADOPT }).guard(leaks, 'users')
    const exchange = exchangeOf()
    await guard.response(exchange, 200, ['Content-Type', 'application/json'])
    await guard.responseBody(exchange, '[{"password":"x"},{"password":"y"}]')
    const found = exchange.repaired[0]?.evidence?.() ?? []
    assert.deepEqual(
      found.map(({ kind, pointer }) => `${kind} ${pointer}`),
      ['response-secret-field 200#/*/password'],
    )
  })

  test('in monitor changes no byte', async () => {
    const found = await sent('[{"password":"x"}]', { policy: { mode: 'monitor' } })
    assert.equal(found.body, '[{"password":"x"}]')
  })

  test('has nothing to do without an operation', () => {
    assert.equal(new Bench({ policy: ADOPT }).guard(leaks).guard, undefined)
  })

  test('every reason is reached', () => {
    assertEveryReason(leaks, ['secret_field'])
  })
})
