import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { faultsOf, MINIMAL, settingsOf } from './config-fixture.ts'

suite('counters', () => {
  test('are in memory unless said', async (t) =>
    assert.deepEqual((await settingsOf(t, '')).counters, { kind: 'memory' }))

  const good: [
    name: string,
    text: string,
    env: Record<string, string>,
    url: string,
    away: string,
  ][] = [
    ['a server', 'counters: redis://127.0.0.1:6379/1', {}, 'redis://127.0.0.1:6379/1', 'local'],
    ['a reference', 'counters: env:C', { C: 'rediss://u:p@h/0\n' }, 'rediss://u:p@h/0', 'local'],
    [
      'what holds while it is away',
      'counters: valkey://h\nlimits: { whenStoreFails: closed }',
      {},
      'valkey://h',
      'closed',
    ],
    [
      'strict, which counts as local',
      'counters: redis://h\nlimits: { whenStoreFails: strict }',
      {},
      'redis://h',
      'local',
    ],
  ]
  for (const [name, text, env, url, away] of good)
    test(`takes ${name}`, async (t) => {
      const { counters } = await settingsOf(t, text, { env })
      assert.equal(counters.kind, 'redis')
      assert.deepEqual([counters.url.reveal(), counters.whenAway], [url, away])
    })

  test('what is closed while it is away can be said at the top and in a rule', async (t) => {
    const { blocks, rules } = await settingsOf(
      t,
      `limits: { whenStoreFails: strict }
rules: [{ tags: [money], limits: { sensitivity: high } }]`,
    )
    assert.equal(blocks.limits.whenStoreFails, 'strict')
    assert.equal(blocks.limits.sensitivity, 'normal')
    assert.equal(rules[0]?.limits.sensitivity, 'high')
  })

  const bad: [name: string, text: string, env: Record<string, string>, expected: RegExp][] = [
    ['another store', 'counters: memcached://h', {}, /no URL of Redis/],
    ['a password in the file', 'counters: redis://u:secret@h', {}, /holds a password/],
    ['a reference to something else', 'counters: env:C', { C: 'http://h' }, /no URL of Redis/],
    ['a variable that is not set', 'counters: env:C', {}, /is not set/],
  ]
  for (const [name, text, env, expected] of bad)
    test(`refuses ${name}`, async (t) => {
      const found = (await faultsOf(t, MINIMAL + text, { env })).map(({ message }) => message)
      assert.match(found.join('\n'), expected)
      assert.doesNotMatch(found.join('\n'), /secret/)
    })
})
