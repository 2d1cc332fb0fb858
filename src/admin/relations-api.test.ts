import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConfigError } from '../base/config-error.ts'
import { MemoryRelations } from '../store/relations/memory-relations.ts'
import type { LifecycleEvent } from '../telemetry/security-events.ts'
import { changeRelations } from './relations-api.ts'

function start() {
  const relations = new MemoryRelations()
  const events: LifecycleEvent[] = []
  const target = { relations, emit: (event: LifecycleEvent) => void events.push(event) }
  const call = async (body: unknown): Promise<unknown> =>
    JSON.parse((await changeRelations({ target, body, nowMs: 0 })).body)
  return { relations, events, call }
}

suite('a change of relations', () => {
  test('is made in one step, and the log tells of what objects, not of whom', async () => {
    const { relations, events, call } = start()
    const add = ['doc:1#viewer@ann', 'doc:1#viewer@group:eng#member']
    assert.deepEqual(await call({ add, tenant: 't1' }), { added: 2, removed: 0 })
    const move = { remove: ['doc:1#viewer@ann'], add: ['doc:1#viewer@bob'], tenant: 't1' }
    assert.deepEqual(await call(move), { added: 1, removed: 1 })
    assert.deepEqual(
      relations.list({ limit: 10 }).map(({ tenant, subject }) => [tenant, subject]),
      [
        ['t1', 'bob'],
        ['t1', 'group:eng#member'],
      ],
    )
    assert.deepEqual(
      events.map(({ name, detail, facts }) => [name, detail, facts?.['added'], facts?.['removed']]),
      [
        ['authz_change', 'doc:1#viewer', 2, 0],
        ['authz_change', 'doc:1#viewer', 1, 1],
      ],
    )
    assert.ok(!JSON.stringify(events).includes('bob'))
  })

  test('names no more objects than a line holds', async () => {
    const { events, call } = start()
    await call({ add: Array.from({ length: 30 }, (_, i) => `doc:${i}#viewer@ann`) })
    assert.match(events[0]?.detail ?? '', /^(?:doc:\d+#viewer ){20}…$/)
  })

  const wrong: readonly [name: string, body: unknown, path: string][] = [
    ['what is no tuple', { add: ['doc:1#viewer@ann', 'doc'] }, 'add[1]'],
    ['what is no list', { add: 'doc:1#viewer@ann' }, 'add'],
    ['a field that is none', { ad: [] }, 'ad'],
    ['more than a thousand', { remove: Array.from({ length: 1001 }, () => 'd:1#v@a') }, 'remove'],
  ]
  for (const [name, body, path] of wrong)
    test(`refuses ${name}, and changes nothing`, async () => {
      const { relations, events, call } = start()
      await assert.rejects(
        call(body),
        (error) => error instanceof ConfigError && error.faults[0]?.path === path,
      )
      assert.deepEqual([relations.list({ limit: 10 }), events], [[], []])
    })
})
