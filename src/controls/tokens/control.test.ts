import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { TokenRule } from '../../pipeline/field-class.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { tokens } from './control.ts'

const USER = {
  type: 'object',
  properties: {
    ssn: { type: 'string', pattern: '^\\d{3}-\\d{2}-\\d{4}$' },
    phone: { type: 'string' },
    note: { type: 'string' },
    friends: { type: 'array', items: { $ref: '#/components/schemas/User' } },
  },
}
const user = { schema: { $ref: '#/components/schemas/User' } }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/users': {
      post: {
        operationId: 'post',
        requestBody: {
          content: {
            'application/json': user,
            'application/json-patch+json': {},
            'application/x-www-form-urlencoded': user,
            'multipart/form-data': user,
          },
        },
        responses: { 200: { description: 'ok' } },
      },
      get: { operationId: 'get', responses: { 200: { description: 'ok' } } },
    },
  },
  components: { schemas: { User: USER } },
}
const SIV: TokenRule = { form: 'siv', read: [], open: ['billing'] }
const FPE: TokenRule = { form: 'fpe', read: [], open: ['billing'] }
const bench = new Bench({
  document: DOCUMENT,
  policy: {
    data: {
      tokenize: new Map([
        ['User.ssn', SIV],
        ['User.phone', FPE],
      ]),
    },
  },
})
const guard = bench.guard(tokens, 'post')
const VALUE = '078-05-1120'
const keys = bench.kit.dataKeys
const TOKEN = keys.current('').tokenize(VALUE)
const OTHERS = keys.current('b').tokenize(VALUE)

const as = (...roles: readonly string[]): Principal => ({
  ...ANONYMOUS,
  id: 'a',
  kind: 'jwt',
  roles,
})
const JSON_TYPE = 'application/json'

interface Sent {
  readonly reason: string | undefined
  readonly text: string
  readonly events: readonly string[]
}

async function send(text: string, caller: Principal, type = JSON_TYPE): Promise<Sent> {
  const exchange = exchangeOf({ principal: caller, headers: ['Content-Type', type] })
  const refusal = await guard.body(exchange, text)
  return {
    reason: refusal?.denial.reason,
    text: exchange.bodyBytes?.toString() ?? '',
    events: exchange.events
      .filter(({ name }) => name === 'sensitive_read')
      .map(({ reason }) => reason),
  }
}

type Row = [name: string, caller: Principal, body: unknown, out: unknown, type?: string]
const rows: Row[] = [
  ['opens a token for the role', as('billing'), { ssn: TOKEN }, { ssn: VALUE }],
  [
    'opens it in lists',
    as('billing'),
    { friends: [{ ssn: TOKEN }] },
    { friends: [{ ssn: VALUE }] },
  ],
  ['refuses it from others', as('hr'), { ssn: TOKEN }, 'token_refused'],
  ['refuses it from nobody', as(), { friends: [{ ssn: TOKEN }] }, 'token_refused'],
  ['refuses another tenant’s', as('billing'), { ssn: OTHERS }, 'token_unknown'],
  ['refuses what looks like one', as('billing'), { ssn: 'tok_1_x' }, 'token_unknown'],
  ['lets a value pass', as(), { ssn: VALUE }, { ssn: VALUE }],
  ['opens nothing in other fields', as('billing'), { note: TOKEN }, { note: TOKEN }],
  ['leaves other kinds of values', as('billing'), { ssn: [TOKEN, 1] }, { ssn: [TOKEN, 1] }],
  [
    'takes what the role sends for a token of the same form',
    as('billing'),
    { phone: keys.current('').tokenizeForm('555-1234567') },
    { phone: '555-1234567' },
  ],
  ['takes what others send for a value', as(), { phone: '555-1234567' }, { phone: '555-1234567' }],
  [
    'refuses a token in a JSON Patch',
    as('billing'),
    [{ op: 'add', path: '/ssn', value: TOKEN }],
    'token_refused',
    'application/json-patch+json',
  ],
  [
    'leaves other patches',
    as('billing'),
    [{ op: 'add', path: '/ssn', value: OTHERS }],
    [{ op: 'add', path: '/ssn', value: OTHERS }],
    'application/json-patch+json',
  ],
]

suite('tokens', () => {
  for (const [name, caller, body, out, type] of rows) {
    test(name, async () => {
      const sent = await send(JSON.stringify(body), caller, type)
      if (typeof out === 'string') assert.equal(sent.reason, out)
      else assert.deepEqual([sent.reason, JSON.parse(sent.text)], [undefined, out])
    })
  }

  const FORM = 'application/x-www-form-urlencoded'
  const PARTS = 'multipart/form-data; boundary=b'
  const part = (text: string): string =>
    `--b\r\nContent-Disposition: form-data; name="ssn"\r\n\r\n${text}\r\n--b--\r\n`
  const forms: [name: string, caller: Principal, body: string, out: string, type?: string][] = [
    ['opens a token in a form', as('billing'), `note=a+b&ssn=${TOKEN}`, `note=a+b&ssn=${VALUE}`],
    ['refuses it in a form from others', as('hr'), `ssn=${TOKEN}`, 'token_refused'],
    ['refuses another tenant’s in a form', as('billing'), `ssn=${OTHERS}`, 'token_unknown'],
    ['leaves other fields of a form', as('billing'), `note=${TOKEN}`, `note=${TOKEN}`],
    [
      'refuses one inside of a structure',
      as('billing'),
      `friends[0][ssn]=${TOKEN}`,
      'token_refused',
    ],
    ['lets a value pass in a form', as(), `ssn=${VALUE}`, `ssn=${VALUE}`],
    [
      'writes what it opened so that it stays one value',
      as('billing'),
      `ssn=${keys.current('').tokenize('a&note=b=%')}&note=c`,
      'ssn=a%26note%3Db%3D%25&note=c',
    ],
    ['refuses one in a part', as('billing'), part(TOKEN), 'token_refused', PARTS],
    ['leaves other parts', as('billing'), part(OTHERS), part(OTHERS), PARTS],
  ]
  for (const [name, caller, body, out, type] of forms) {
    test(name, async () => {
      const sent = await send(body, caller, type ?? FORM)
      assert.equal(sent.reason ?? sent.text, out)
    })
  }

  test('an opened token leaves an event', async () => {
    assert.deepEqual((await send(JSON.stringify({ ssn: TOKEN }), as('billing'))).events, [
      'token_opened',
    ])
    assert.deepEqual((await send(JSON.stringify({ ssn: VALUE }), as('billing'))).events, [])
  })

  test('what is not touched stays as it was written', async () => {
    const text = '{ "note": "a",  "ssn": "078-05-1120", "n": 1.0 }'
    assert.equal((await send(text, as('billing'))).text, text)
    const opened = await send(`{"n":1.0,"ssn":"${TOKEN}"}`, as('billing'))
    assert.equal(opened.text, '{"n":1.0,"ssn":"078-05-1120"}')
  })

  test('leaves to others what is no JSON', async () => {
    assert.equal((await send('{', as('billing'))).reason, undefined)
    assert.equal((await send('a=b', as('billing'), 'text/plain')).reason, undefined)
  })

  test('digests of the client’s bytes stay behind', () => {
    assert.equal(guard.dropsRequest('content-digest'), true)
    assert.equal(guard.dropsRequest('content-type'), false)
  })

  test('has nothing to do without tokens or a body', () => {
    assert.equal(new Bench({ document: DOCUMENT }).guard(tokens, 'post').guard, undefined)
    assert.equal(bench.guard(tokens, 'get').guard, undefined)
    assert.equal(bench.guard(tokens).guard, undefined)
  })

  test('no set of roles has opened what no rule lets it', async () => {
    const roles = fc.subarray(['hr', 'billing', 'open', 'owner', 'others'])
    await fc.assert(
      fc.asyncProperty(roles, async (own) => {
        const { reason, text } = await send(JSON.stringify({ ssn: TOKEN }), as(...own))
        assert.equal(reason, own.includes('billing') ? undefined : 'token_refused')
        assert.equal(text.includes(VALUE), own.includes('billing'))
      }),
    )
  })

  test('refusals are of the client, with the place', async () => {
    const exchange = exchangeOf({ principal: as(), headers: ['Content-Type', JSON_TYPE] })
    const refusal = await guard.body(exchange, JSON.stringify({ friends: [{ ssn: TOKEN }] }))
    assertRefused(refusal, 'token_refused', 422)
    assert.deepEqual(
      refusal?.denial.errors?.map(({ pointer }) => pointer),
      ['/friends/0/ssn'],
    )
  })

  test('every reason is reached', () =>
    assertEveryReason(tokens, ['token_refused', 'token_unknown']))
})
