import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { comes, open, placesOf } from './travel-fixture.ts'
import type { Plan } from './travel-fixture.ts'

/** Address and minutes after the one before. */
type Step = readonly [from: string, minutes: number]

const ROWS: [name: string, plan: Plan, steps: readonly Step[], reason: string | undefined][] = [
  [
    'the same place',
    {},
    [
      ['49.0.0.1', 0],
      ['49.9.9.9', 1],
    ],
    undefined,
  ],
  [
    'a neighbor country',
    {},
    [
      ['49.0.0.1', 0],
      ['43.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'another continent in minutes',
    {},
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 5],
    ],
    'credential_quarantined',
  ],
  [
    'another continent by plane',
    {},
    [
      ['49.0.0.1', 0],
      ['55.0.0.1', 11 * 60],
    ],
    undefined,
  ],
  [
    'the same, faster than a plane',
    {},
    [
      ['49.0.0.1', 0],
      ['55.0.0.1', 5 * 60],
    ],
    'credential_quarantined',
  ],
  [
    'another continent the next day',
    {},
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 24 * 60],
    ],
    undefined,
  ],
  [
    'the other side after a step on the way',
    {},
    [
      ['49.0.0.1', 0],
      ['10.0.0.1', 5],
      ['61.0.0.1', 5],
    ],
    'credential_quarantined',
  ],
  [
    'an address that is nowhere',
    {},
    [
      ['49.0.0.1', 0],
      ['10.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'a country that nobody knows',
    {},
    [
      ['49.0.0.1', 0],
      ['99.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'another coast of the same country',
    {},
    [
      ['70.0.0.1', 0],
      ['71.0.0.1', 30],
    ],
    'credential_quarantined',
  ],
  [
    'another coast by plane',
    {},
    [
      ['70.0.0.1', 0],
      ['71.0.0.1', 5 * 60],
    ],
    undefined,
  ],
  [
    'a network of a VPN',
    { vpn: ['61.0.0.0/8'] },
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'from a network of a VPN',
    { vpn: ['61.0.0.0/8'] },
    [
      ['61.0.0.1', 0],
      ['49.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'an exempt network',
    { exempt: ['61.0.0.0/8'] },
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'a database that is too old',
    { places: placesOf(false) },
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'travel that is not watched',
    { travel: undefined },
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'travel that is only told',
    { travel: 'log' },
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'a key that cannot step up',
    { travel: 'step-up' },
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 1],
    ],
    'hijack_wait',
  ],
  [
    'the owner, who goes on',
    { travel: 'step-up' },
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 1],
      ['49.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'the owner, when it was put away',
    {},
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 1],
      ['49.0.0.1', 1],
    ],
    'credential_quarantined',
  ],
  [
    'a use that is hours ago, kept up meanwhile',
    {},
    [
      ['49.0.0.1', 0],
      ['49.0.0.1', 300],
      ['55.0.0.1', 300],
    ],
    'credential_quarantined',
  ],
]

suite('travel', () => {
  for (const [name, plan, steps, reason] of ROWS)
    for (const where of ['one thread', 'many threads', 'counters elsewhere'] as const) {
      // What is exact is known to one thread only.
      if (where !== 'one thread' && name.startsWith('another coast')) continue
      test(`${name} (${where})`, async () => {
        const { bench, thread } = open({ ...plan, isLater: where === 'counters elsewhere' })
        const one = thread()
        let last: string | undefined
        for (const [from, minutes] of steps) {
          bench.clock.advance(minutes * 60_000)
          last = (await comes(where === 'many threads' ? thread() : one, bench, from)).reason
        }
        assert.equal(last, reason)
      })
    }

  test('a proxy that hides its clients is nowhere', async () => {
    const { bench, thread } = open()
    const guard = thread()
    await comes(guard, bench, '49.0.0.1')
    assert.equal((await comes(guard, bench, { proxy: '61.0.0.1' })).reason, undefined)
    assert.equal((await comes(guard, bench, '61.1.0.1')).reason, 'credential_quarantined')
  })
})
