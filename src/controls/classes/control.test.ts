import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConfigError } from '../../base/config-error.ts'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import { parseFieldAccess } from '../../pipeline/field-access.ts'
import { parseFieldClass } from '../../pipeline/field-class.ts'
import type { FieldClass, TokenRule } from '../../pipeline/field-class.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { classes } from './control.ts'

const text = { type: 'string' }
const SCHEMA = {
  type: 'object',
  properties: {
    name: { ...text, 'x-sallyport-class': 'personal' },
    email: { $ref: '#/components/schemas/Email' },
    card: { ...text, 'x-sallyport-class': 'payment' },
    pin: { type: 'integer', 'x-sallyport-class': 'secret' },
    ssn: text,
    city: { ...text, 'x-sallyport-class': 'public' },
    home: {
      'x-sallyport-class': 'sensitive',
      type: 'object',
      properties: { street: text, floor: { type: 'integer' }, isRented: { type: 'boolean' } },
    },
  },
}
const responses = (schema: unknown): object => ({
  responses: { 200: { description: 'ok', content: { 'application/json': { schema } } } },
})
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/users': {
      get: {
        operationId: 'get',
        ...responses({
          anyOf: [
            { $ref: '#/components/schemas/User' },
            { type: 'array', items: { $ref: '#/components/schemas/User' } },
          ],
        }),
      },
    },
    '/plain': {
      get: { operationId: 'plain', ...responses({ type: 'object', properties: { a: text } }) },
    },
  },
  components: {
    schemas: { User: SCHEMA, Email: { ...text, 'x-sallyport-class': 'personal' } },
  },
}

const ANN: Principal = { ...ANONYMOUS, id: 'i|ann', kind: 'jwt', subject: 'ann' }
const as = (roles: readonly string[], tenant?: string): Principal => ({
  ...ANN,
  roles,
  claims: tenant === undefined ? {} : { tenant },
})

type Said = Partial<Record<FieldClass, string | Record<string, string>>>
function policy(said: Said, tokenize: Readonly<Record<string, TokenRule>> = {}): PolicyParts {
  const entries = Object.entries(said).map(([name, access]) => {
    const map = typeof access === 'string' ? { others: access } : access
    return [name as FieldClass, parseFieldAccess(map, '')] as const
  })
  return { data: { classes: new Map(entries), tokenize: new Map(Object.entries(tokenize)) } }
}

interface Shown {
  readonly value: unknown
  readonly events: readonly (string | undefined)[][]
}

async function shown(bench: Bench, body: unknown, caller: Principal): Promise<Shown> {
  const guard = bench.guard(classes, 'get')
  const exchange = exchangeOf({ principal: caller })
  const sent = JSON.stringify(body)
  assertRefused(
    await guard.response(exchange, 200, ['Content-Type', 'application/json']),
    undefined,
  )
  if (guard.wantsResponseBody(exchange))
    assertRefused(await guard.responseBody(exchange, sent), undefined)
  return {
    value: JSON.parse((exchange.replacement ?? sent).toString()),
    events: exchange.events.map(({ name, reason, detail }) => [name, reason, detail]),
  }
}

type Row = [name: string, said: Said, roles: readonly string[], body: unknown, left: unknown]
const rows: Row[] = [
  [
    'masks an address of e-mail',
    { personal: 'mask' },
    [],
    { email: 'jane@example.org' },
    { email: 'j***@e***.org' },
  ],
  ['masks a name', { personal: 'mask' }, [], { name: 'Jane Roe' }, { name: '***' }],
  [
    'shows the end of a card',
    { payment: 'mask' },
    [],
    { card: '4111 1111 1111 1111' },
    { card: '************1111' },
  ],
  ['shows nothing of a short text', { payment: 'last4' }, [], { card: '12345' }, { card: '***' }],
  ['cuts a text', { personal: 'truncate3' }, [], { name: 'Jane Roe' }, { name: 'Jan' }],
  ['shows the beginning', { personal: 'first2' }, [], { name: 'Jane' }, { name: 'Ja***' }],
  ['halves no character', { personal: 'first1' }, [], { name: '😀x' }, { name: '***' }],
  ['drops a secret', { secret: 'drop' }, [], { pin: 1234, city: 'B' }, { city: 'B' }],
  ['makes a number null', { secret: 'mask' }, [], { pin: 1234 }, { pin: null }],
  [
    'masks what is inside a structure',
    { sensitive: 'mask' },
    [],
    { home: { street: 'S', floor: 2, isRented: true } },
    { home: { street: '***', floor: null, isRented: null } },
  ],
  ['leaves null', { personal: 'mask' }, [], { name: null }, { name: null }],
  [
    'leaves other classes',
    { personal: 'mask' },
    [],
    { card: 'x', ssn: 'y', city: 'z' },
    { card: 'x', ssn: 'y', city: 'z' },
  ],
  [
    'finds it in lists',
    { personal: 'drop' },
    [],
    [{ name: 'a' }, { city: 'b' }],
    [{}, { city: 'b' }],
  ],
  [
    'shows it to a role',
    { personal: { hr: 'pass', others: 'drop' } },
    ['hr'],
    { name: 'a' },
    { name: 'a' },
  ],
  [
    'shows a role its part',
    { personal: { it: 'first1', others: 'drop' } },
    ['it'],
    { name: 'ab' },
    { name: 'a***' },
  ],
  ['has no owner where nobody is one', { personal: { hr: 'pass' } }, ['owner'], { name: 'a' }, {}],
]

suite('classes', () => {
  for (const [name, said, roles, body, left] of rows) {
    test(name, async () => {
      const bench = new Bench({ document: DOCUMENT, policy: policy(said) })
      assert.deepEqual((await shown(bench, body, as(roles))).value, left)
    })
  }

  test('whoever is shown what others are not leaves an event', async () => {
    const bench = new Bench({ document: DOCUMENT, policy: policy({ personal: { hr: 'pass' } }) })
    const { events } = await shown(bench, [{ name: 'a' }, { name: 'b', email: 'c' }], as(['hr']))
    assert.deepEqual(events, [['sensitive_read', 'unmasked', '/*/name /*/email']])
    assert.deepEqual((await shown(bench, [{ city: 'a' }], as(['hr']))).events, [])
    assert.deepEqual((await shown(bench, { name: 'a' }, as([]))).events, [])
  })

  for (const action of ['hash', 'tokenize']) {
    test(`${action}: the same for the same value, different in another tenant`, async () => {
      const bench = new Bench({ document: DOCUMENT, policy: policy({ personal: action }) })
      const of = async (name: string, tenant?: string): Promise<unknown> =>
        (await shown(bench, { name }, as([], tenant))).value
      const first = await of('Jane', 'a')
      assert.deepEqual(await of('Jane', 'a'), first)
      assert.notDeepEqual(await of('Jane', 'b'), first)
      assert.notDeepEqual(await of('Jane'), first)
      assert.notDeepEqual(await of('Joan', 'a'), first)
      assert.doesNotMatch(JSON.stringify(first), /Jane/)
    })
  }

  test('a field becomes a token, whatever its class, but for those who read it', async () => {
    const rule: TokenRule = { form: 'siv', read: ['hr'], open: [] }
    const bench = new Bench({ document: DOCUMENT, policy: policy({}, { 'User.ssn': rule }) })
    const { value } = await shown(bench, { ssn: '078-05-1120' }, as([]))
    assert.match(JSON.stringify(value), /^\{"ssn":"tok_1_[\w-]{36}"\}$/)
    const clear = await shown(bench, { ssn: '078-05-1120' }, as(['hr']))
    assert.deepEqual(clear, {
      value: { ssn: '078-05-1120' },
      events: [['sensitive_read', 'unmasked', '/ssn']],
    })
  })

  test('a token may keep the form', async () => {
    const rule: TokenRule = { form: 'fpe', read: [], open: [] }
    const bench = new Bench({ document: DOCUMENT, policy: policy({}, { 'User.ssn': rule }) })
    const { value } = await shown(bench, [{ ssn: '078-05-1120' }, { ssn: '12' }], as([]))
    assert.match(JSON.stringify(value), /^\[\{"ssn":"\d{3}-\d\d-\d{4}"\},\{"ssn":"\*\*\*"\}\]$/)
    assert.doesNotMatch(JSON.stringify(value), /078-05-1120/)
  })

  test('refuses what it cannot read, for those from whom it hides something', async () => {
    const said = policy({ personal: { hr: 'pass', others: 'mask' } })
    const guard = new Bench({ document: DOCUMENT, policy: said }).guard(classes, 'get')
    const exchange = exchangeOf({ principal: ANN })
    assertRefused(
      await guard.response(exchange, 200, ['Content-Type', 'text/csv']),
      'unfilterable',
      502,
    )
  })

  test('monitor changes nothing and says what it would', async () => {
    const modes = new Map([['classes', 'monitor']] as const)
    const bench = new Bench({
      document: DOCUMENT,
      policy: { ...policy({ personal: 'drop' }), modes },
    })
    const guard = bench.guard(classes, 'get')
    const exchange = exchangeOf({ principal: ANN })
    await guard.response(exchange, 200, ['Content-Type', 'application/json'])
    await guard.responseBody(exchange, '{"name":"a"}')
    assert.equal(exchange.replacement, undefined)
    assert.deepEqual(
      exchange.observed.map(({ detail }) => detail),
      ['/name'],
    )
  })

  test('nothing is done where the policy says nothing, or the answer has no class', () => {
    assert.equal(new Bench({ document: DOCUMENT }).guard(classes, 'get').guard, undefined)
    const bench = new Bench({ document: DOCUMENT, policy: policy({ personal: 'drop' }) })
    assert.equal(bench.guard(classes, 'plain').guard, undefined)
    assert.equal(bench.guard(classes).guard, undefined)
  })

  test('a class that nobody knows stops the start', () => {
    const document = structuredClone(DOCUMENT)
    document.components.schemas.Email['x-sallyport-class'] = 'privat'
    const bench = new Bench({ document, policy: policy({ personal: 'drop' }) })
    assert.throws(() => bench.guard(classes, 'get'), ConfigError)
    assert.deepEqual(parseFieldClass('pii', ''), ['personal', 'sensitive'])
  })

  test('every reason is reached', () =>
    assertEveryReason(classes, ['field_hidden', 'unfilterable']))
})
