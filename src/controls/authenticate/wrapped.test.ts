import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { WrapRule } from '../../identity/wrapped/wrap-rule.ts'
import { encode } from '../../identity/tokens/testing/token-forge.ts'
import type { Mode, SchemeKind } from '../../pipeline/policy.ts'
import { credentialStrip } from '../credential-strip/control.ts'
import type { Kit } from '../kit.ts'
import { Bench } from '../testing/bench.ts'
import { valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { wrap } from '../wrap/control.ts'
import { authenticate } from './control.ts'

const ok = { responses: { 200: { description: 'ok' } } }
const get = (operationId: string, security: readonly object[]): object => ({
  get: { operationId, security, ...ok },
})
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: {
    securitySchemes: {
      Token: { type: 'http', scheme: 'bearer' },
      Raw: { type: 'apiKey', in: 'header', name: 'Authorization' },
      Own: { type: 'apiKey', in: 'header', name: 'X-Access-Token' },
      Sid: { type: 'apiKey', in: 'cookie', name: 'sid' },
      Key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
    },
  },
  paths: {
    '/token': get('token', [{ Token: [] }]),
    '/raw': get('raw', [{ Raw: [] }]),
    '/own': get('own', [{ Own: [] }]),
    '/sid': get('sid', [{ Sid: [] }]),
    '/either': get('either', [{ Token: [] }, { Key: [] }]),
    '/both': get('both', [{ Token: [], Key: [] }]),
    '/public': get('public', []),
    '/logout': { post: { operationId: 'logout', security: [{ Token: [] }], ...ok } },
  },
}
const RULE: WrapRule = {
  api: undefined,
  operations: ['login'],
  place: { in: 'field', path: ['token'] },
  subject: { from: 'token', path: ['sub'] },
  claims: [],
  lifeMs: 3_600_000,
  logout: ['logout'],
  opens: new Map(),
}
const APP = `${encode({ alg: 'none' })}.${encode({ sub: 'ann' })}.c2ln`
// `Token` and nothing else is met by wrapping unless said.
const SCHEMES = new Map<string, SchemeKind>([
  ['Raw', 'wrap'],
  ['Own', 'wrap'],
  ['Sid', 'wrap'],
])

function benchOf(mode?: Mode): Bench {
  const modes = new Map(mode === undefined ? [] : ([['auth', mode]] as const))
  const policy = { modes, auth: { wraps: [RULE], schemes: SCHEMES } }
  return new Bench({ document: DOCUMENT, hasIssuers: false, policy })
}

function issue(bench: Bench): string {
  const context = { response: undefined, request: undefined }
  const nowMs = bench.clock.nowMs()
  const found = bench.kit.wraps.get('shop')?.seal(APP, context, { rule: RULE, nowMs })
  assert.ok(typeof found === 'string')
  return found
}

interface Outcome {
  readonly reason: string | undefined
  readonly kind: string
  /** What the API gets in the field. */
  readonly forwarded: string | undefined
}

async function call(
  bench: Bench,
  operation: string,
  headers: readonly string[],
  kit: Kit = bench.kit,
): Promise<Outcome> {
  const exchange = exchangeOf({ headers })
  const refusal = await bench.guard(authenticate, operation, bench.policy, kit).request(exchange)
  const sent = bench.guard(credentialStrip, operation).forward(exchange)
  return {
    reason: refusal?.denial.reason,
    kind: exchange.principal.kind,
    forwarded: valueOf(sent, headers[0] ?? ''),
  }
}

type Row = [
  name: string,
  operation: string,
  headers: (sealed: string) => readonly string[],
  outcome: string,
  forwarded: string | undefined,
]
const cases: Row[] = [
  [
    'a bearer token comes back opened',
    'token',
    (s) => ['Authorization', `Bearer ${s}`],
    'wrapped',
    `Bearer ${APP}`,
  ],
  [
    'in any case of the scheme',
    'token',
    (s) => ['Authorization', `bEARER ${s}`],
    'wrapped',
    `bEARER ${APP}`,
  ],
  [
    'a raw one is refused',
    'token',
    () => ['Authorization', `Bearer ${APP}`],
    'token_raw',
    undefined,
  ],
  [
    'one made up is refused',
    'token',
    () => ['Authorization', 'Bearer spw_AAAA'],
    'token_forged',
    undefined,
  ],
  ['none is missing', 'token', () => ['Accept', '*/*'], 'missing', undefined],
  [
    'another scheme is not it',
    'token',
    (s) => ['Authorization', `Basic ${s}`],
    'wrong_scheme',
    undefined,
  ],
  ['a field of its own', 'own', (s) => ['X-Access-Token', s], 'wrapped', APP],
  ['a raw one in a field of its own', 'own', () => ['X-Access-Token', APP], 'token_raw', undefined],
  ['a cookie', 'sid', (s) => ['Cookie', `a=1; sid=${s}`], 'wrapped', `sid=${APP}`],
  ['a raw cookie', 'sid', () => ['Cookie', `sid=${APP}`], 'token_raw', undefined],
  ['a key field called Authorization, alone', 'raw', (s) => ['Authorization', s], 'wrapped', APP],
  ['the same behind a word', 'raw', (s) => ['Authorization', `JWT ${s}`], 'wrapped', `JWT ${APP}`],
  ['a raw one there', 'raw', () => ['Authorization', APP], 'token_raw', undefined],
  [
    'a raw one behind a word there',
    'raw',
    () => ['Authorization', `JWT ${APP}`],
    'token_raw',
    undefined,
  ],
  [
    'one where nobody asks for it stays behind',
    'public',
    (s) => ['Authorization', `Bearer ${s}`],
    'none',
    undefined,
  ],
  [
    'a raw one where nobody asks for it stays behind',
    'public',
    () => ['Authorization', `Bearer ${APP}`],
    'none',
    undefined,
  ],
]

suite('wrapped tokens as credentials', () => {
  for (const [name, operation, headers, outcome, forwarded] of cases)
    test(name, async () => {
      const bench = benchOf()
      const found = await call(bench, operation, headers(issue(bench)))
      assert.equal(found.reason ?? found.kind, outcome)
      assert.equal(found.forwarded, forwarded)
    })

  test('a key beside it is another way in', async () => {
    const bench = benchOf()
    const { text } = await bench.key()
    assert.equal((await call(bench, 'either', ['X-API-Key', text])).kind, 'apiKey')
    assert.equal((await call(bench, 'either', ['Authorization', `Bearer ${text}`])).kind, 'apiKey')
    const both = ['Authorization', `Bearer ${issue(bench)}`, 'X-API-Key', text]
    assert.equal((await call(bench, 'both', both)).kind, 'wrapped')
    assert.equal((await call(bench, 'both', both.slice(0, 2))).reason, 'missing')
  })

  test('it ends in time, remembered or not', async () => {
    const bench = benchOf()
    const headers = ['Authorization', `Bearer ${issue(bench)}`]
    assert.equal((await call(bench, 'token', headers)).kind, 'wrapped')
    bench.clock.advance(3_600_000)
    const { reason, forwarded } = await call(bench, 'token', headers)
    assert.deepEqual([reason, forwarded], ['token_expired', undefined])
  })

  test('nobody is let in by one while the time is unknown, remembered or not', async () => {
    const bench = benchOf()
    const headers = ['Authorization', `Bearer ${issue(bench)}`]
    const kit = { ...bench.kit, tokenClock: { nowMs: () => undefined } }
    assert.equal((await call(bench, 'token', headers, kit)).reason, 'token_time_unknown')
    assert.equal((await call(bench, 'token', headers)).kind, 'wrapped')
    assert.equal((await call(bench, 'token', headers, kit)).reason, 'token_time_unknown')
  })

  for (const where of ['here', 'on another machine'])
    test(`a log-out that the API confirms ends it, counted ${where}`, async () => {
      const bench = benchOf()
      const kit = where === 'here' ? bench.kit : { ...bench.kit, counters: bench.later() }
      const headers = ['Authorization', `Bearer ${issue(bench)}`]
      const logOut = async (status: number): Promise<void> => {
        const exchange = exchangeOf({ method: 'POST', headers })
        await bench.guard(authenticate, 'logout', bench.policy, kit).request(exchange)
        await bench.guard(wrap, 'logout', bench.policy, kit).response(exchange, status)
      }
      await logOut(500)
      assert.equal((await call(bench, 'token', headers, kit)).kind, 'wrapped')
      await logOut(204)
      assert.equal((await call(bench, 'token', headers, kit)).reason, 'token_logged_out')
      const other = ['Authorization', `Bearer ${issue(bench)}`]
      assert.equal((await call(bench, 'token', other, kit)).kind, 'wrapped')
    })

  test('in monitor a raw one passes as it is, a sealed one opened', async () => {
    const bench = benchOf('monitor')
    const raw = await call(bench, 'token', ['Authorization', `Bearer ${APP}`])
    assert.deepEqual([raw.reason, raw.forwarded], [undefined, `Bearer ${APP}`])
    const sealed = await call(bench, 'token', ['Authorization', `Bearer ${issue(bench)}`])
    assert.deepEqual([sealed.kind, sealed.forwarded], ['wrapped', `Bearer ${APP}`])
  })

  test('all refusals look alike', async () => {
    const bench = benchOf()
    const specs = ['token_raw', 'token_forged', 'token_expired', 'token_logged_out'].map(
      (reason) => {
        const { status, problem, title } = authenticate.reasons[reason] ?? {}
        return JSON.stringify([status, problem, title])
      },
    )
    assert.equal(new Set(specs).size, 1)
    assert.equal(bench.findings.length, 0)
  })
})
