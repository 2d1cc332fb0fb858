import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../testing/bench.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { parameters } from './control.ts'

const integer = { type: 'integer' }

function documentOf(parameter: object, method: string): object {
  const operation = {
    operationId: 'list',
    parameters: [{ in: 'query', ...parameter }],
    responses: { 200: { description: 'ok' } },
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Shop', version: '1' },
    paths: { '/orders': { [method]: operation } },
  }
}

/** Keywords of what was refused. */
async function refused(
  parameter: object,
  query: string,
  { method = 'get', ...policy }: PolicyParts & { readonly method?: string } = {},
): Promise<readonly string[]> {
  const validate = { capPage: 100, capLength: 5, ...policy.validate }
  const document = documentOf(parameter, method)
  const guard = new Bench({ document, policy: { ...policy, validate } }).guard(parameters, 'list')
  const refusal = await guard.request(exchangeOf({ target: `/orders?${query}` }))
  return refusal?.denial.errors?.map(({ pointer, detail }) => `${pointer} ${detail}`) ?? []
}

const OVER = ['query/limit must be at most 100']
const rows: [name: string, parameter: object, query: string, expected: readonly string[]][] = [
  ['a page over the cap is refused', { name: 'limit', schema: integer }, 'limit=100000', OVER],
  ['a page at the cap passes', { name: 'limit', schema: integer }, 'limit=100', []],
  [
    'a number that is declared as a text too',
    { name: 'limit', schema: { type: 'string' } },
    'limit=101',
    OVER,
  ],
  ['and one without any type', { name: 'limit', schema: {} }, 'limit=1e9', OVER],
  [
    'a declared maximum is the only bound',
    { name: 'limit', schema: { ...integer, maximum: 900 } },
    'limit=900',
    [],
  ],
  [
    'listed values are their own bound',
    { name: 'limit', schema: { enum: [500] } },
    'limit=500',
    [],
  ],
  [
    'a declared default passes',
    { name: 'limit', schema: { ...integer, default: 250 } },
    'limit=250',
    [],
  ],
  [
    'other spellings are meant',
    { name: 'page[size]', schema: integer },
    'page[size]=101',
    ['query/page[size] must be at most 100'],
  ],
  ['a page number is none', { name: 'page', schema: integer }, 'page=101', []],
  ['nor an amount', { name: 'credit_limit', schema: integer }, 'credit_limit=5000', []],
]

suite('how much of a list is read at once', () => {
  for (const [name, parameter, query, expected] of rows)
    test(name, async () => assert.deepEqual(await refused(parameter, query), expected))

  test('what is written is not bounded so', async () => {
    const parameter = { name: 'limit', schema: integer }
    assert.deepEqual(await refused(parameter, 'limit=500', { method: 'post' }), [])
  })

  test('nothing is refused where the cap is off', async () => {
    const parameter = { name: 'limit', schema: integer }
    const validate = { capPage: Infinity }
    assert.deepEqual(await refused(parameter, 'limit=500', { validate }), [])
  })

  test('while adopting it is only told', async () => {
    const parameter = { name: 'limit', schema: integer }
    assert.deepEqual(await refused(parameter, 'limit=500', { adopt: { untilMs: 1 } }), [])
  })

  test('texts of parameters have a cap, also where undeclared members pass', async () => {
    const parameter = { name: 'q', schema: { type: 'string' } }
    const expected = ['query/q must have at most 5 characters']
    assert.deepEqual(await refused(parameter, 'q=123456'), expected)
    const validate = { request: 'schema' } as const
    assert.deepEqual(await refused(parameter, 'q=123456', { validate }), expected)
  })
})
