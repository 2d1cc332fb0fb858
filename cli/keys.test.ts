import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../src/base/testing/free-port.ts'
import { keyIdOf } from './keys.ts'
import { DOCUMENT, makeFolder, runCli, serve, startApi } from './testing/cli-process.ts'

interface Key {
  readonly id: string
  readonly key: string
  readonly expiresAt: string
}

/** A folder with a gateway's configuration, and how to ask that gateway for the order with a key. */
async function setUp(
  t: TestContext,
  more = '',
): Promise<{ folder: string; status: (key: string) => Promise<number> }> {
  const upstream = await startApi(t, { id: 7 })
  const port = await freePort()
  const yaml = `openapi: ./openapi.yaml\nupstream: ${upstream}\nlisten: { http: ${port}, plain: serve }\n${more}`
  const folder = makeFolder(t, { 'openapi.yaml': DOCUMENT, 'sallyport.yaml': yaml })
  const status = async (key: string): Promise<number> => {
    const headers = { authorization: `Bearer ${key}` }
    const answer = await fetch(`http://127.0.0.1:${port}/orders/7`, { headers })
    await answer.arrayBuffer()
    return answer.status
  }
  return { folder, status }
}

async function json<T>(folder: string, ...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await runCli(folder, 'keys', ...args, '--json')
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as T
}

const isGone = async (status: () => Promise<number>): Promise<boolean> => {
  const endsAt = performance.now() + 1000
  while (performance.now() < endsAt) {
    if ((await status()) === 401) return true
    await sleep(20)
  }
  return false
}

test('a key works at once, through rotation, until it is revoked', async (t) => {
  const { folder, status } = await setUp(t)
  await serve(t, folder)
  const made = await json<Key>(folder, 'create')
  assert.equal(await status(made.key), 200, 'a new key is good at once')
  const days = (Date.parse(made.expiresAt) - Date.now()) / 86_400_000
  assert.ok(days > 89.9 && days <= 90, `lives ${days} days`)

  const renewed = await json<Key>(folder, 'rotate', made.id, '--overlap', '1h')
  assert.notEqual(renewed.key, made.key)
  assert.deepEqual([await status(made.key), await status(renewed.key)], [200, 200])
  const strict = await json<Key>(folder, 'rotate', made.id, '--overlap', '0s')
  assert.deepEqual([await status(renewed.key), await status(strict.key)], [401, 200])

  const list = await json<readonly Key[]>(folder, 'list')
  assert.ok(Array.isArray(list))
  assert.deepEqual(
    list.map(({ id }) => id),
    [made.id],
  )
  assert.ok(!JSON.stringify(list).includes(strict.key), 'no key is shown again')

  assert.equal((await runCli(folder, 'keys', 'revoke', made.id, '--why', 'lost')).code, 0)
  assert.ok(await isGone(() => status(strict.key)), 'a revoked key is refused within a second')
})

test('a key that was made before the start is good, and one revoked in the store is not', async (t) => {
  const { folder, status } = await setUp(t)
  const made = await json<Key>(folder, 'create', '--name', 'first', '--expires', '1d')
  const dead = await json<Key>(folder, 'create')
  await json(folder, 'revoke', dead.id)
  await serve(t, folder)
  assert.deepEqual([await status(made.key), await status(dead.key)], [200, 401])
})

test('what a key may do can be confined, and let loose again', async (t) => {
  const { folder, status } = await setUp(t)
  await serve(t, folder)
  const { id, key } = await json<Key>(
    folder,
    'create',
    '--operation',
    'health',
    '--cidr',
    '10.0.0.0/8',
  )
  assert.equal(await status(key), 403)
  await json(folder, 'update', id, '--any-operation')
  assert.equal(await status(key), 403)
  await json(folder, 'update', id, '--any-cidr')
  assert.equal(await status(key), 200)
})

test('keys of store memory are made at the running gateway', async (t) => {
  const { folder, status } = await setUp(t, 'store: "memory:"\n')
  const early = await runCli(folder, 'keys', 'create')
  assert.equal(early.code, 1)
  assert.match(early.stderr, /store is memory: keys live in the running gateway, and none answers/)
  await serve(t, folder)
  const { key } = await json<Key>(folder, 'create')
  assert.equal(await status(key), 200)
})

test('a gateway that was started with flags has its keys beside it', async (t) => {
  const upstream = await startApi(t, { id: 7 })
  const folder = makeFolder(t, { 'openapi.yaml': DOCUMENT })
  const flags = ['--openapi', 'openapi.yaml', '--upstream', upstream]
  const none = await runCli(folder, 'keys', 'create')
  assert.equal(none.code, 1)
  assert.match(none.stderr, /there is no sallyport\.yaml here/)
  const first = await json<Key>(folder, 'create', ...flags)
  const second = await json<Key>(folder, 'create')
  const list = await json<readonly Key[]>(folder, 'list')
  assert.deepEqual(
    list.map(({ id }) => id),
    [first.id, second.id],
  )
})

const refusals: [name: string, args: string[], message: RegExp][] = [
  ['a key that does not exist', ['revoke', 'aaaaaaaaaaaa'], /there is no key aaaaaaaaaaaa/],
  ['a life that is too long', ['create', '--expires', '400d'], /expires: a key lives 365 days/],
  ['a network that is none', ['create', '--cidr', 'here'], /cidrs\[0\]: "here" is not an address/],
  ['a publishable key without origin', ['create', '--kind', 'pk'], /needs origins/],
  [
    'an operation that no document has',
    ['create', '--operation', 'heatlh'],
    /operations\[0\]: "heatlh" is no operation of the documents \(did you mean "health"\?/,
  ],
  [
    'a scope that nobody asks for',
    ['create', '--scope', 'nope'],
    /scopes\[0\]: "nope" is no scope that an operation asks for/,
  ],
  [
    'a role that is not written',
    ['create', '--role', 'nope'],
    /roles\[0\]: "nope" is no role of authorize \(there is none; --allow-unknown/,
  ],
  ['a change of nothing', ['update', 'aaaaaaaaaaaa'], /nothing to change/],
]
for (const [name, args, message] of refusals) {
  test(`refuses ${name}`, async (t) => {
    const { folder } = await setUp(t)
    const text = await runCli(folder, 'keys', ...args)
    assert.equal(text.code, 1)
    assert.equal(text.stdout, '')
    assert.match(text.stderr, message)
    assert.doesNotMatch(text.stderr, / at .*\.ts/)
    const data = await runCli(folder, 'keys', ...args, '--json')
    assert.equal(data.code, 1)
    const [fault] = JSON.parse(data.stdout) as { path: string; message: string }[]
    assert.equal(typeof fault?.message, 'string')
  })
}

test('a running gateway refuses a name that its plan does not know, unless it is told to take it', async (t) => {
  const { folder, status } = await setUp(t)
  await serve(t, folder)
  const refused = await runCli(folder, 'keys', 'create', '--operation', 'nope')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /operations\[0\]: "nope" is no operation of the documents/)
  const flags = ['--operation', 'nope', '--allow-unknown']
  const { key } = await json<Key>(folder, 'create', ...flags)
  assert.equal(await status(key), 403)
})

const names: [name: string, text: string, id: string][] = [
  ['an id', 'k3yid2abcdef', 'k3yid2abcdef'],
  ['the principal of a log line', 'key:k3yid2abcdef', 'k3yid2abcdef'],
  ['the hint of a list', 'sp_sk_live_k3yid2abcdef_…wxyz', 'k3yid2abcdef'],
  ['a key itself', `sp_sk_live_k3yid2abcdef_${'x'.repeat(43)}_00000000`, 'k3yid2abcdef'],
  ['anything else as it is', 'key:short', 'key:short'],
]
for (const [name, text, id] of names) {
  test(`a key may be named by ${name}`, () => assert.equal(keyIdOf(text), id))
}
