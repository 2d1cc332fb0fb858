import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Policy } from '../../pipeline/policy.ts'
import { Bench, TestGuard } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { authZone } from './control.ts'

const ok = { responses: { 200: { description: 'ok' } } }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/login': {
      post: {
        operationId: 'login',
        security: [],
        requestBody: { content: { 'application/json': {} } },
        ...ok,
      },
    },
    '/orders': { post: { operationId: 'order', security: [], ...ok } },
  },
}
const JSON_FIELD = ['Content-Type', 'application/json']
const MINUTE_MS = 60_000

const FAILURES = { count: 10, windowMs: 5 * MINUTE_MS, banMs: 15 * MINUTE_MS }

function benchWith(limits: Partial<Policy['limits']> = { failures: FAILURES }): Bench {
  return new Bench({ document: DOCUMENT, policy: { limits } })
}

function attempt(body: unknown, parts: RequestParts = {}): Exchange {
  const exchange = exchangeOf({ method: 'POST', headers: JSON_FIELD, hasBody: true, ...parts })
  exchange.body = body
  exchange.hasBodyValue = true
  return exchange
}

/** The reason of the first try that is refused, and how many went before. */
async function triesUntilRefused(
  guard: TestGuard,
  make: (index: number) => Exchange,
  most = 30,
): Promise<{ tries: number; reason: string | undefined }> {
  for (let index = 0; index < most; index += 1) {
    const exchange = make(index)
    const refusal = (await guard.request(exchange)) ?? (await guard.body(exchange, '{}'))
    if (refusal !== undefined) return { tries: index, reason: refusal.denial.reason }
  }
  return { tries: most, reason: undefined }
}

const heads: [
  name: string,
  headers: readonly string[],
  reason: string | undefined,
  status?: number,
][] = [
  ['lets JSON pass', JSON_FIELD, undefined],
  [
    'lets JSON of a kind pass',
    ['Content-Type', 'application/vnd.api+json; charset=utf-8'],
    undefined,
  ],
  ['lets a form pass', ['Content-Type', 'application/x-www-form-urlencoded'], undefined],
  ['refuses what a foreign page may send', ['Content-Type', 'text/plain'], 'auth_media_type', 415],
  [
    'refuses an upload',
    ['Content-Type', 'multipart/form-data; boundary=x'],
    'auth_media_type',
    415,
  ],
  ['refuses a body without type', [], 'auth_media_type', 415],
  ['lets 8 KiB pass', [...JSON_FIELD, 'Content-Length', '8192'], undefined],
  ['refuses a byte more', [...JSON_FIELD, 'Content-Length', '8193'], 'auth_body_too_large', 413],
]

suite('auth-zone: bodies', () => {
  for (const [name, headers, reason, status] of heads) {
    test(name, async () => {
      const refusal = await benchWith()
        .guard(authZone, 'login')
        .request(exchangeOf({ headers, hasBody: true }))
      assertRefused(refusal, reason, status)
      if (status === 415)
        assert.equal(valueOf(refusal?.denial.headers, 'Accept'), 'application/json')
    })
  }

  test('asks nothing of a request without body', async () => {
    assertRefused(await benchWith().guard(authZone, 'login').request(exchangeOf()), undefined)
  })

  test('refuses a long body that did not say its length', async () => {
    const guard = benchWith().guard(authZone, 'login')
    assertRefused(await guard.body(attempt({}), 'x'.repeat(8193)), 'auth_body_too_large', 413)
  })
})

// Where bodies are only watched, or not validated, what nobody has read comes here as bytes.
const FORM_FIELD = ['Content-Type', 'application/x-www-form-urlencoded']
const unread: [name: string, headers: readonly string[], body: string, reason?: string][] = [
  ['reads JSON that nobody has read', JSON_FIELD, '{"email":"a"}'],
  ['reads a form that nobody has read', FORM_FIELD, 'email=a&password=x'],
  ['reads the fields of a form in brackets', FORM_FIELD, 'user%5Bemail%5D=a'],
  ['reads a field of a form that comes twice', FORM_FIELD, 'email=a&email=b'],
  ['refuses JSON that says one name twice', JSON_FIELD, '{"email":1,"email":2}', 'auth_unreadable'],
  ['refuses what is no JSON', JSON_FIELD, "{email:'a'}", 'auth_unreadable'],
  ['refuses a form that is none', FORM_FIELD, 'email=%zz', 'auth_unreadable'],
  [
    'refuses an account among many others',
    JSON_FIELD,
    JSON.stringify(Object.fromEntries('abcdefgh'.split('').map((n) => [n, { email: n }]))).replace(
      '{',
      '{"login":"v",',
    ),
    'auth_accounts',
  ],
]
suite('auth-zone: bodies that nobody has read', () => {
  for (const [name, headers, body, reason = 'auth_tries'] of unread)
    test(name, async () => {
      const guard = benchWith().guard(authZone, 'login')
      let refusal
      for (let n = 0; n < 6; n += 1) {
        const exchange = exchangeOf({ method: 'POST', headers, hasBody: true })
        refusal = await guard.body(exchange, body)
        if (reason === 'auth_tries') assert.notEqual(exchange.body, undefined)
      }
      assertRefused(refusal, reason)
    })
})

suite('auth-zone: tries', () => {
  const counted: [name: string, make: (index: number) => Exchange, tries: number][] = [
    [
      'of one account, whatever the password',
      (index) => attempt({ email: 'a@x.test', password: index }),
      5,
    ],
    [
      'of one account in many spellings',
      (index) => attempt({ email: index % 2 === 0 ? 'a@x.test' : ' A@X.test' }),
      5,
    ],
    [
      'of one nested account',
      (index) => attempt({ user: { email: 'a@x.test', password: `${index}` } }),
      5,
    ],
    [
      'of one account while another name varies',
      (index) => attempt({ email: 'a@x.test', login: `n${index}` }),
      5,
    ],
    ['without account by address', (index) => attempt({ pin: index }), 5],
    ['of codes by address', (index) => attempt({ code: `${index}` }), 5],
    ['without body by address', () => exchangeOf(), 5],
    ['of other accounts: none', (index) => attempt({ email: `${index}@x.test` }), 30],
    [
      'from other addresses: none',
      (index) => attempt({ email: 'a@x.test' }, { peer: `203.0.113.${index}` }),
      30,
    ],
    [
      'of refreshed sessions: none',
      (index) =>
        attempt({ grant_type: 'refresh_token', client_id: 'web', refresh_token: `r${index}` }),
      30,
    ],
    [
      'of passwords behind one client by user',
      (index) => attempt({ grant_type: 'password', client_id: 'web', username: `${index}` }),
      5,
    ],
  ]
  for (const [name, make, tries] of counted) {
    test(`counts those ${name}`, async () => {
      const found = await triesUntilRefused(benchWith().guard(authZone, 'login'), make)
      assert.equal(found.tries, tries)
      assert.equal(found.reason, tries === 30 ? undefined : 'auth_tries')
    })
  }

  test('says when to come back, and lets in again then', async () => {
    const bench = benchWith()
    const guard = bench.guard(authZone, 'login')
    for (let index = 0; index < 5; index += 1) await guard.body(attempt({ email: 'a' }), '{}')
    const refusal = await guard.body(attempt({ email: 'a' }), '{}')
    assertRefused(refusal, 'auth_tries', 429)
    assert.equal(valueOf(refusal?.denial.headers, 'Retry-After'), '12')
    bench.clock.advance(12_000)
    assertRefused(await guard.body(attempt({ email: 'a' }), '{}'), undefined)
  })

  test('takes one address for nobody where a proxy hides all', async () => {
    const guard = benchWith().guard(authZone, 'login')
    const hidden = (body: unknown): Exchange => Object.assign(attempt(body), { hidesClients: true })
    assert.equal((await triesUntilRefused(guard, () => hidden({}))).reason, undefined)
    assert.equal((await triesUntilRefused(guard, () => hidden({ email: 'a' }))).tries, 5)
  })

  const off: [name: string, limits: Partial<Policy['limits']>][] = [
    [
      'are not counted where the operation has its own limit',
      { operation: { rate: { count: 1, windowMs: 1, burst: 1 }, by: [], cost: 1 } },
    ],
    ['are not counted where limits of operations are off', { operationsOff: true }],
  ]
  for (const [name, limits] of off) {
    test(name, async () => {
      const guard = benchWith(limits).guard(authZone, 'login')
      assert.equal(
        (await triesUntilRefused(guard, () => attempt({ email: 'a' }))).reason,
        undefined,
      )
    })
  }

  test('are counted where only a cost is written', async () => {
    const guard = benchWith({ operation: { rate: undefined, by: [], cost: 9 } }).guard(
      authZone,
      'login',
    )
    assert.equal((await triesUntilRefused(guard, () => attempt({ email: 'a' }))).tries, 5)
  })
})

suite('auth-zone: failures', () => {
  async function fail(guard: TestGuard, times: number, status = 401): Promise<void> {
    for (let index = 0; index < times; index += 1)
      assertRefused(await guard.response(attempt({ email: `${index}` }), status), undefined)
  }

  test('twenty in five minutes shut out an address over all accounts, for a quarter of an hour', async () => {
    const bench = benchWith()
    const guard = bench.guard(authZone, 'login')
    await fail(guard, 19)
    assertRefused(await guard.request(attempt({})), undefined)
    await fail(guard, 1, 403)
    assertRefused(await guard.request(attempt({})), undefined)
    const refusal = await guard.body(attempt({}), '{}')
    assertRefused(refusal, 'auth_failures', 429)
    assertRefused(await guard.request(attempt({}, { hasBody: false })), 'auth_failures', 429)
    assert.equal(valueOf(refusal?.denial.headers, 'Retry-After'), '900')
    assertRefused(await guard.body(attempt({}, { peer: '198.51.100.1' }), '{}'), undefined)
    bench.clock.advance(15 * MINUTE_MS + 1)
    assertRefused(await guard.body(attempt({}), '{}'), undefined)
  })

  test('whose account knows the address is let in beside the one who guesses there', async () => {
    const guard = benchWith().guard(authZone, 'login')
    const colleague = (): Exchange => attempt({ email: 'colleague@x.test' })
    const before = colleague()
    await guard.body(before, '{}')
    await guard.response(before, 200)
    await fail(guard, 20)
    assertRefused(await guard.body(attempt({ email: 'other@x.test' }), '{}'), 'auth_failures')
    assertRefused(await guard.body(colleague(), '{}'), undefined)
    // Who names two accounts may mean the other.
    const both = attempt({ email: 'colleague@x.test', username: 'other@x.test' })
    assertRefused(await guard.body(both, '{}'), 'auth_failures')
  })

  test('who succeeds may try again, as often as they like', async () => {
    const guard = benchWith().guard(authZone, 'login')
    const tries = async (status: number): Promise<number> => {
      for (let index = 0; index < 12; index += 1) {
        const exchange = attempt({ email: 'a@x.test' })
        if ((await guard.body(exchange, '{}')) !== undefined) return index
        await guard.response(exchange, status)
      }
      return 12
    }
    assert.equal(await tries(200), 12)
    assert.ok((await tries(401)) <= 5)
  })

  test('a decoy that nobody declared does not hide a name from its count', async () => {
    const guard = benchWith().guard(authZone, 'login')
    const decoy = (n: number): Exchange =>
      attempt({ name: 'victim', email: `decoy-${n}@x.test`, password: `guess-${n}` })
    const { tries, reason } = await triesUntilRefused(guard, decoy)
    assert.deepEqual([tries, reason], [5, 'auth_tries'])
  })

  test('success at one of two accounts says nothing of the other', async () => {
    const guard = benchWith().guard(authZone, 'login')
    for (let index = 0; index < 5; index += 1) {
      const exchange = attempt({ email: 'a@x.test', username: 'b' })
      assertRefused(await guard.body(exchange, '{}'), undefined)
      await guard.response(exchange, 200)
    }
    const sixth = attempt({ email: 'a@x.test', username: 'b' })
    assertRefused(await guard.body(sixth, '{}'), 'auth_tries')
  })

  const passing: [name: string, limits: Partial<Policy['limits']>, status: number][] = [
    ['successes do not count', { failures: FAILURES }, 200],
    ['nothing counts where failures are off', { failures: undefined }, 401],
    [
      'nothing counts where limits of operations are off',
      { failures: FAILURES, operationsOff: true },
      401,
    ],
  ]
  for (const [name, limits, status] of passing) {
    test(name, async () => {
      const guard = benchWith(limits).guard(authZone, 'login')
      await fail(guard, 40, status)
      assertRefused(await guard.body(attempt({}), '{}'), undefined)
    })
  }

  test('nobody is shut out where a proxy hides all', async () => {
    const guard = benchWith().guard(authZone, 'login')
    for (let index = 0; index < 40; index += 1)
      await guard.response(Object.assign(attempt({}), { hidesClients: true }), 401)
    assertRefused(await guard.body(attempt({}), '{}'), undefined)
  })
})

test('waits for counters that are elsewhere', async () => {
  const bench = benchWith()
  const remote = bench.later()
  const site = bench.site('login')
  const config = authZone.configure(bench.policy)
  assert.ok(config !== undefined)
  const guard = new TestGuard(
    authZone,
    authZone.compile(config, site, { ...bench.kit, counters: remote }),
    'enforce',
  )
  assert.equal((await triesUntilRefused(guard, () => attempt({ email: 'a' }))).reason, 'auth_tries')
  for (let index = 0; index < 20; index += 1) await guard.response(attempt({}), 401)
  assertRefused(await guard.body(attempt({}), '{}'), 'auth_failures')
})

test('has nothing to do elsewhere', () => {
  assert.equal(benchWith().guard(authZone, 'order').guard, undefined)
  assert.equal(benchWith().guard(authZone).guard, undefined)
})

test('every reason is reached', () => {
  // The last two have their tests beside `account-lock.ts`.
  const others = ['auth_tries', 'auth_failures', 'auth_wait', 'auth_locked']
  const reached = [...heads.map((row) => row[2]), ...unread.map((row) => row[3])]
  assertEveryReason(authZone, [...reached, ...others])
})
