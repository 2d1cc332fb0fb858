import { Environment } from '@marcbachmann/cel-js'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { compileCondition } from './condition.ts'
import { exchangeWith, SCOPE } from './condition-fixture.ts'
import type { Facts } from './condition-fixture.ts'

const word = fc.constantFrom('ann', 'bob', 'agent', 't1')
const number = fc.integer({ min: -3, max: 3 })
const texts = fc.constantFrom(
  'path.userId',
  'subject.id',
  'body.owner',
  'body.card.holder',
  'subject.claims.name',
  'header["x-tenant"]',
)
const numbers = fc.constantFrom('path.number', 'body.count', 'subject.claims.level')
const lists = fc.constantFrom('subject.roles', 'query.tags', 'subject.claims.accounts')

const quoted = word.map((text) => JSON.stringify(text))
const text = fc.oneof(texts, quoted, fc.constant('string(path.number)'))
const amount = fc.oneof(numbers, number.map(String))

/** Comparisons of values of one type, as the documentation shows them. */
const atom = fc.oneof(
  fc.tuple(text, fc.constantFrom('==', '!=', '<', '>='), text).map((parts) => parts.join(' ')),
  fc.tuple(amount, fc.constantFrom('==', '!=', '<=', '>'), amount).map((parts) => parts.join(' ')),
  fc.tuple(text, lists).map((parts) => parts.join(' in ')),
  fc
    .tuple(text, fc.array(quoted, { minLength: 1, maxLength: 3 }))
    .map(([one, all]) => `${one} in [${all.join(', ')}]`),
  fc
    .tuple(texts, fc.constantFrom('startsWith', 'endsWith', 'contains'), quoted)
    .map(([one, name, part]) => `${one}.${name}(${part})`),
  fc.constantFrom(
    'has(body.owner)',
    'has(body.card.holder)',
    'has(subject.claims.level)',
    'query.open',
    'true',
    'false',
  ),
)
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4 },
    atom,
    tie('condition').map((inner) => `!(${inner})`),
    fc
      .tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(atom, tie('condition'), tie('condition')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    // A loop hands its inside to the interpreter.
    tie('condition')
      .filter((inner) => !inner.includes('.all('))
      .map((inner) => `[1].all(one, ${inner})`),
  ),
}))

const facts = fc.record(
  {
    userId: word,
    number,
    subject: word,
    roles: fc.array(word, { maxLength: 3 }),
    tags: fc.array(word, { maxLength: 3 }),
    open: fc.boolean(),
    tenant: word,
    owner: word,
    count: number,
    card: fc.record({ holder: word }, { requiredKeys: [] }),
    name: word,
    level: number,
    accounts: fc.array(word, { maxLength: 3 }),
  },
  { requiredKeys: ['roles'] },
)
type Values = typeof facts extends fc.Arbitrary<infer T> ? T : never

function present(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

function factsOf(v: Values): Facts {
  const { name, level, accounts } = v
  return {
    principal: {
      kind: 'jwt',
      subject: v.subject ?? '',
      roles: v.roles,
      claims: present({ name, level, accounts }),
    },
    path: present({ userId: v.userId, number: v.number }),
    query: present({ tags: v.tags, open: v.open }),
    header: present({ 'x-tenant': v.tenant }),
    body: present({ owner: v.owner, count: v.count, card: v.card }),
  }
}

const big = (value: number | undefined): bigint | undefined =>
  value === undefined ? undefined : BigInt(value)

/** The same, as the interpreter takes it. */
function contextOf(v: Values): Record<string, unknown> {
  return {
    subject: present({
      id: v.subject,
      roles: v.roles,
      claims: present({ name: v.name, level: big(v.level), accounts: v.accounts }),
    }),
    path: present({ userId: v.userId, number: big(v.number) }),
    query: present({ tags: v.tags, open: v.open }),
    header: present({ 'x-tenant': v.tenant }),
    body: present({ owner: v.owner, count: big(v.count), card: v.card }),
  }
}

function interpreted(source: string, context: Record<string, unknown>): boolean | undefined {
  try {
    const value: unknown = new Environment({ unlistedVariablesAreDyn: true }).evaluate(
      source,
      context,
    )
    return typeof value === 'boolean' ? value : undefined
  } catch {
    return undefined
  }
}

test('a compiled condition says what the interpreter says', () => {
  const seen = new Set<boolean | undefined>()
  fc.assert(
    fc.property(condition, facts, (source, values) => {
      const expected = interpreted(source, contextOf(values))
      seen.add(expected)
      const compiled = compileCondition(source, SCOPE, 'x')
      assert.equal(compiled.judge(exchangeWith(factsOf(values))), expected, source)
    }),
    { numRuns: 3000 },
  )
  assert.equal(seen.size, 3, 'not every verdict was seen')
})

const anything = fc.anything({ withBigInt: false })

test('nothing that a request may hold makes a condition throw, or hold beside its negation', () => {
  fc.assert(
    fc.property(condition, anything, anything, (source, body, claim) => {
      const exchange = exchangeWith({
        body,
        principal: {
          kind: 'jwt',
          subject: 'ann',
          roles: ['agent'],
          claims: { accounts: claim, name: claim, level: claim },
        },
        path: { userId: claim, number: claim },
      })
      const holds = compileCondition(source, SCOPE, 'x').holds(exchange)
      const negated = compileCondition(`!(${source})`, SCOPE, 'x').holds(exchange)
      assert.ok(!(holds && negated), source)
    }),
    { numRuns: 1000 },
  )
})

test('no text makes the compiler do anything but compile or refuse', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 60 }),
        fc.string({ maxLength: 40 }).map((tail) => `path.userId == ${tail}`),
      ),
      (source) => {
        try {
          compileCondition(source, SCOPE, 'x')
        } catch (error) {
          assert.equal((error as Error).name, 'ConfigError', source)
        }
      },
    ),
    { numRuns: 2000 },
  )
})
