import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../src/base/testing/free-port.ts'
import { DOCUMENT, makeFolder, runCli, serve, startApi } from './testing/cli-process.ts'

const RULE = `authorize:
  operations:
    getOrder: relation("order:" + string(path.orderId), "viewer", subject.id)
`

async function setUp(
  t: TestContext,
  more = '',
): Promise<{ folder: string; status: (key: string) => Promise<number> }> {
  const upstream = await startApi(t, { id: 7 })
  const port = await freePort()
  const yaml = `openapi: ./openapi.yaml\nupstream: ${upstream}\nlisten: { http: ${port}, plain: serve }\n${RULE}${more}`
  const folder = makeFolder(t, { 'openapi.yaml': DOCUMENT, 'sallyport.yaml': yaml })
  const status = async (key: string): Promise<number> => {
    const headers = { authorization: `Bearer ${key}` }
    const answer = await fetch(`http://127.0.0.1:${port}/orders/7`, { headers })
    await answer.arrayBuffer()
    return answer.status
  }
  return { folder, status }
}

async function becomes(status: () => Promise<number>, wanted: number): Promise<void> {
  const endsAt = performance.now() + 1000
  while (performance.now() < endsAt) {
    // Several, so that every thread is asked.
    const all = await Promise.all(Array.from({ length: 8 }, status))
    if (all.every((one) => one === wanted)) return
    await sleep(20)
  }
  assert.fail(`it is not ${wanted} within a second`)
}

async function relations(
  folder: string,
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly value: unknown }> {
  const { code, stdout } = await runCli(folder, 'relations', ...args, '--json')
  return { code, value: JSON.parse(stdout) }
}

suite('relations', () => {
  for (const workers of [1, 2])
    test(`let in and keep out within a second, with ${workers} worker(s)`, async (t) => {
      const { folder, status } = await setUp(
        t,
        `workers: ${workers}\nlogs: { sinks: ["file:./gateway.log"] }\n`,
      )
      await serve(t, folder)
      const made = await runCli(folder, 'keys', 'create', '--owner', 'ann', '--json')
      const { id, key } = JSON.parse(made.stdout) as { readonly id: string; readonly key: string }
      assert.equal(await status(key), 404)
      await relations(folder, 'add', 'order:7#viewer@group:eng#member', 'group:eng#member@ann')
      await becomes(() => status(key), 200)
      const told = await runCli(
        folder,
        'explain',
        'GET',
        '/orders/7',
        '--as',
        `key:${id}`,
        '--json',
      )
      assert.match(told.stdout, /"passes": true/)
      await relations(folder, 'remove', 'group:eng#member@ann')
      await becomes(() => status(key), 404)
      const no = await runCli(folder, 'explain', 'GET', '/orders/7', '--as', `key:${id}`, '--json')
      assert.match(no.stdout, /does not hold: relation/)
      assert.match(no.stdout, /"line": 6/)
      const log = readFileSync(join(folder, 'gateway.log'), 'utf8')
      assert.match(log, /"authz_change"[^\n]*order:7#viewer group:eng#member/)
    })

  test('are added, listed, checked and removed', async (t) => {
    const { folder } = await setUp(t)
    const add = await relations(
      folder,
      'add',
      'order:7#viewer@group:eng#member',
      'group:eng#member@ann',
    )
    assert.deepEqual(add, { code: 0, value: { added: 2, removed: 0 } })
    const again = await relations(
      folder,
      'add',
      'group:eng#member@ann',
      'group:eng#member@ann',
      '--tenant',
      't1',
    )
    assert.deepEqual(again.value, { added: 1, removed: 0 })
    const list = await relations(folder, 'list', '--relation', 'member')
    assert.deepEqual(
      (list.value as { tenant: string }[]).map(({ tenant }) => tenant),
      ['', 't1'],
    )
    const yes = await relations(folder, 'check', 'order:7', 'viewer', 'ann')
    assert.deepEqual(yes, { code: 0, value: { holds: true } })
    const no = await relations(folder, 'check', 'order:7', 'viewer', 'ann', '--tenant', 't1')
    assert.deepEqual(no, { code: 2, value: { holds: false } })
    const objects = await relations(folder, 'objects', 'ann')
    assert.deepEqual(objects.value, {
      objects: [
        { object: 'group:eng', relation: 'member' },
        { object: 'order:7', relation: 'viewer' },
      ],
      isWhole: true,
    })
    const gone = await relations(folder, 'remove', 'group:eng#member@ann')
    assert.deepEqual(gone.value, { added: 0, removed: 1 })
  })

  const wrong: readonly [name: string, args: readonly string[], message: RegExp][] = [
    ['a text that is no tuple', ['add', 'order:7'], /no tuple/],
    ['an object without type', ['check', '7', 'viewer', 'ann'], /no object/],
    ['a set where one is asked about', ['check', 'order:7', 'viewer', 'g:a#m'], /no subject/],
    ['a limit that is none', ['list', '--limit', '0'], /no number/],
  ]
  for (const [name, args, message] of wrong)
    test(`refuse ${name}`, async (t) => {
      const { folder } = await setUp(t)
      const { code, stderr } = await runCli(folder, 'relations', ...args)
      assert.equal(code, 1)
      assert.match(stderr, message)
    })

  test('need a store that outlives the gateway', async (t) => {
    const { folder } = await setUp(t, 'store: "memory:"\n')
    const { code, stderr } = await runCli(folder, 'relations', 'list')
    assert.equal(code, 1)
    assert.match(stderr, /memory/)
  })
})
