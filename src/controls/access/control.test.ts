import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConfigError } from '../../base/config-error.ts'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { AclEntry } from '../../pipeline/policy.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { kitAsking, TOLD } from '../testing/facts.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { access } from './control.ts'

const ok = { responses: { 200: { description: 'ok' } } }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: {
    securitySchemes: {
      oauth: { type: 'http', scheme: 'bearer' },
      own: { type: 'http', scheme: 'basic' },
    },
  },
  paths: {
    '/orders': {
      get: { operationId: 'list', security: [{ oauth: ['orders:read'] }], ...ok },
      post: {
        operationId: 'create',
        security: [{ oauth: ['orders:write', 'orders:read'] }, { oauth: ['admin'] }],
        ...ok,
      },
    },
    '/audit': { get: { operationId: 'audit', security: [{ oauth: [] }], ...ok } },
    '/items/{itemId}': {
      parameters: [{ name: 'itemId', in: 'path', required: true, schema: { type: 'string' } }],
      get: { operationId: 'item', security: [{ oauth: [] }], ...ok },
    },
    '/plain': { get: { operationId: 'plain', ...ok } },
    '/public': { get: { operationId: 'public', security: [], ...ok } },
    '/empty': { get: { operationId: 'empty', security: [{}], ...ok } },
    '/optional': { get: { operationId: 'optional', security: [{}, { oauth: [] }], ...ok } },
    '/passed': { get: { operationId: 'passed', security: [{ own: [] }], ...ok } },
  },
}

const ANN: Principal = {
  ...ANONYMOUS,
  id: 'https://id.example.com|ann',
  kind: 'jwt',
  subject: 'ann',
  roles: ['agent'],
  groups: ['support'],
}
const KEY: Principal = { ...ANONYMOUS, id: 'key:7', kind: 'apiKey', subject: 'shop' }
const UPSTREAM: Principal = { ...ANONYMOUS, id: 'upstream:0f', kind: 'upstream', subject: '' }

function roles(map: Readonly<Record<string, readonly string[]>>): PolicyParts {
  return { authorize: { roles: new Map(Object.entries(map)) } }
}
function acl(operation: string, entry: Partial<AclEntry>): PolicyParts {
  const whole = { roles: [], groups: [], subjects: [], ...entry }
  return { authorize: { acl: new Map([[operation, whole]]) } }
}

type Row = [
  name: string,
  policy: PolicyParts,
  operation: string,
  caller: Principal,
  allowed: boolean,
]
const cases: Row[] = [
  ['lets whoever met the security in while nothing is written', {}, 'list', ANN, true],
  ['lets anonymous callers in at a public operation', {}, 'public', ANONYMOUS, true],
  ['lets a role with the star in', roles({ agent: ['*'] }), 'audit', ANN, true],
  ['lets a role with the scope in', roles({ agent: ['orders:read'] }), 'list', ANN, true],
  ['lets a role with the scope family in', roles({ agent: ['orders:*'] }), 'list', ANN, true],
  ['refuses a family that only begins alike', roles({ agent: ['order:*'] }), 'list', ANN, false],
  [
    'refuses a scope that only begins alike',
    roles({ agent: ['orders:readall'] }),
    'list',
    ANN,
    false,
  ],
  ['refuses half of an alternative', roles({ agent: ['orders:write'] }), 'create', ANN, false],
  ['lets a role with the other alternative in', roles({ agent: ['admin'] }), 'create', ANN, true],
  [
    'lets a role with a whole alternative in',
    roles({ agent: ['orders:write', 'orders:read'] }),
    'create',
    ANN,
    true,
  ],
  ['lets a role in that names the operation', roles({ agent: ['op:audit'] }), 'audit', ANN, true],
  ['refuses a role that names another', roles({ agent: ['op:audits'] }), 'audit', ANN, false],
  ['refuses a role that nobody wrote', roles({ admin: ['*'] }), 'list', ANN, false],
  [
    'refuses an operation without scopes to scope roles',
    roles({ agent: ['orders:*'] }),
    'audit',
    ANN,
    false,
  ],
  ['unites several roles', roles({ other: ['op:list'], agent: ['op:audit'] }), 'audit', ANN, true],
  ['refuses a caller without roles', roles({ agent: ['*'] }), 'list', KEY, false],
  ['refuses nobody', roles({ agent: ['*'] }), 'list', ANONYMOUS, false],
  [
    'refuses an operation that the document is silent about',
    roles({ agent: ['a'] }),
    'plain',
    ANN,
    false,
  ],
  ['leaves a public operation public', roles({ agent: ['*'] }), 'public', ANONYMOUS, true],
  ['takes an empty requirement for public', roles({ admin: ['*'] }), 'empty', ANONYMOUS, true],
  [
    'lets anonymous callers in where a credential is optional',
    roles({ a: [] }),
    'optional',
    ANONYMOUS,
    true,
  ],
  ['lets known callers in where a credential is optional', roles({ a: [] }), 'optional', ANN, true],
  [
    'holds an optional operation to its own list',
    acl('optional', { roles: ['admin'] }),
    'optional',
    ANONYMOUS,
    false,
  ],
  ['finds a listed role', acl('audit', { roles: ['agent'] }), 'audit', ANN, true],
  ['finds a listed group', acl('audit', { groups: ['support'] }), 'audit', ANN, true],
  ['finds a listed subject', acl('audit', { subjects: ['ann'] }), 'audit', ANN, true],
  ['finds a listed id', acl('audit', { subjects: ['key:7'] }), 'audit', KEY, true],
  ['refuses another subject', acl('audit', { subjects: ['bob'] }), 'audit', ANN, false],
  [
    'refuses an operation without an entry',
    acl('audit', { subjects: ['ann'] }),
    'list',
    ANN,
    false,
  ],
  ['does not take no name for a name', acl('audit', { subjects: [''] }), 'audit', UPSTREAM, false],
  [
    'does not find nobody',
    acl('audit', { subjects: ['anonymous', ''] }),
    'audit',
    ANONYMOUS,
    false,
  ],
]

const NOBODY = { roles: [], groups: [], subjects: [] }
const OFFICE = 'network.ip in ["203.0.113.0/24"]'
const ELSEWHERE = 'network.ip in ["10.0.0.0/8"]'
const readers = (extra: PolicyParts['authorize']): PolicyParts => ({
  authorize: { roles: new Map([['agent', ['*']]]), ...extra },
})
const terms = (when: string): PolicyParts =>
  readers({ roleTerms: new Map([['agent', { includes: [], when }]]) })
const condition = (operation: string, text: string, more: PolicyParts = {}): PolicyParts => ({
  authorize: { ...more.authorize, operations: new Map([[operation, text]]) },
})

type RuledRow = [
  name: string,
  policy: PolicyParts,
  operation: string,
  caller: Principal,
  reason: string | undefined,
]
const ruled: RuledRow[] = [
  ['counts a role where its condition holds', terms(OFFICE), 'list', ANN, undefined],
  ['does not count it elsewhere', terms(ELSEWHERE), 'list', ANN, 'not_granted'],
  [
    'counts a list where its condition holds',
    acl('audit', { roles: ['agent'], when: OFFICE }),
    'audit',
    ANN,
    undefined,
  ],
  [
    'does not count it elsewhere',
    acl('audit', { subjects: ['ann'], when: ELSEWHERE }),
    'audit',
    ANN,
    'not_granted',
  ],
  [
    'lets deny beat allow',
    readers({ acl: new Map([['list', { ...NOBODY, deny: { ...NOBODY, groups: ['support'] } }]]) }),
    'list',
    ANN,
    'kept_out',
  ],
  [
    'lets others be',
    readers({ acl: new Map([['list', { ...NOBODY, deny: { ...NOBODY, subjects: ['bob'] } }]]) }),
    'list',
    ANN,
    undefined,
  ],
  [
    'keeps out where the condition of deny holds',
    readers({
      acl: new Map([['list', { ...NOBODY, deny: { ...NOBODY, roles: ['agent'], when: OFFICE } }]]),
    }),
    'list',
    ANN,
    'kept_out',
  ],
  [
    'keeps nobody out where it does not',
    readers({
      acl: new Map([
        ['list', { ...NOBODY, deny: { ...NOBODY, roles: ['agent'], when: ELSEWHERE } }],
      ]),
    }),
    'list',
    ANN,
    undefined,
  ],
  [
    'keeps out where nobody knows',
    readers({
      acl: new Map([
        ['list', { ...NOBODY, deny: { ...NOBODY, roles: ['agent'], when: 'acr == "high"' } }],
      ]),
    }),
    'list',
    ANN,
    'kept_out',
  ],
  [
    'keeps a role out whatever it depends on',
    {
      authorize: {
        roles: new Map([['agent', ['*']]]),
        roleTerms: new Map([['agent', { includes: [], when: ELSEWHERE }]]),
        acl: new Map([['list', { ...NOBODY, deny: { ...NOBODY, roles: ['agent'] } }]]),
      },
    },
    'list',
    ANN,
    'kept_out',
  ],
  [
    'leaves other operations open beside a list that only keeps out',
    {
      authorize: {
        acl: new Map([['list', { ...NOBODY, deny: { ...NOBODY, subjects: ['bob'] } }]]),
      },
    },
    'audit',
    ANN,
    undefined,
  ],
  [
    'asks for the condition of the operation',
    condition('list', 'subject.kind == "jwt"'),
    'list',
    ANN,
    undefined,
  ],
  [
    'refuses where it does not hold',
    condition('list', 'subject.kind == "jwt"'),
    'list',
    KEY,
    'condition',
  ],
  [
    'asks for it besides a role',
    condition('list', ELSEWHERE, readers({})),
    'list',
    ANN,
    'condition',
  ],
  ['leaves other operations alone', condition('list', ELSEWHERE), 'audit', ANN, undefined],
  [
    'takes a condition on the caller for a rule that names callers',
    condition('audit', '"support" in subject.groups', roles({ other: ['op:list'] })),
    'audit',
    ANN,
    undefined,
  ],
  [
    'takes a condition on the network for none',
    condition('audit', OFFICE, roles({ other: ['op:list'] })),
    'audit',
    ANN,
    'not_granted',
  ],
  [
    'leaves what needs parameters to a later control',
    condition('item', 'path.itemId == subject.id'),
    'item',
    ANN,
    undefined,
  ],
]

suite('access', () => {
  for (const [name, policy, operation, caller, reason] of ruled) {
    test(name, async () => {
      const exchange = exchangeOf({ principal: caller })
      exchange.clientAddress = '203.0.113.7'
      const guard = new Bench({ document: DOCUMENT, policy }).guard(access, operation)
      assertRefused(await guard.request(exchange), reason, reason === undefined ? undefined : 403)
      assert.equal(exchange.authorizedBy, reason === undefined ? 'access' : undefined)
    })
  }

  for (const [name, policy, operation, caller, isAllowed] of cases) {
    test(name, async () => {
      const exchange = exchangeOf({ principal: caller })
      const bench = new Bench({ document: DOCUMENT, policy })
      assertRefused(
        await bench.guard(access, operation).request(exchange),
        isAllowed ? undefined : 'not_granted',
        isAllowed ? undefined : 403,
      )
      assert.equal(exchange.authorizedBy, isAllowed ? 'access' : undefined)
    })
  }

  test('refuses to start with a list for a public operation', () => {
    const bench = new Bench({ document: DOCUMENT, policy: acl('public', { roles: ['admin'] }) })
    assert.throws(() => bench.guard(access, 'public'), ConfigError)
  })

  test('refuses to start with a list where only the API knows the caller', () => {
    const schemes = new Map([['own', 'upstream']] as const)
    const policy = { ...acl('passed', { roles: ['admin'] }), auth: { schemes } }
    const bench = new Bench({ document: DOCUMENT, policy })
    assert.throws(() => bench.guard(access, 'passed'), /checked by the API alone/)
  })

  test('refuses to start with a condition on a caller whom nobody knows', () => {
    const bench = new Bench({
      document: DOCUMENT,
      policy: condition('public', 'subject.id == "a"'),
    })
    assert.throws(() => bench.guard(access, 'public'), /public in the document/)
  })

  test('refuses to start with a condition on what comes later in a role or a list', () => {
    for (const policy of [
      terms('path.itemId == "a"'),
      acl('item', { roles: ['a'], when: 'path.itemId == "a"' }),
    ])
      assert.throws(
        () => new Bench({ document: DOCUMENT, policy }).guard(access, 'item'),
        /declares no path.itemId/,
      )
  })

  test('has nothing to do without an operation', () => {
    assert.equal(new Bench().guard(access).guard, undefined)
  })

  for (const [name, answer, isUnknown, holds] of TOLD)
    test(`asks for a relation of the caller that ${name}`, async () => {
      const policy = condition('item', 'relation("team:eng", "member", subject.id)')
      const bench = new Bench({ document: DOCUMENT, policy })
      const kit = kitAsking(bench.kit, answer)
      const exchange = exchangeOf({ principal: { ...ANONYMOUS, kind: 'jwt', subject: 'ann' } })
      const refusal = await bench.guard(access, 'item', undefined, kit).request(exchange)
      const reason = isUnknown ? 'facts_unknown' : 'condition'
      assertRefused(refusal, holds ? undefined : reason, isUnknown ? 503 : 403)
      assert.equal(exchange.authorizedBy, holds ? 'access' : undefined)
    })

  test('every reason is reached', () => {
    assertEveryReason(access, [...ruled.map((row) => row[4]), 'facts_unknown'])
  })
})
