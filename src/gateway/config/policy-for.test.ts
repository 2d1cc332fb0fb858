import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import type { Policy } from '../../pipeline/policy.ts'
import { settingsOf } from './config-fixture.ts'
import type { PolicyMoment } from './policy-for.ts'
import { basePolicy, nextChangeMs, policyFor } from './policy-for.ts'
import type { PolicySubject } from './rule-match.ts'

const NOW = Date.UTC(2026, 5, 1)
const MOMENT: PolicyMoment = { nowMs: NOW, graduated: new Set(), certificateNames: [] }
const SUBJECT: PolicySubject = {
  api: 'api',
  id: 'getOrder',
  method: 'GET',
  template: '/orders/{id}',
  tags: ['orders', 'read'],
  security: undefined,
  publicBase: '/v1',
}

interface Change {
  readonly subject?: Partial<PolicySubject>
  readonly moment?: Partial<PolicyMoment>
}

async function policyOf(t: TestContext, text: string, change: Change = {}): Promise<Policy> {
  const settings = await settingsOf(t, text)
  return policyFor(settings, { ...SUBJECT, ...change.subject }, { ...MOMENT, ...change.moment })
}

/** Each rule sets another depth; the depth that wins tells which rule did. */
const winners: [name: string, rules: string, depth: number][] = [
  ['nothing where no rule selects it', '- { operation: other, validate: { maxDepth: 5 } }', 32],
  [
    'a tag over a method',
    '- { tag: orders, validate: { maxDepth: 5 } }\n- { method: GET, validate: { maxDepth: 6 } }',
    5,
  ],
  [
    'a path over a tag',
    '- { path: "/orders/{x}", validate: { maxDepth: 5 } }\n- { tag: orders, validate: { maxDepth: 6 } }',
    5,
  ],
  [
    'an operation over a path',
    '- { operation: getOrder, validate: { maxDepth: 5 } }\n- { path: "/orders/{x}", validate: { maxDepth: 6 } }',
    5,
  ],
  [
    'an operation over everything',
    '- { operation: getOrder, validate: { maxDepth: 5 } }\n- { tag: orders, path: "/orders/*", method: GET, validate: { maxDepth: 6 } }',
    5,
  ],
  [
    'a whole path over an open one',
    '- { path: "/orders/{x}", validate: { maxDepth: 5 } }\n- { path: "/orders/*", validate: { maxDepth: 6 } }',
    5,
  ],
  [
    'a longer open path over a shorter',
    '- { path: "/orders/*", validate: { maxDepth: 5 } }\n- { path: "/*", validate: { maxDepth: 6 } }',
    5,
  ],
  [
    'more selectors over fewer',
    '- { tag: read, method: GET, validate: { maxDepth: 5 } }\n- { tag: orders, validate: { maxDepth: 6 } }',
    5,
  ],
  ['the API over nothing', '- { api: api, validate: { maxDepth: 5 } }', 5],
  [
    'the later of two alike',
    '- { tag: orders, validate: { maxDepth: 5 } }\n- { tag: read, validate: { maxDepth: 6 } }',
    6,
  ],
  [
    'a path written with the public base',
    '- { path: "/v1/orders/{id}", validate: { maxDepth: 5 } }',
    5,
  ],
  [
    'nothing where one selector of two fails',
    '- { tag: orders, method: POST, validate: { maxDepth: 5 } }',
    32,
  ],
  ['nothing of another API', '- { api: other, tag: orders, validate: { maxDepth: 5 } }', 32],
  ['any of several tags', '- { tags: [none, read], validate: { maxDepth: 5 } }', 5],
]
for (const [name, rules, depth] of winners) {
  test(`among rules wins ${name}`, async (t) => {
    const text = `rules:\n${rules.replace(/^/gm, '  ')}\n`
    assert.equal((await policyOf(t, text)).validate.maxDepth, depth)
  })
}

test('a rule lays only what it says over the block', async (t) => {
  const { validate } = await policyOf(
    t,
    'validate: { maxBody: 5mb, response: strict }\nrules:\n  - { tag: orders, validate: { maxBody: 9mb } }\n',
  )
  assert.equal(validate.maxBodyBytes, 9 * 1_048_576)
  assert.equal(validate.response, 'strict')
})

const caps: [name: string, text: string, expected: readonly number[]][] = [
  ['only pages are bounded where nothing is said', '', [Infinity, Infinity, 100]],
  ['on stands for all', 'validate: { caps: on }\n', [4096, 1000, 100]],
  [
    'a block has the usual bounds for the rest',
    'validate: { caps: { array: 5 } }\n',
    [4096, 5, 100],
  ],
  ['one of them can be off', 'validate: { caps: { page: off } }\n', [4096, 1000, Infinity]],
  ['off is none at all', 'validate: { caps: off }\n', [Infinity, Infinity, Infinity]],
  [
    'a rule changes only what it names',
    'validate: { caps: { array: 5 } }\nrules:\n  - { tag: orders, validate: { caps: { string: 9 } } }\n',
    [9, 5, 100],
  ],
  [
    'a rule can switch them off',
    'validate: { caps: on }\nrules:\n  - { tag: orders, validate: { caps: off } }\n',
    [Infinity, Infinity, Infinity],
  ],
]
for (const [name, text, expected] of caps) {
  test(`of what the document leaves unbounded: ${name}`, async (t) => {
    const { capLength, capItems, capPage } = (await policyOf(t, text)).validate
    assert.deepEqual([capLength, capItems, capPage], expected)
  })
}

test('a rule can switch the limit of principals off, and on again', async (t) => {
  const off = await policyOf(t, 'rules:\n  - { tag: orders, limits: { principal: off } }\n')
  const on = await policyOf(
    t,
    'limits: { principal: off }\nrules:\n  - { tag: orders, limits: { principal: 3/s } }\n',
  )
  assert.equal(off.limits.principal, undefined)
  assert.equal(on.limits.principal?.count, 3)
})

const IP = [{ from: 'ip' }]
const PRINCIPAL = [{ from: 'principal' }]
const byCases: [name: string, text: string, security: PolicySubject['security'], by: unknown][] = [
  ['the principal', '5/min', undefined, PRINCIPAL],
  ['the address where the operation is public', '5/min', [], IP],
  ['the address where one alternative is public', '5/min', [[{ scheme: 'a', scopes: [] }], []], IP],
  ['what is written', '"5/min by ip"', undefined, IP],
]
for (const [name, limit, security, by] of byCases) {
  test(`a limit of an operation counts by ${name}`, async (t) => {
    const text = `limits: { operations: { getOrder: ${limit} } }\n`
    const { limits } = await policyOf(t, text, { subject: { security } })
    assert.deepEqual(limits.operation?.by, by)
  })
}

const LIMIT_RULES = `
limits: { operations: { getOrder: 5/min } }
rules:
  - { tag: orders, limits: { operation: 7/min } }
`
const operationLimits: [name: string, text: string, count: number | undefined, isOff: boolean][] = [
  ['none unless written', '', undefined, false],
  ['its own entry, over a rule for its tag', LIMIT_RULES, 5, false],
  ['that of its tag where it has none', LIMIT_RULES.replace('getOrder', 'other'), 7, false],
  [
    'that of a rule for it, over its entry',
    LIMIT_RULES.replace('tag: orders', 'operation: getOrder'),
    7,
    false,
  ],
  ['none when all are off', 'limits: { operations: off }\n', undefined, true],
  ['none when its own is off', 'limits: { operations: { getOrder: off } }\n', undefined, true],
]
for (const [name, text, count, isOff] of operationLimits) {
  test(`an operation has the limit: ${name}`, async (t) => {
    const { limits } = await policyOf(t, text)
    assert.equal(limits.operation?.rate?.count, count)
    assert.equal(limits.operationsOff, isOff)
  })
}

test('a cost alone is kept without a rate', async (t) => {
  const { limits } = await policyOf(t, 'limits: { operations: { getOrder: { cost: 10 } } }\n')
  assert.deepEqual(limits.operation, { rate: undefined, by: [], cost: 10 })
})

const RELAX = `
rules:
  - { operation: getOrder, relax: { validate: monitor, scopes: off }, why: T-412, until: 2026-07-01 }
  - { tag: orders, validate: { mode: enforce } }
`
test('a relaxation holds until its end and not a millisecond longer', async (t) => {
  const end = Date.UTC(2026, 6, 1)
  const before = await policyOf(t, RELAX, { moment: { nowMs: end - 1 } })
  const after = await policyOf(t, RELAX, { moment: { nowMs: end } })
  assert.equal(before.modes.get('validate'), 'monitor')
  assert.equal(before.modes.get('scopes'), 'off')
  assert.equal(after.modes.get('validate'), 'enforce')
  assert.equal(after.modes.has('scopes'), false)
})

test('a narrower rule ends a wider relaxation for its operation', async (t) => {
  const text = RELAX.replace('operation: getOrder', 'method: GET')
  assert.equal((await policyOf(t, text)).modes.get('validate'), 'enforce')
})

test('a mode for everything in a rule replaces the modes of blocks', async (t) => {
  const text = 'limits: { mode: enforce }\nrules:\n  - { tag: orders, mode: monitor }\n'
  const policy = await policyOf(t, text)
  assert.equal(policy.mode, 'monitor')
  assert.equal(policy.modes.has('limits'), false)
})

const PROFILE =
  'profile: { name: adopt, until: 2026-06-15, graduated: [listOrders, "api:putOrder"] }\n'
const graduations: [name: string, change: Change, isAdopting: boolean][] = [
  ['runs before its end', {}, true],
  ['is over at its end', { moment: { nowMs: Date.UTC(2026, 5, 15) } }, false],
  ['is over for an operation the file names', { subject: { id: 'listOrders' } }, false],
  ['is over for an operation the file names with its API', { subject: { id: 'putOrder' } }, false],
  ['runs for the same id of another API', { subject: { id: 'putOrder', api: 'x' } }, true],
  [
    'is over for an operation that graduated since',
    { moment: { graduated: new Set(['api:getOrder']) } },
    false,
  ],
]
for (const [name, change, isAdopting] of graduations) {
  test(`the profile ${name}`, async (t) => {
    assert.equal((await policyOf(t, PROFILE, change)).adopt !== undefined, isAdopting)
  })
}

test('served hosts are those of the certificate, this machine and the file', async (t) => {
  const settings = await settingsOf(t, 'listen: { hosts: [gw.internal, localhost] }\n')
  const { listen } = basePolicy(settings, { ...MOMENT, certificateNames: ['Api.Example.com'] })
  assert.deepEqual(listen.hosts, [
    'api.example.com',
    'localhost',
    '127.0.0.1',
    '::1',
    'gw.internal',
  ])
})

test('the next change is the nearest end that lies ahead', async (t) => {
  const settings = await settingsOf(t, PROFILE + RELAX)
  assert.equal(nextChangeMs(settings, NOW), Date.UTC(2026, 5, 15))
  assert.equal(nextChangeMs(settings, Date.UTC(2026, 5, 15)), Date.UTC(2026, 6, 1))
  assert.equal(nextChangeMs(settings, Date.UTC(2026, 6, 1)), undefined)
})

const watched: [name: string, text: string, mode: string | undefined][] = [
  ['watches responses where they are to be observed', 'validate: { response: observe }', 'monitor'],
  [
    'leaves them watched with everything',
    'mode: monitor\nvalidate: { response: observe }',
    undefined,
  ],
  ['leaves them enforced where they are filtered', 'validate: { response: filter }', undefined],
]
for (const [name, text, mode] of watched) {
  test(name, async (t) => {
    assert.equal((await policyOf(t, text)).modes.get('responses'), mode)
  })
}
