import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { ConfigError } from '../../base/config-error.ts'
import { ANONYMOUS } from '../../identity/principal.ts'
import { parseQueryRule } from '../../pipeline/query-rule.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { queryFields } from './control.ts'
import { queryCoverage } from './coverage.ts'
import { namedInExpression, namedInList } from './named-in-value.ts'
import { readName } from './words.ts'

const json = (schema: unknown): object => ({
  200: { description: 'ok', content: { 'application/json': { schema } } },
})
const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` })
const query = (name: string, extra: object = {}): object => ({
  name,
  in: 'query',
  schema: { type: 'string' },
  ...extra,
})
const page = (name: string): object => ({
  type: 'object',
  properties: { items: { type: 'array', items: ref(name) }, total: { type: 'integer' } },
})
const listed = (operationId: string, schema: object, names: readonly string[]): object => ({
  get: { operationId, parameters: names.map((name) => query(name)), responses: json(schema) },
})

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Staff', version: '1' },
  paths: {
    '/people': listed('listPeople', page('Person'), [
      'sort',
      'fields',
      'filter',
      'q',
      'age',
      'limit',
    ]),
    '/people/search': {
      post: {
        operationId: 'searchPeople',
        requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
        responses: json(page('Person')),
      },
    },
    '/orders': listed('listOrders', page('Order'), ['status', 'ownerId', 'sort', 'limit', 'q']),
    '/all': listed('allOrders', { type: 'array', items: ref('Order') }, ['status']),
    '/mine': {
      get: {
        operationId: 'myOrders',
        'x-sallyport-list': 'own',
        parameters: [query('status'), query('limit'), query('margin')],
        responses: json(page('Order')),
      },
    },
    '/goods': {
      get: {
        operationId: 'listGoods',
        parameters: [
          { ...query('sort'), schema: { type: 'string', enum: ['newest', 'price'] } },
          query('order'),
          { ...query('rank'), 'x-sallyport-fields': { cheap: 'price', best: ['name'] } },
        ],
        responses: json({ type: 'array', items: ref('Good') }),
      },
    },
    '/raw': listed('listRaw', {}, ['sort']),
    '/goods/count': {
      get: {
        operationId: 'countGoods',
        parameters: [
          {
            ...query('filter'),
            schema: undefined,
            content: { 'application/json': { schema: ref('Filter') } },
          },
          query('where'),
        ],
        responses: json({ type: 'object', properties: { count: { type: 'integer' } } }),
      },
    },
    '/people/count': listed(
      'countPeople',
      { type: 'object', properties: { count: { type: 'integer' } } },
      ['where'],
    ),
  },
  components: {
    schemas: {
      Person: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          age: { type: 'integer' },
          createdAt: { type: 'string' },
          salary: { type: 'number', 'x-sallyport-read': ['hr'] },
          homePhone: { type: 'string', 'x-sallyport-read': { hr: 'pass', others: 'last4' } },
          password: { type: 'string', writeOnly: true },
          boss: ref('Person'),
          address: { type: 'object', properties: { city: { type: 'string' }, geo: ref('Geo') } },
        },
      },
      Geo: { type: 'object', properties: { lat: { type: 'number', 'x-sallyport-read': ['hr'] } } },
      Order: {
        type: 'object',
        properties: {
          id: { type: 'string' },
          ownerId: { type: 'string' },
          status: { type: 'string' },
          margin: { type: 'number', 'x-sallyport-read': ['owner'] },
        },
      },
      Filter: { type: 'object', properties: { limit: {}, where: { properties: { not: {} } } } },
      Good: { type: 'object', properties: { name: { type: 'string' }, price: { type: 'number' } } },
    },
  },
}

const POLICY: PolicyParts = {
  authorize: { schemas: new Map([['Order', 'response.ownerId == subject.id']]) },
}
type Row = [
  name: string,
  operation: string,
  query: string,
  reason?: string | undefined,
  roles?: string[],
]
const HIDDEN = 'hidden_field'
const UNKNOWN = 'unknown_field'
const rows: Row[] = [
  ['sorts by a field that is shown', 'listPeople', 'sort=-age,name'],
  ['sorts by it in another spelling', 'listPeople', 'sort=created_at:desc'],
  ['sorts by it with its direction behind', 'listPeople', 'sort=createdAt.desc&sort=age%20asc'],
  ['sorts by a hidden field', 'listPeople', 'sort=salary', HIDDEN],
  ['sorts by it downwards', 'listPeople', 'sort=-salary', HIDDEN],
  ['sorts by it as one of many', 'listPeople', 'sort=name,age,%2Bsalary', HIDDEN],
  ['sorts by it in capitals', 'listPeople', 'sort=SALARY', HIDDEN],
  ['sorts by a masked field in another spelling', 'listPeople', 'sort=home_phone', HIDDEN],
  ['sorts by it with its direction joined', 'listPeople', 'sort=salaryDesc', HIDDEN],
  ['sorts by it with a colon', 'listPeople', 'sort=salary:desc', HIDDEN],
  ['sorts by it as JSON', 'listPeople', 'sort=%7B%22salary%22:-1%7D', HIDDEN],
  ['sorts by it through another object', 'listPeople', 'sort=boss.salary', HIDDEN],
  ['sorts by it in brackets of the name', 'listPeople', 'sort[salary]=desc', HIDDEN],
  ['sorts by it in a second parameter', 'listPeople', 'sort=name&sort=salary', HIDDEN],
  ['sorts by an object that holds a hidden field', 'listPeople', 'sort=address.geo', HIDDEN],
  ['sorts by a write-only field', 'listPeople', 'sort=password', HIDDEN, ['hr']],
  ['sorts by what is in no answer', 'listPeople', 'sort=passwordHash', UNKNOWN, ['hr']],
  ['sorts by the position of a column', 'listPeople', 'sort=3', UNKNOWN],
  ['asks for an order by its number', 'listPeople', 'order=7'],
  ['asks for one by another id', 'listPeople', 'order=a7d0e2c4-0b1f-4c55-9a3e-2f6d8b1c0a01'],
  ['uses a filter by its name', 'listPeople', 'filter=popular'],
  ['asks for a group', 'listPeople', 'group=admins&distinct=true'],
  ['sorts by a function of it', 'listPeople', 'sort=length(salary)', UNKNOWN],
  ['sorts by what is too long to read', 'listPeople', `sort=${'name,'.repeat(1000)}x`, UNKNOWN],
  [
    'sorts as the role that reads it',
    'listPeople',
    'sort=salary&sort=boss.salary',
    undefined,
    ['hr'],
  ],
  ['groups by a hidden field', 'listPeople', 'group_by=salary', HIDDEN],
  ['filters by a shown field', 'listPeople', 'age=3'],
  ['filters by a hidden field', 'listPeople', 'salary=3', HIDDEN],
  ['filters by it in capitals', 'listPeople', 'Salary=3', HIDDEN],
  ['compares it', 'listPeople', 'salary_gte=3', HIDDEN],
  ['compares it in words', 'listPeople', 'salaryEquals=3', HIDDEN],
  ['asks how it begins', 'listPeople', 'salary_prefix=3', HIDDEN],
  ['asks by it', 'listPeople', 'bySalary=3', HIDDEN],
  ['compares it with two lines', 'listPeople', 'salary__lt=3', HIDDEN],
  ['compares it in brackets', 'listPeople', 'salary[gt]=3', HIDDEN],
  ['compares it by min', 'listPeople', 'minSalary=3', HIDDEN],
  ['compares it by max', 'listPeople', 'max_salary=3', HIDDEN],
  ['filters by it in a filter', 'listPeople', 'filter[salary]=3', HIDDEN],
  ['filters by it deeply', 'listPeople', 'filter[boss][salary][gte]=3', HIDDEN],
  ['filters by it with dots', 'listPeople', 'boss.salary=3', HIDDEN],
  ['filters by what is nowhere', 'listPeople', 'filter[passwordHash]=a', UNKNOWN],
  [
    'filters by a list of objects',
    'listPeople',
    'filter[0][field]=salary&filter[0][value]=3',
    HIDDEN,
  ],
  [
    'filters by an expression',
    'listPeople',
    'filter=age%20gt%203%20and%20name%20eq%20%27salary%27',
  ],
  ['filters by RSQL', 'listPeople', 'filter=age=gt=3;name==salaryman'],
  ['filters by a hidden field in an expression', 'listPeople', 'filter=salary%20gt%203', HIDDEN],
  ['filters by it behind others', 'listPeople', 'filter=age%3E3,salary%3C4', HIDDEN],
  ['filters by it as what is compared', 'listPeople', 'filter=age%20lt%20salary', HIDDEN],
  ['filters by it in a function', 'listPeople', "filter=startswith(password,'a')", HIDDEN],
  [
    'filters by it in JSON',
    'listPeople',
    'filter=%7B%22$or%22:[%7B%22salary%22:%7B%22$gt%22:3%7D%7D]%7D',
    HIDDEN,
  ],
  ['filters by what is nowhere in JSON', 'listPeople', 'filter=%7B%22hash%22:1%7D', UNKNOWN],
  ['chooses shown fields', 'listPeople', 'fields=name,age'],
  ['chooses a hidden field', 'listPeople', 'fields=name,salary', HIDDEN],
  ['chooses one of another object', 'listPeople', 'include=boss.salary', HIDDEN],
  ['includes an object that holds hidden fields', 'listPeople', 'include=boss,address'],
  ['looks for a word that is the name of a field', 'listPeople', 'q=salary'],
  ['looks into a field by name', 'listPeople', 'q=salary:3', HIDDEN],
  ['looks for a time', 'listPeople', 'q=at%2012:30'],
  ['pages', 'listPeople', 'limit=3'],
  ['names a field that only orders here', 'listPeople', 'search_by=salary', HIDDEN],
  ['filters a list of everybody’s by a field', 'listOrders', 'status=open', HIDDEN],
  ['sorts it', 'listOrders', 'sort=id', HIDDEN],
  ['asks it for an owner', 'listOrders', 'ownerId=7&limit=1'],
  ['compares its owner', 'listOrders', 'ownerId_gt=7', HIDDEN],
  ['filters it where nothing comes in parts', 'allOrders', 'status=open'],
  ['filters what is the caller’s own', 'myOrders', 'status=open&limit=1'],
  ['filters it by what owners read', 'myOrders', 'margin=1'],
  ['sorts by a listed value that is no field', 'listGoods', 'sort=newest'],
  ['sorts by a field of everybody', 'listGoods', 'order=price'],
  ['sorts by a column that nobody declared', 'listGoods', 'order=costPrice', UNKNOWN],
  ['uses a declared value', 'listGoods', 'rank=cheap'],
  ['uses a value that is not declared', 'listGoods', 'rank=margin', UNKNOWN],
  ['uses words that the filter declares', 'countGoods', 'filter=%7B%22limit%22:2%7D'],
  [
    'uses them within one another',
    'countGoods',
    'filter=%7B%22where%22:%7B%22not%22:%7B%22price%22:3%7D%7D%7D',
  ],
  ['counts by a field of the list above', 'countGoods', 'where=%7B%22price%22:3%7D'],
  ['counts by what nobody declared', 'countGoods', 'where=%7B%22hash%22:3%7D', UNKNOWN],
  ['filters by what nobody declared', 'countGoods', 'filter=%7B%22hash%22:3%7D', UNKNOWN],
  ['counts by a field that is hidden there', 'countPeople', 'where=%7B%22salary%22:3%7D', UNKNOWN],
  ['counts where anything is hidden there', 'countPeople', 'where=%7B%22age%22:3%7D', UNKNOWN],
  ['sorts answers of which nothing is declared', 'listRaw', 'sort=any'],
]

suite('what queries name', () => {
  for (const [name, operation, text, reason, roles = []] of rows)
    test(`${reason === undefined ? 'passes' : 'refuses'}: ${name}`, async () => {
      const guard = new Bench({ document: DOCUMENT, policy: POLICY }).guard(queryFields, operation)
      const principal = { ...ANONYMOUS, kind: 'jwt' as const, subject: '7', roles }
      const exchange = exchangeOf({ target: `/?${text}`, principal })
      assert.ok(exchange.query.pairs.length > 0)
      assertRefused(await guard.request(exchange), reason, reason === HIDDEN ? 403 : 400)
    })

  test('every reason is reached', () =>
    assertEveryReason(
      queryFields,
      rows.map((row) => row[3]),
    ))

  const bodies: [name: string, body: unknown, reason?: string][] = [
    ['shown fields', { filter: { age: { $gt: 3 } }, sort: ['-name'] }],
    ['a hidden field in a filter', { filter: { salary: { $gt: 3 } } }, HIDDEN],
    ['a hidden field as a condition', { salary: 3 }, HIDDEN],
    ['a hidden field to sort by', { sort: ['name', '-salary'] }, HIDDEN],
    [
      'a list of conditions',
      { filters: [{ field: 'age' }, { field: 'salary', op: 'gt' }] },
      HIDDEN,
    ],
    ['what is nowhere', { sort: 'hash' }, UNKNOWN],
    ['too much', Array.from({ length: 3000 }, () => 1), UNKNOWN],
  ]
  for (const [name, body, reason] of bodies)
    test(`reads the body of a search: ${name}`, async () => {
      const bench = new Bench({ document: DOCUMENT, policy: POLICY })
      const guard = bench.guard(queryFields, 'searchPeople')
      const exchange = exchangeOf({ method: 'POST' })
      Object.assign(exchange, { body, hasBodyValue: true })
      assertRefused(await guard.body(exchange, JSON.stringify(body)), reason)
    })

  test('leaves what is not declared while an API is being adopted', async () => {
    const policy = { ...POLICY, adopt: { untilMs: 1 } }
    const guard = new Bench({ document: DOCUMENT, policy }).guard(queryFields, 'listPeople')
    const asked = (text: string) => guard.request(exchangeOf({ target: `/?sort=${text}` }))
    assertRefused(await asked('newest'), undefined)
    assertRefused(await asked('salary'), HIDDEN)
  })

  test('only watches in monitor, and says which field it was', async () => {
    const policy = { ...POLICY, modes: new Map([['query-fields', 'monitor' as const]]) }
    const exchange = exchangeOf({ target: '/?sort=salary' })
    const guard = new Bench({ document: DOCUMENT, policy }).guard(queryFields, 'listPeople')
    assert.equal(await guard.request(exchange), undefined)
    assert.match(exchange.observed[0]?.detail ?? '', /query\/sort .* salary/)
  })
})

suite('what is said of queries', () => {
  const withQueries = (queries: unknown, operation = 'listPeople'): PolicyParts => ({
    authorize: {
      ...POLICY.authorize,
      queries: new Map([[operation, parseQueryRule(queries, 'at')]]),
    },
  })
  const said: [name: string, queries: unknown, text: string, reason?: string][] = [
    ['a free text in shown fields', { q: ['name', 'address.city'] }, 'q=x'],
    ['a free text in a hidden field', { q: ['name', 'salary'] }, 'q=x', HIDDEN],
    ['a parameter that tells nothing', { sort: 'public' }, 'sort=salary'],
    ['values of a parameter', { sort: { pay: 'salary', old: 'age' } }, 'sort=old'],
    ['a value for a hidden field', { sort: { pay: 'salary', old: 'age' } }, 'sort=pay', HIDDEN],
  ]
  for (const [name, queries, text, reason] of said)
    test(name, async () => {
      const bench = new Bench({ document: DOCUMENT, policy: withQueries(queries) })
      const guard = bench.guard(queryFields, 'listPeople')
      assertRefused(await guard.request(exchangeOf({ target: `/?${text}` })), reason)
    })

  test('a list of the caller’s own may be filtered and sorted', async () => {
    const bench = new Bench({ document: DOCUMENT, policy: withQueries('own', 'listOrders') })
    const guard = bench.guard(queryFields, 'listOrders')
    assertRefused(await guard.request(exchangeOf({ target: '/?status=a&sort=id' })), undefined)
  })

  for (const [name, queries] of [
    ['a parameter that is not there', { sorts: ['name'] }],
    ['a field that is not there', { q: ['nane'] }],
  ] as const)
    test(`${name} stops the start`, () => {
      const bench = new Bench({ document: DOCUMENT, policy: withQueries(queries) })
      assert.throws(() => bench.guard(queryFields, 'listPeople'), ConfigError)
    })

  test('check tells what was recognized and what was not', () => {
    const bench = new Bench({ document: DOCUMENT, policy: POLICY })
    const told = (id: string) =>
      queryCoverage(bench.site(id), bench.kit).map(({ name, isJudged }) => [name, isJudged])
    assert.deepEqual(told('listPeople'), [
      ['sort', true],
      ['fields', true],
      ['filter', true],
      ['q', false],
      ['age', true],
    ])
    assert.deepEqual(told('listRaw'), [['sort', false]])
  })
})

suite('reading of names and values', () => {
  test('never throws, and finds a name wherever it stands in a list', () => {
    const other = fc.constantFrom('name', '-age', 'a:desc', 'b asc', '"c"')
    fc.assert(
      fc.property(fc.array(other), fc.array(other), fc.string(), (before, after, noise) => {
        readName(noise)
        namedInExpression(noise)
        const names = namedInList([...before, 'salary', ...after].join(',')).map(({ name }) => name)
        assert.ok(names.includes('salary'))
      }),
    )
  })

  test('finds a key wherever it stands in a JSON filter', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        const text = JSON.stringify({ $and: [value, { deep: { salary: { $gt: 1 } } }] })
        const names = namedInExpression(text).map(({ name }) => name)
        assert.ok(names.includes('salary') || names.includes('…'))
      }),
    )
  })
})
