import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Principal } from '../../identity/principal.ts'
import { riskKeys } from '../risk-book.ts'
import type { Bench } from '../testing/bench.ts'
import { assertRefused } from '../testing/check.ts'
import { unlockKeys } from '../unlock-keys.ts'
import { hijack } from './control.ts'
import { comes, eventsOf, open, tokenOf } from './travel-fixture.ts'

const HOUR_MS = 3_600_000
const IMPOSSIBLE = 'authn_impossible_travel'
const NEW = 'sp_new_location'

suite('what follows travel', () => {
  test('is told with both places, the way and the speed', async () => {
    const { bench, thread } = open({ travel: 'log' })
    const guard = thread()
    await comes(guard, bench, '49.0.0.1')
    bench.clock.advance(30 * 60_000)
    const { exchange } = await comes(guard, bench, '61.0.0.1')
    const event = exchange.events.find(({ name }) => name === IMPOSSIBLE)
    assert.match(
      event?.detail ?? '',
      /^from DE \(51\.0, 10\.5, within 500 km\) to AU \(.*\), at least 1\d{4} km in 30 min \(2\d{4} km\/h\)$/,
    )
    assert.deepEqual([event?.level, event?.control], ['critical', 'hijack'])
    assert.deepEqual(exchange.risk?.signals.includes('impossible_travel'), true)
  })

  test('that is only told is told once for a network, and learnt', async () => {
    const { bench, thread } = open({ travel: 'log' })
    const guard = thread()
    await comes(guard, bench, '49.0.0.1')
    assert.ok(eventsOf(await comes(guard, bench, '61.0.0.1')).includes(IMPOSSIBLE))
    for (const from of ['49.0.0.1', '61.0.0.1', '49.0.0.1', '61.0.0.9'])
      for (const one of [guard, thread()])
        assert.ok(!eventsOf(await comes(one, bench, from)).includes(IMPOSSIBLE), from)
  })

  test('a new country is told once, the first one is none', async () => {
    const { bench, thread } = open({ travel: 'log' })
    assert.deepEqual(eventsOf(await comes(thread(), bench, '49.0.0.1')), [])
    bench.clock.advance(12 * HOUR_MS)
    const there = await comes(thread(), bench, '55.0.0.1')
    assert.deepEqual(
      eventsOf(there).filter((name) => name !== 'sp_token_misuse'),
      [NEW],
    )
    assert.equal(there.exchange.events.find(({ name }) => name === NEW)?.level, 'info')
    bench.clock.advance(12 * HOUR_MS)
    for (const from of ['49.0.0.1', '55.0.0.1'])
      assert.ok(!eventsOf(await comes(thread(), bench, from)).includes(NEW))
  })

  test('a principal is followed from token to token', async () => {
    const { bench, thread } = open()
    const guard = thread()
    await comes(guard, bench, '49.0.0.1', tokenOf('one'))
    const other = await comes(guard, bench, '61.0.0.1', tokenOf('two'))
    assert.equal(other.reason, 'credential_quarantined')
    // The owner's own is another one.
    assert.equal((await comes(guard, bench, '49.0.0.1', tokenOf('one'))).reason, undefined)
  })

  for (const travel of ['step-up', 'kill'] as const)
    test(`${travel}: a new log-in after the question opens that network, not others`, async () => {
      const { bench, thread } = open({ travel, acr: ['urn:mfa'] })
      const guard = thread()
      const refused = travel === 'kill' ? 'credential_quarantined' : 'hijack_step_up'
      const loggedInNow = (jti: string, acr = 'urn:mfa'): Principal =>
        tokenOf(jti, { auth_time: Math.floor(bench.clock.nowMs() / 1000), acr })
      await comes(guard, bench, '49.0.0.1', loggedInNow('one'))
      bench.clock.advance(60_000)
      assert.equal((await comes(guard, bench, '61.0.0.1', tokenOf('two'))).reason, refused)
      bench.clock.advance(60_000)
      const weak = loggedInNow('three', 'urn:password')
      assert.equal((await comes(guard, bench, '61.0.0.1', weak)).reason, refused)
      const strong = loggedInNow('four')
      assert.equal((await comes(guard, bench, '61.0.0.1', strong)).reason, undefined)
      assert.equal((await comes(guard, bench, '49.0.0.1', loggedInNow('five'))).reason, undefined)
      // Another network there was not asked yet.
      assert.equal((await comes(guard, bench, '61.9.0.1', loggedInNow('six'))).reason, refused)
    })

  test('an old log-in is no answer', async () => {
    const { bench, thread } = open({ travel: 'step-up' })
    const guard = thread()
    const old = (jti: string): Principal =>
      tokenOf(jti, { auth_time: Math.floor(bench.clock.nowMs() / 1000) - 600 })
    await comes(guard, bench, '49.0.0.1', old('one'))
    for (const jti of ['two', 'three'])
      assert.equal((await comes(guard, bench, '61.0.0.1', old(jti))).reason, 'hijack_step_up')
  })

  for (const [how, keys] of [
    ['lifting the credential', () => riskKeys('credential:key:k1')],
    ['unlocking the key', (bench: Bench) => unlockKeys({ principal: 'key:k1' }, bench.sites)],
  ] as const)
    test(`${how} lets the key in from where it is`, async () => {
      const { bench, thread } = open()
      const guard = thread()
      await comes(guard, bench, '49.0.0.1')
      assert.equal((await comes(guard, bench, '61.0.0.1')).reason, 'credential_quarantined')
      for (const name of keys(bench)) bench.counters.reset(name)
      assert.equal((await comes(guard, bench, '61.0.0.1')).reason, undefined)
    })

  test('on trial it is told and nothing follows', async () => {
    const { bench, kit } = open()
    const modes = new Map([['hijack', 'monitor'] as const])
    const guard = bench.guard(hijack, 'me', { detect: bench.policy.detect, modes }, kit)
    await comes(guard, bench, '49.0.0.1')
    const there = await comes(guard, bench, '61.0.0.1')
    assertRefused(undefined, there.reason)
    assert.ok(eventsOf(there).includes(IMPOSSIBLE))
  })
})
