import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConfigError } from '../../base/config-error.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { compileCondition } from './condition.ts'
import { exchangeWith, SCOPE } from './condition-fixture.ts'
import type { Facts } from './condition-fixture.ts'
import { judgedWithFacts } from './facts.ts'
import type { ConditionFacts, RelationQuestion } from './facts.ts'

const RELATED = new Set(['doc:7#viewer@ann@', 'doc:8#viewer@ann@', 'doc:7#viewer@ann@t1'])
const OWNERS: Readonly<Record<string, string>> = { '7': 'ann', '8': 'bob' }
const names = ['docOwner', 'other']

const textOf = ({ object, relation, subject, tenant }: RelationQuestion): string =>
  `${object}#${relation}@${subject}@${tenant}`

type Answer = <T>(value: T) => MaybePromise<T>

function factsBy(answer: Answer): ConditionFacts {
  return {
    relation: (question) => answer<boolean | undefined>(RELATED.has(textOf(question))),
    lookupNames: names,
    lookup: () => (_exchange, id) => answer<string | undefined>(OWNERS[id]),
  }
}

const WAYS: readonly [name: string, facts: ConditionFacts][] = [
  ['known at once', factsBy((value) => value)],
  ['known later', factsBy((value) => Promise.resolve(value))],
]

type Verdict = boolean | undefined | 'failed'

async function verdictOf(text: string, given: Facts, facts: ConditionFacts): Promise<Verdict> {
  const condition = compileCondition(text, { ...SCOPE, facts }, 'at')
  const exchange = exchangeWith(given)
  return judgedWithFacts<Verdict>(exchange, {
    judge: () => condition.judge(exchange),
    isFinal: (verdict) => verdict !== undefined,
    unknown: () => 'failed',
  })
}

const ANN = { kind: 'jwt', subject: 'ann' } as const
const ids = (...list: unknown[]): Facts => ({ principal: ANN, body: { items: list } })
const VIEWS = 'relation("doc:" + string(path.number), "viewer", subject.id)'
const OWNS = 'lookup("docOwner", string(path.number)) == subject.id'
const EACH = 'body.items.all(item, relation("doc:" + item, "viewer", subject.id))'
const SOME = 'body.items.exists(item, relation("doc:" + item, "viewer", subject.id))'

const CASES: readonly [name: string, text: string, given: Facts, verdict: Verdict][] = [
  ['a relation that is there holds', VIEWS, { principal: ANN, path: { number: 7 } }, true],
  ['one that is not there does not', VIEWS, { principal: ANN, path: { number: 9 } }, false],
  ['callers without a name stand in none', VIEWS, { path: { number: 7 } }, undefined],
  ['an absent id decides nothing', `!${VIEWS}`, { principal: ANN }, undefined],
  ['an owner that is found compares', OWNS, { principal: ANN, path: { number: 7 } }, true],
  ['another owner does not', OWNS, { principal: ANN, path: { number: 8 } }, false],
  [
    'an object without owner is nobody’s',
    `!(${OWNS})`,
    { principal: ANN, path: { number: 9 } },
    undefined,
  ],
  ['every item is asked for', EACH, ids('7', '8'), true],
  ['one item of another is enough to fail', EACH, ids('7', '9', '8'), false],
  ['some item is enough', SOME, ids('9', '8'), true],
  ['no item holds', SOME, ids('9', '10'), false],
  ['an item of another type decides nothing', EACH, ids('7', 8), undefined],
  [
    'what stands beside decides alone',
    `${VIEWS} || path.number == 9`,
    { path: { number: 9 } },
    true,
  ],
  [
    'the tenant of the caller is asked for',
    'relation("doc:7", "viewer", subject.id)',
    { principal: { ...ANN, claims: { tenant: 't1' } } },
    true,
  ],
  [
    'another tenant stands in no relation',
    'relation("doc:7", "viewer", subject.id)',
    { principal: { ...ANN, claims: { tenant: 't2' } } },
    false,
  ],
  [
    'a tenant that is no name decides nothing',
    '!relation("doc:9", "viewer", subject.id)',
    { principal: { ...ANN, claims: { tenant: 7 } } },
    undefined,
  ],
  [
    'an empty tenant decides nothing',
    '!relation("doc:9", "viewer", subject.id)',
    { principal: { ...ANN, claims: { tenant: '' } } },
    undefined,
  ],
]

for (const [way, facts] of WAYS)
  suite(`facts that are ${way}`, () => {
    for (const [name, text, given, verdict] of CASES)
      test(name, async () => assert.equal(await verdictOf(text, given, facts), verdict))
  })

const AWAY: readonly [name: string, answer: Answer][] = [
  [
    'throws',
    () => {
      throw new Error('away')
    },
  ],
  ['rejects', () => Promise.reject(new Error('away'))],
]

suite('a source that does not answer', () => {
  const given = { principal: ANN, path: { number: 7 } }
  for (const [how, answer] of AWAY) {
    const facts = factsBy(answer)
    test(`and ${how} is told from a no`, async () =>
      assert.equal(await verdictOf(VIEWS, given, facts), 'failed'))
    test(`and ${how} does not matter where another part decides`, async () => {
      assert.equal(await verdictOf(`${VIEWS} || path.number == 7`, given, facts), true)
      assert.equal(await verdictOf(`${VIEWS} && path.number == 8`, given, facts), false)
    })
    test(`and ${how} in a loop is told, too`, async () =>
      assert.equal(await verdictOf(EACH, ids('7', '8'), facts), 'failed'))
  }

  test('facts that ask for facts end', async () => {
    const facts = factsBy((value) => Promise.resolve(value))
    const exchange = exchangeWith(given)
    let round = 0
    const verdict = await judgedWithFacts<Verdict>(exchange, {
      judge: () => {
        round += 1
        const text = `relation("doc:${round}", "viewer", subject.id)`
        compileCondition(text, { ...SCOPE, facts }, 'at').judge(exchange)
        return undefined
      },
      isFinal: () => false,
      unknown: () => 'failed',
    })
    assert.deepEqual([verdict, round], ['failed', 9])
  })

  test('more facts than are asked for one exchange are told', async () => {
    const many = Array.from({ length: 2001 }, (_, index) => `x${index}`)
    const relation = 'relation("doc:" + subject.id, "viewer", subject.id)'
    const condition = compileCondition(relation, { ...SCOPE, facts: factsBy((v) => v) }, 'at')
    const exchange = exchangeWith({ principal: ANN })
    const verdict = await judgedWithFacts<Verdict>(exchange, {
      judge: () => many.map(() => condition.judge(exchange)).includes(undefined) || undefined,
      isFinal: () => false,
      unknown: () => 'failed',
    })
    assert.equal(verdict, 'failed')
  })
})

suite('what cannot be asked', () => {
  const cases: readonly [name: string, text: string, message: RegExp][] = [
    [
      'an object whose type the request chooses',
      'relation(path.userId, "viewer", subject.id)',
      /type/,
    ],
    ['a type that is none', 'relation("Doc 7:" + path.userId, "viewer", subject.id)', /type/],
    [
      'a relation that the request chooses',
      'relation("doc:7", path.userId, subject.id)',
      /written? its relation|relation out/,
    ],
    ['a look-up that is not there', 'lookup("docOwnr", path.userId) == subject.id', /docOwnr/],
    [
      'a look-up that the request chooses',
      'lookup(path.userId, path.userId) == subject.id',
      /request/,
    ],
    ['a number as a text', 'relation("doc:" + path.number, "viewer", subject.id)', /string \+ int/],
    ['a text as true or false', 'lookup("docOwner", path.userId)', /neither true nor false/],
    ['too few arguments', 'relation("doc:7", "viewer")', /relation/],
  ]
  const facts = factsBy((value) => value)
  for (const [name, text, message] of cases)
    test(name, () =>
      assert.throws(
        () => compileCondition(text, { ...SCOPE, facts }, 'at'),
        (error) => error instanceof ConfigError && message.test(error.message),
      ),
    )

  test('anything where no facts are', () =>
    assert.throws(() => compileCondition('relation("doc:7", "viewer", subject.id)', SCOPE, 'at'), {
      name: 'ConfigError',
      message: /where none can be/,
    }))
})
