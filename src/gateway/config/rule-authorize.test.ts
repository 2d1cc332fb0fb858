import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { ConfigError } from '../../base/config-error.ts'
import type { Policy } from '../../pipeline/policy.ts'
import { faultsOf, settingsOf } from './config-fixture.ts'
import { policyFor } from './policy-for.ts'
import { withRuledAuthorize } from './rule-authorize.ts'
import type { PolicySubject } from './rule-match.ts'

const MOMENT = { nowMs: 0, graduated: new Set<string>(), certificateNames: [] }
const GET: PolicySubject = {
  api: 'api',
  id: 'getUser',
  method: 'GET',
  template: '/users/{id}',
  tags: ['people'],
  security: undefined,
}
const PUT: PolicySubject = { ...GET, id: 'putUser', method: 'PUT' }
const OTHER: PolicySubject = { ...GET, id: 'health', template: '/health', tags: [] }

type Authorize = Policy['authorize']

async function authorizeOf(
  t: TestContext,
  text: string,
  subjects: readonly PolicySubject[] = [GET, PUT, OTHER],
): Promise<readonly Authorize[]> {
  const settings = withRuledAuthorize(await settingsOf(t, text), subjects)
  return subjects.map((subject) => policyFor(settings, subject, MOMENT).authorize)
}

const whens: [name: string, text: string, expected: readonly (string | undefined)[]][] = [
  [
    'holds for every operation that is selected, and no other',
    'rules: [{ tag: people, authorize: { when: a } }]',
    ['a', 'a', undefined],
  ],
  [
    'of the narrowest rule holds alone',
    'rules: [{ path: "/users/*", authorize: { when: b } }, { tag: people, authorize: { when: a } }, { method: PUT, authorize: { when: c } }]',
    ['b', 'b', undefined],
  ],
  [
    'by operation id is narrower than a path',
    'authorize: { operations: { getUser: own } }\nrules: [{ path: "/users/*", authorize: { when: b } }]',
    ['own', 'b', undefined],
  ],
  [
    'of a rule that names the operation is narrower still',
    'authorize: { operations: { getUser: own } }\nrules: [{ operation: getUser, authorize: { when: b } }]',
    ['b', undefined, undefined],
  ],
]

suite('who may call, by rule', () => {
  for (const [name, text, expected] of whens)
    test(`a condition ${name}`, async (t) => {
      const found = await authorizeOf(t, text)
      const ids = [GET.id, PUT.id, OTHER.id]
      assert.deepEqual(
        found.map(({ operations }, index) => operations.get(ids[index] ?? '')),
        expected,
      )
    })

  test('an access list stands for each operation, with the place of the rule', async (t) => {
    const [get] = await authorizeOf(
      t,
      'authorize: { acl: { health: { groups: [ops] } } }\nrules: [{ mode: enforce, tag: people }, { tag: people, authorize: { acl: { roles: [hr] } } }]',
    )
    assert.deepEqual([...(get?.acl?.keys() ?? [])], ['health', 'getUser', 'putUser'])
    assert.deepEqual(get?.acl?.get('getUser')?.roles, ['hr'])
    assert.equal(get?.placed?.get('authorize.acl.getUser'), 'rules[1].authorize.acl')
  })

  test('all operations share the block, so that roles are compiled once', async (t) => {
    const [get, put, other] = await authorizeOf(
      t,
      'rules: [{ tag: people, authorize: { when: a } }]',
    )
    assert.equal(get, put)
    assert.equal(get, other)
  })

  test('fields and denials are laid over those of the block', async (t) => {
    const text = `authorize: { fields: { User.a: { write: [x] }, User.b: { write: [x] } } }
rules:
  - { tag: people, authorize: { denied: 403, fields: { User.b: { write: [y] } } } }
  - { method: PUT, authorize: { fields: { User.b: { write: [z] } } } }`
    const [get, put, other] = await authorizeOf(t, text)
    const written = (one: Authorize | undefined): unknown =>
      [...(one?.fields ?? [])].map(([field, { write, at }]) => [field, write?.[0], at])
    assert.deepEqual(written(other), [
      ['User.a', 'x', undefined],
      ['User.b', 'x', undefined],
    ])
    const ruled = [
      ['User.a', 'x', undefined],
      ['User.b', 'y', 'rules[0].authorize.fields["User.b"]'],
    ]
    assert.deepEqual([written(get), written(put)], [ruled, ruled])
    assert.deepEqual([get?.denied, other?.denied], [403, 404])
    assert.equal(put === get, false)
  })

  test('whose an object is: a rule says it for its operations, with its place', async (t) => {
    const text = `
authorize: { schemas: { User: own, Note: all } }
rules:
  - { tag: people, authorize: { schemas: { User: mine } } }
  - { method: PUT, authorize: { schemas: { Pet: pets } } }`
    const [get, put, other] = await authorizeOf(t, text)
    const [user, note] = [
      ['User', 'mine'],
      ['Note', 'all'],
    ]
    assert.deepEqual([...(get?.schemas ?? [])], [user, note])
    assert.deepEqual([...(put?.schemas ?? [])].length, 2 + 1)
    assert.deepEqual([...(other?.schemas ?? [])], [['User', 'own'], note])
    assert.equal(get?.placed?.get('authorize.schemas.User'), 'rules[0].authorize.schemas.User')
    assert.equal(get.placed.get('authorize.schemas.Note'), undefined)
  })

  test('operations of one id must be meant together', async (t) => {
    const settings = await settingsOf(t, 'rules: [{ api: one, authorize: { when: a } }]')
    const both = [
      { ...GET, api: 'one' },
      { ...GET, api: 'two' },
    ]
    for (const subjects of [both, both.toReversed()])
      assert.throws(
        () => withRuledAuthorize(settings, subjects),
        (error) =>
          error instanceof ConfigError &&
          error.faults[0]?.path === 'rules[0].authorize.when' &&
          /several APIs have an operation getUser/.test(error.faults[0]?.message ?? ''),
      )
    assert.equal(withRuledAuthorize(settings, both.slice(0, 1)).blocks.authorize.operations.size, 1)
  })

  const faults: [name: string, rule: string, message: RegExp][] = [
    ['a list that lets nobody in', 'acl: {}', /rules\[0\]\.authorize\.acl: lets nobody in/],
    [
      'a list that keeps nobody out',
      'acl: { roles: [a], deny: {} }',
      /acl\.deny: keeps nobody out/,
    ],
    ['a field without a rule', 'fields: { User.a: {} }', /says neither who reads nor who writes/],
    ['an unknown key', 'acls: {}', /unknown key .*did you mean "acl"/],
    ['what belongs to the block', 'queries: { getUser: own }', /unknown key/],
  ]
  for (const [name, rule, message] of faults)
    test(`refuses ${name}`, async (t) => {
      const found = await faultsOf(
        t,
        `openapi: ./openapi.yaml\nupstream: http://127.0.0.1:3000\nrules: [{ tag: a, authorize: { ${rule} } }]\n`,
      )
      const texts = found.map(({ path, message: text, cure }) => `${path}: ${text} ${cure ?? ''}`)
      assert.match(texts.join('\n'), message)
    })
})
