import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { LookupRule } from '../../pipeline/lookup-rule.ts'
import { faultsOf, MINIMAL, settingsOf } from './config-fixture.ts'
import type { FixtureOptions } from './config-fixture.ts'

const QUERY = 'query: SELECT owner FROM orders WHERE id = $1'
const block = (lookup: string): string => `authorize: { lookups: { owner: { ${lookup} } } }\n`

async function ruleOf(
  t: TestContext,
  lookup: string,
  options: FixtureOptions = {},
): Promise<LookupRule | undefined> {
  const { blocks } = await settingsOf(t, block(lookup), options)
  return blocks.authorize.lookups?.get('owner')
}

suite('authorize.lookups', () => {
  test('reads a SQLite file beside the configuration', async (t) => {
    const rule = await ruleOf(t, `from: "sqlite:./shop.db", ${QUERY}`)
    assert.equal(rule?.source.kind, 'sqlite')
    assert.match(rule.source.path, /^\/.*\/shop\.db$/)
    assert.deepEqual([rule.cacheMs, rule.missMs, rule.timeoutMs], [30_000, 5000, 1000])
  })

  test('reads the address of a PostgreSQL from the environment, as a secret', async (t) => {
    const env = { SHOP: 'postgres://reader:pass@db.example.com/shop' }
    const rule = await ruleOf(t, `from: env:SHOP, ${QUERY}, cache: 2s, timeout: 20ms`, { env })
    assert.equal(rule?.source.kind, 'postgres')
    assert.equal(rule.source.url.reveal(), env.SHOP)
    assert.ok(!JSON.stringify(rule).includes('pass'))
    assert.deepEqual([rule.cacheMs, rule.missMs, rule.timeoutMs], [2000, 2000, 20])
  })

  test('reads an operation, and remembers nothing where that is off', async (t) => {
    const rule = await ruleOf(t, 'operation: getOrder, value: customer.id, cache: off')
    assert.deepEqual(rule?.source, {
      kind: 'operation',
      operation: 'getOrder',
      member: ['customer', 'id'],
    })
    assert.deepEqual([rule.cacheMs, rule.missMs], [0, 0])
  })

  const faults: readonly [name: string, lookup: string, message: RegExp][] = [
    ['says nothing', '', /not where/],
    ['names a database without a query', 'from: "sqlite:./shop.db"', /not where/],
    ['names both', `from: "sqlite:./shop.db", ${QUERY}, operation: a, value: b`, /more than one/],
    ['holds a password', `from: "postgres://a:pass@h/d", ${QUERY}`, /password/],
    ['names another database', `from: "mysql://h/d", ${QUERY}`, /no database/],
    ['names a variable that is not set', `from: env:NONE, ${QUERY}`, /NONE is not set/],
    ['names a variable that holds something else', `from: env:ODD, ${QUERY}`, /no address/],
    [
      'changes something',
      'from: "sqlite:./shop.db", query: "DELETE FROM o WHERE id = $1"',
      /no SELECT/,
    ],
    ['asks for no id', 'from: "sqlite:./shop.db", query: SELECT 1', /\$1/],
    ['remembers for too long', `from: "sqlite:./shop.db", ${QUERY}, cache: 1h`, /out of bounds/],
    ['has a key that is none', `from: "sqlite:./shop.db", ${QUERY}, ttl: 1s`, /ttl/],
  ]
  for (const [name, lookup, message] of faults)
    test(`refuses one that ${name}`, async (t) => {
      const found = await faultsOf(t, MINIMAL + block(lookup), { env: { ODD: 'x:pass' } })
      const [fault] = found
      assert.match(`${fault?.path} ${fault?.message}`, message)
      assert.match(fault?.path ?? '', /^authorize\.lookups/)
      assert.ok((fault?.line ?? 0) > 0, 'has a line')
      assert.ok(!JSON.stringify(found).includes('pass@'), 'repeats no secret')
    })
})
