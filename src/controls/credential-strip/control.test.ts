import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SchemeKind } from '../../pipeline/policy.ts'
import { Bench } from '../testing/bench.ts'
import { valuesOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { credentialStrip } from './control.ts'

const ok = { responses: { 200: { description: 'ok' } } }
const text = { schema: { type: 'string' } }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: {
    securitySchemes: {
      key: { type: 'apiKey', in: 'header', name: 'X-Shop-Key' },
      partner: { type: 'apiKey', in: 'header', name: 'X-Partner' },
      raw: { type: 'apiKey', in: 'header', name: 'Authorization' },
      session: { type: 'apiKey', in: 'cookie', name: 'sid' },
      token: { type: 'http', scheme: 'bearer' },
      basic: { type: 'http', scheme: 'basic' },
      tls: { type: 'mutualTLS' },
    },
  },
  paths: {
    '/key': { get: { operationId: 'key', security: [{ key: [] }], ...ok } },
    '/partner': {
      get: { operationId: 'partner', security: [{ partner: [] }, { key: [] }], ...ok },
    },
    '/raw': { get: { operationId: 'raw', security: [{ raw: [] }], ...ok } },
    '/session': { get: { operationId: 'session', security: [{ session: [] }], ...ok } },
    '/both': { get: { operationId: 'both', security: [{ basic: [] }, { key: [] }], ...ok } },
    '/token': { get: { operationId: 'token', security: [{ token: [] }], ...ok } },
    '/tls': { get: { operationId: 'tls', security: [{ tls: [] }], ...ok } },
    '/public': { get: { operationId: 'public', security: [], ...ok } },
    '/plain': {
      get: {
        operationId: 'plain',
        parameters: [
          { name: 'X-API-Key', in: 'header', ...text },
          { name: 'Authorization', in: 'header', ...text },
          { name: 'theme', in: 'cookie', ...text },
        ],
        ...ok,
      },
    },
  },
}
const KINDS: readonly (readonly [string, SchemeKind])[] = [
  ['partner', 'upstream'],
  ['raw', 'upstream'],
  ['session', 'upstream'],
  ['basic', 'upstream'],
  ['tls', 'upstream'],
  ['key', 'apiKey'],
  ['token', 'jwt'],
]
/** In the shape of a key of ours. */
const OURS = `sp_sk_live_abcdefghijkl_${'0Ab'.repeat(14)}0_0123abcd`

type Row = [
  name: string,
  operation: string,
  sent: readonly [field: string, value: string],
  forwarded: readonly string[],
  policy?: PolicyParts,
]

const MONITOR: PolicyParts = { modes: new Map([['auth', 'monitor']]) }
const ADOPT: PolicyParts = { adopt: { untilMs: 1 } }
const BASIC = 'Basic YTpi'

const cases: Row[] = [
  ['keeps a key of ours', 'key', ['X-Shop-Key', OURS], []],
  ['keeps a key of ours in Authorization', 'key', ['Authorization', `Bearer ${OURS}`], []],
  ['keeps a token that was verified here', 'token', ['Authorization', 'Bearer a.b.c'], []],
  [
    'keeps credentials that a public operation does not ask for',
    'public',
    ['Authorization', BASIC],
    [],
  ],
  ['keeps the key of another operation', 'public', ['X-Shop-Key', OURS], []],
  ['keeps a field that is the key of another operation', 'key', ['X-Partner', 'p'], []],
  ['passes a credential that the API checks', 'partner', ['X-Partner', 'p'], ['p']],
  ['passes Basic where the API checks it', 'both', ['Authorization', BASIC], [BASIC]],
  [
    'keeps a key of ours where the API may check another',
    'both',
    ['Authorization', `Bearer ${OURS}`],
    [],
  ],
  ['keeps a key of ours in a field of the API', 'partner', ['X-Partner', OURS], []],
  ['passes a key field called Authorization', 'raw', ['Authorization', 'abc'], ['abc']],
  ['keeps Authorization beside a client certificate', 'tls', ['Authorization', BASIC], []],
  ['passes the session that the API checks', 'session', ['Cookie', 'a=1; sid=x; b=2'], ['sid=x']],
  ['keeps the session where nobody asks for it', 'public', ['Cookie', 'sid=x'], []],
  ['passes declared cookies', 'plain', ['Cookie', 'theme=dark; _ga=1'], ['theme=dark']],
  [
    'passes a plain parameter that looks like a key field',
    'plain',
    ['X-API-Key', 'theirs'],
    ['theirs'],
  ],
  ['keeps a key of ours in such a parameter', 'plain', ['X-API-Key', OURS], []],
  ['keeps Authorization although declared as a parameter', 'plain', ['Authorization', BASIC], []],
  ['passes all cookies while adopting', 'key', ['Cookie', '_ga=1; sid=x'], ['_ga=1; sid=x'], ADOPT],
  ['keeps keys of ours out of cookies', 'key', ['Cookie', `a=${OURS}; b=1`], ['b=1'], ADOPT],
  ['passes what nobody verified in monitor', 'key', ['X-Shop-Key', 'theirs'], ['theirs'], MONITOR],
  [
    'passes a token that nobody verified in monitor',
    'public',
    ['Authorization', BASIC],
    [BASIC],
    MONITOR,
  ],
  ['keeps a key of ours in monitor', 'key', ['X-Shop-Key', OURS], [], MONITOR],
]

suite('credential-strip', () => {
  for (const [name, operation, [field, value], forwarded, policy] of cases) {
    test(name, () => {
      const bench = new Bench({ document: DOCUMENT })
      const guard = bench.guard(credentialStrip, operation, {
        ...policy,
        auth: { schemes: new Map(KINDS) },
      })
      const exchange = exchangeOf({ headers: [field, value] })
      assert.ok(guard.dropsRequest(field.toLowerCase()))
      assert.deepEqual(valuesOf(guard.forward(exchange), field), forwarded)
    })
  }

  test('in monitor still keeps what was verified here', () => {
    const guard = new Bench({ document: DOCUMENT }).guard(credentialStrip, 'token', MONITOR)
    const exchange = exchangeOf({ headers: ['Authorization', 'Bearer a.b.c'] })
    exchange.met = [{ proofs: [] }]
    assert.deepEqual(guard.forward(exchange), [])
  })

  test('joins cookies that came in several fields', () => {
    const guard = new Bench({ document: DOCUMENT }).guard(credentialStrip, 'session', {
      auth: { schemes: new Map(KINDS) },
    })
    const exchange = exchangeOf({ headers: ['cookie', 'a=1', 'cookie', 'sid=x'] })
    assert.deepEqual(guard.forward(exchange), ['cookie', 'sid=x'])
  })

  test('leaves every other field alone', () => {
    const guard = new Bench({ document: DOCUMENT }).guard(credentialStrip, 'key')
    for (const name of ['accept', 'content-type', 'user-agent', 'x-request-id', 'if-none-match'])
      assert.equal(guard.dropsRequest(name), false)
  })

  test('has nothing to do without an operation, and refuses nothing', () => {
    assert.equal(new Bench().guard(credentialStrip).guard, undefined)
    assert.deepEqual(credentialStrip.reasons, {})
  })
})
