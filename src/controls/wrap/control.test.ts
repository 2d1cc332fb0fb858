import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { WrapRule } from '../../identity/wrapped/wrap-rule.ts'
import { encode } from '../../identity/tokens/testing/token-forge.ts'
import type { Mode, SchemeKind } from '../../pipeline/policy.ts'
import type { Kit } from '../kit.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { wrap } from './control.ts'

const ok = { responses: { 200: { description: 'ok' } } }
const post = (operationId: string, more: object = {}): object => ({
  post: { operationId, security: [], ...ok, ...more },
})
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: {
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer' },
      sid: { type: 'apiKey', in: 'cookie', name: 'sid' },
    },
  },
  paths: {
    '/login': post('login'),
    '/refresh': post('refresh'),
    '/logout': post('logout', { security: [{ bearer: [] }] }),
    '/other': post('other'),
  },
}

const RULE: WrapRule = {
  api: undefined,
  operations: ['login', 'refresh'],
  place: { in: 'field', path: ['data', 'token'] },
  subject: { from: 'token', path: ['sub'] },
  claims: [],
  lifeMs: 3_600_000,
  logout: ['logout'],
  opens: new Map(),
}
const REFRESH: WrapRule = {
  ...RULE,
  place: { in: 'field', path: ['refresh'] },
  logout: [],
  opens: new Map([['refresh', ['refresh']]]),
}
const HEADER: WrapRule = { ...RULE, place: { in: 'header', name: 'authorization' } }
const COOKIE: WrapRule = { ...RULE, place: { in: 'cookie', name: 'sid' } }

const TOKEN = `${encode({ alg: 'HS256' })}.${encode({ sub: 'ann' })}.c2lnbmF0dXJl`
const OTHER = `${encode({ alg: 'HS256' })}.${encode({ sub: 'ann', use: 'refresh' })}.c2lnbmF0dXJl`
const SEALED = /spw_[\w-]{64,}/g

function benchOf(rules: readonly WrapRule[], mode?: Mode): Bench {
  const modes = new Map(mode === undefined ? [] : ([['auth', mode]] as const))
  const schemes = new Map<string, SchemeKind>([['bearer', 'wrap']])
  return new Bench({
    document: DOCUMENT,
    hasIssuers: false,
    policy: { modes, auth: { wraps: rules, schemes } },
  })
}

const JSON_FIELD = ['Content-Type', 'application/json']

/** What goes out for an answer of the API: the reason of a refusal, or body and fields. */
async function answered(
  bench: Bench,
  answer: { body: unknown; fields?: readonly string[]; operation?: string; method?: string },
): Promise<{ reason: string | undefined; out: string; fields: string[]; noted: string[] }> {
  const { body, fields = JSON_FIELD, operation = 'login', method = 'POST' } = answer
  const guard = bench.guard(wrap, operation)
  const exchange = exchangeOf({ method })
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  let refusal = await guard.response(exchange, 200, fields)
  if (refusal === undefined && method !== 'HEAD' && guard.wantsResponseBody(exchange))
    refusal = await guard.responseBody(exchange, text)
  const { upstream, replacement } = exchange
  const size = upstream?.headers.size ?? 0
  return {
    reason: refusal?.denial.reason,
    out: (replacement ?? Buffer.from(text)).toString(),
    fields: Array.from({ length: size }, (_, index) => upstream?.headers.valueAt(index) ?? ''),
    noted: [...exchange.observed, ...exchange.repaired].map(({ reason }) => reason),
  }
}

/** The subject that the first sealed token in a text opens for. */
function subjectIn(bench: Bench, text: string): string | undefined {
  const [sealed = ''] = text.match(SEALED) ?? []
  const found = bench.kit.wraps.get('shop')?.open(sealed, bench.clock.nowMs())
  return found !== undefined && 'principal' in found ? found.principal.subject : undefined
}

suite('wrap: what goes out', () => {
  test('the token in its place is sealed, the rest stays to the letter', async () => {
    const bench = benchOf([RULE])
    const body = `{"data":{"token":"${TOKEN}","n":1.10,"big":12345678901234567890},"x":["é"]}`
    const { out, noted } = await answered(bench, { body })
    assert.equal(
      out.replace(SEALED, 'SEALED'),
      '{"data":{"token":"SEALED","n":1.10,"big":12345678901234567890},"x":["é"]}',
    )
    assert.equal(subjectIn(bench, out), 'ann')
    assert.deepEqual(noted, ['token_sealed'])
  })

  test('wherever else the token stands it is sealed too, in fields as well', async () => {
    const body = { data: { token: TOKEN }, link: `https://x/?t=${TOKEN}`, list: [[TOKEN]] }
    const fields = [...JSON_FIELD, 'Set-Cookie', `sid=${TOKEN}; Path=/`, 'X-Token', TOKEN]
    const { out, fields: sent } = await answered(benchOf([RULE]), { body, fields })
    assert.equal(out.includes(TOKEN) || sent.join().includes(TOKEN), false)
    assert.equal(new Set([out, ...sent].join(' ').match(SEALED)).size, 1)
  })

  test('a token that was masked on the way is sealed in its place, one that was left out stays away', async () => {
    const bench = benchOf([RULE])
    const guard = bench.guard(wrap, 'login')
    for (const [outgoing, expected] of [
      ['{"data":{"token":"***"}}', /^\{"data":\{"token":"spw_[\w-]+"\}\}$/],
      ['{"data":{}}', /^\{"data":\{\}\}$/],
    ] as const) {
      const exchange = exchangeOf({ method: 'POST' })
      await guard.response(exchange, 200, JSON_FIELD)
      exchange.replacement = Buffer.from(outgoing)
      await guard.responseBody(exchange, JSON.stringify({ data: { token: TOKEN } }))
      assert.match(exchange.replacement.toString(), expected)
    }
  })

  test('a token in a header keeps its scheme, one in a cookie its attributes', async () => {
    const bench = benchOf([HEADER, COOKIE])
    const fields = [
      'Authorization',
      `Bearer ${TOKEN}`,
      'Set-Cookie',
      `sid=${OTHER}; Path=/; HttpOnly`,
    ]
    const { fields: sent } = await answered(bench, { body: '', fields })
    assert.match(sent[0] ?? '', /^Bearer spw_[\w-]+$/)
    assert.match(sent[1] ?? '', /^sid=spw_[\w-]+; Path=\/; HttpOnly$/)
    assert.equal(subjectIn(bench, sent[0] ?? ''), 'ann')
  })

  test('an answer without a body is sealed all the same', async () => {
    const fields = ['Authorization', `Bearer ${TOKEN}`]
    const { fields: sent } = await answered(benchOf([HEADER]), { body: '', fields, method: 'HEAD' })
    assert.match(sent[0] ?? '', /^Bearer spw_/)
  })

  test('two tokens are sealed each for its use', async () => {
    const bench = benchOf([RULE, REFRESH])
    const { out } = await answered(bench, { body: { data: { token: TOKEN }, refresh: OTHER } })
    const { data, refresh } = JSON.parse(out) as { data: { token: string }; refresh: string }
    assert.equal(subjectIn(bench, data.token), 'ann')
    assert.equal(subjectIn(bench, refresh), undefined)
  })

  const passing: [name: string, body: unknown, fields?: readonly string[]][] = [
    ['where the place is empty', { message: 'wrong password' }],
    ['where the token is null', { data: { token: null } }],
    ['where it is empty', { data: { token: '' } }],
    ['where the answer is no JSON', '<html>later</html>', ['Content-Type', 'text/html']],
    ['where there is no answer', ''],
  ]
  for (const [name, body, fields = JSON_FIELD] of passing)
    test(`it goes out as it is ${name}`, async () => {
      const { reason, out, noted } = await answered(benchOf([RULE]), { body, fields })
      assert.deepEqual([reason, noted], [undefined, []])
      assert.equal(out, typeof body === 'string' ? body : JSON.stringify(body))
    })

  const refused: [name: string, body: unknown][] = [
    ['a token that is no text', { data: { token: { value: TOKEN } } }],
    ['a token of nobody', { data: { token: `${encode({})}.${encode({})}.x` } }],
    ['a token too short', { data: { token: 'abc' } }],
    ['a token in the name of a member too', { data: { token: TOKEN }, [TOKEN]: 1 }],
  ]
  for (const [name, body] of refused)
    test(`${name} does not go out`, async () =>
      assert.equal((await answered(benchOf([RULE]), { body })).reason, 'token_unsealable'))

  test('in monitor it goes out as it is, and is noted', async () => {
    const { out, noted } = await answered(benchOf([RULE], 'monitor'), {
      body: { data: { token: TOKEN } },
    })
    assert.ok(out.includes(TOKEN))
    assert.deepEqual(noted, ['token_sealed'])
  })

  test('an answer that hands out nothing is not looked at', () =>
    assert.equal(benchOf([RULE]).guard(wrap, 'other').guard, undefined))

  test('a document that takes the token nowhere stops the start', () => {
    const bench = new Bench({
      document: DOCUMENT,
      hasIssuers: false,
      policy: { auth: { wraps: [RULE], schemes: new Map([['bearer', 'upstream']]) } },
    })
    assert.throws(
      () => bench.guard(wrap, 'login'),
      /no security scheme .* takes the token of login/,
    )
  })
})

suite('wrap: refresh tokens in bodies', () => {
  const refresh = async (
    bench: Bench,
    body: string,
    type = 'application/json',
    kit: Kit = bench.kit,
  ): Promise<[reason: string | undefined, forwarded: string]> => {
    const exchange = exchangeOf({ method: 'POST', headers: ['Content-Type', type], hasBody: true })
    const refusal = await bench.guard(wrap, 'refresh', undefined, kit).body(exchange, body)
    return [refusal?.denial.reason, exchange.bodyBytes?.toString() ?? '']
  }
  const issued = (bench: Bench, rule = REFRESH): string => {
    const context = { response: undefined, request: undefined }
    const found = bench.kit.wraps
      .get('shop')
      ?.seal(OTHER, context, { rule, nowMs: bench.clock.nowMs() })
    assert.ok(typeof found === 'string')
    return found
  }

  test('come back opened, in JSON and in a form', async () => {
    const bench = benchOf([RULE, REFRESH])
    const text = issued(bench)
    assert.deepEqual(await refresh(bench, `{"refresh":"${text}","n":1.0}`), [
      undefined,
      `{"refresh":"${OTHER}","n":1.0}`,
    ])
    const form = await refresh(
      bench,
      `grant=x&refresh=${text}`,
      'application/x-www-form-urlencoded',
    )
    assert.deepEqual(form, [undefined, `grant=x&refresh=${OTHER}`])
  })

  const rows: [
    name: string,
    body: (bench: Bench) => string,
    type: string,
    reason: string | undefined,
  ][] = [
    [
      'a raw one is refused',
      () => JSON.stringify({ refresh: OTHER }),
      'application/json',
      'token_raw',
    ],
    ['one made up is refused', () => '{"refresh":"spw_AAAA"}', 'application/json', 'token_forged'],
    [
      'a credential is refused',
      (bench) => JSON.stringify({ refresh: issued(bench, RULE) }),
      'application/json',
      'token_forged',
    ],
    ['one that is no text is refused', () => '{"refresh":[1]}', 'application/json', 'token_raw'],
    [
      'a raw one is refused in JSON that only the API may be able to read',
      () => `{"refresh":"${OTHER}",}`,
      'application/json',
      'token_raw',
    ],
    [
      'a raw one is refused in a body of another type',
      () => JSON.stringify({ refresh: OTHER }),
      'text/plain',
      'token_raw',
    ],
    [
      'two in a form are refused',
      (bench) => `refresh=${issued(bench)}&refresh=x`,
      'application/x-www-form-urlencoded',
      'token_raw',
    ],
    ['a body without one is for the API to refuse', () => '{}', 'application/json', undefined],
    ['no body is for the API to refuse', () => '', 'application/json', undefined],
  ]
  for (const [name, body, type, reason] of rows)
    test(name, async () => {
      const bench = benchOf([RULE, REFRESH])
      assert.equal((await refresh(bench, body(bench), type))[0], reason)
    })

  test('one that ended is refused', async () => {
    const bench = benchOf([RULE, REFRESH])
    const body = JSON.stringify({ refresh: issued(bench) })
    bench.clock.advance(3_600_000)
    assert.equal((await refresh(bench, body))[0], 'token_expired')
  })

  test('nobody is let in by one while the time is unknown', async () => {
    const bench = benchOf([RULE, REFRESH])
    const body = JSON.stringify({ refresh: issued(bench) })
    const kit = { ...bench.kit, tokenClock: { nowMs: () => undefined } }
    assert.equal((await refresh(bench, body, undefined, kit))[0], 'token_time_unknown')
  })

  test('the rows reach every reason', () =>
    assertEveryReason(wrap, [
      'token_time_unknown',
      'token_sealed',
      'token_unsealable',
      'token_raw',
      'token_forged',
      'token_expired',
    ]))
})

suite('wrap: log-out', () => {
  test('asks nothing of the answer and refuses nothing', async () => {
    const bench = benchOf([RULE])
    const exchange = exchangeOf()
    assertRefused(await bench.guard(wrap, 'logout').response(exchange, 204), undefined)
  })
})
