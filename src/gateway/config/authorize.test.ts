import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { loadText, MINIMAL } from './config-fixture.ts'

const load = async (t: Parameters<typeof loadText>[0], block: string) =>
  (await loadText(t, `${MINIMAL}\nauthorize: ${block}\n`)).settings.blocks.authorize

suite('authorize', () => {
  test('a role is a list of permissions, or more', async (t) => {
    const { roles, roleTerms } = await load(
      t,
      '{ roles: { a: [x], b: { allow: [y], includes: [a], when: acr == "high" }, c: {} } }',
    )
    assert.deepEqual(
      [...(roles ?? [])],
      [
        ['a', ['x']],
        ['b', ['y']],
        ['c', []],
      ],
    )
    assert.deepEqual([...roleTerms], [['b', { includes: ['a'], when: 'acr == "high"' }]])
  })

  test('an access list lets in and keeps out', async (t) => {
    const { acl } = await load(
      t,
      '{ acl: { x: { roles: [a], when: "true", deny: { subjects: [bob] } } } }',
    )
    const none = { roles: [], groups: [], subjects: [] }
    const deny = { ...none, subjects: ['bob'] }
    assert.deepEqual(acl?.get('x'), { ...none, roles: ['a'], when: 'true', deny })
  })

  test('a decision point has an address, a time, and whatever else is said', async (t) => {
    const plain = await load(
      t,
      '{ decision: { url: "https://pdp.example.com/access/v1/evaluation" } }',
    )
    assert.deepEqual(plain.decision, {
      url: 'https://pdp.example.com/access/v1/evaluation',
      kind: 'authzen',
      timeoutMs: 200,
      cacheMs: 0,
      token: undefined,
      operations: undefined,
    })
    const opa = await load(
      t,
      '{ decision: { url: "http://127.0.0.1:8181/v1/data/shop", type: opa, timeout: 1s, cache: 5s, operations: [x] } }',
    )
    const { kind, timeoutMs, cacheMs, operations } = opa.decision ?? {}
    assert.deepEqual([kind, timeoutMs, cacheMs, operations], ['opa', 1000, 5000, ['x']])
  })

  const faults: [name: string, block: string, message: RegExp][] = [
    [
      'a role that includes none',
      '{ roles: { a: { includes: [adimn] }, admin: [] } }',
      /roles\.a\.includes\[0\].*did you mean "admin"/,
    ],
    [
      'a role that includes itself',
      '{ roles: { a: { includes: [b] }, b: { includes: [a] } } }',
      /includes itself/,
    ],
    ['an unknown key of a role', '{ roles: { a: { alow: [x] } } }', /alow/],
    ['a list that lets nobody in', '{ acl: { x: {} } }', /lets nobody in/],
    [
      'a condition for nobody',
      '{ acl: { x: { when: "true", deny: { roles: [a] } } } }',
      /lets nobody in/,
    ],
    [
      'a list that keeps nobody out',
      '{ acl: { x: { roles: [a], deny: {} } } }',
      /keeps nobody out/,
    ],
    [
      'a decision point in clear',
      '{ decision: { url: "http://pdp.example.com/" } }',
      /no URL that may be asked/,
    ],
    [
      'a decision point with a password',
      '{ decision: { url: "https://a:b@pdp.example.com/" } }',
      /no URL that may be asked/,
    ],
    [
      'a decision point that may take forever',
      '{ decision: { url: "https://pdp.example.com/", timeout: 1min } }',
      /out of bounds|duration/,
    ],
    [
      'a token that is written out',
      '{ decision: { url: "https://pdp.example.com/", token: abc } }',
      /not a reference/,
    ],
  ]
  for (const [name, block, message] of faults)
    test(`refuses ${name}`, async (t) => assert.rejects(load(t, block), message))
})
