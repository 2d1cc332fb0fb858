import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { modeOf, STAGES } from './control.ts'
import type { Mode, Policy } from './policy.ts'

/** The part of a policy that decides about modes. */
interface Parts {
  readonly mode: Mode
  readonly modes?: Readonly<Record<string, Mode>>
  readonly adopt?: true
}

function policyOf({ mode, modes = {}, adopt }: Parts): Policy {
  // The other blocks have no say.
  return {
    mode,
    modes: new Map(Object.entries(modes)),
    adopt: adopt === undefined ? undefined : { untilMs: 1 },
  } as unknown as Policy
}

const OBSERVED = { name: 'parameters', block: 'validate', adopt: 'observe' } as const
const ENFORCED = { name: 'parameters', block: 'validate', adopt: 'enforce' } as const
const FIXED = { name: 'wire', block: undefined, adopt: 'enforce' } as const

const cases: [name: string, control: Parameters<typeof modeOf>[0], parts: Parts, mode: Mode][] = [
  [
    'the mode of the whole holds where nothing else is written',
    ENFORCED,
    { mode: 'monitor' },
    'monitor',
  ],
  [
    'the mode of its block goes before that of the whole',
    ENFORCED,
    { mode: 'monitor', modes: { validate: 'enforce' } },
    'enforce',
  ],
  [
    'its own mode goes before that of its block',
    ENFORCED,
    { mode: 'enforce', modes: { validate: 'monitor', parameters: 'off' } },
    'off',
  ],
  [
    'a mode of another block has no say',
    ENFORCED,
    { mode: 'enforce', modes: { limits: 'off', body: 'off' } },
    'enforce',
  ],
  [
    'adoption observes where the control says so',
    OBSERVED,
    { mode: 'enforce', adopt: true },
    'monitor',
  ],
  [
    'adoption enforces where the control says so',
    ENFORCED,
    { mode: 'enforce', adopt: true },
    'enforce',
  ],
  ['without adoption the control enforces', OBSERVED, { mode: 'enforce' }, 'enforce'],
  [
    'a written mode of the block goes before adoption',
    OBSERVED,
    { mode: 'enforce', adopt: true, modes: { validate: 'enforce' } },
    'enforce',
  ],
  [
    'a written mode of its own goes before adoption',
    OBSERVED,
    { mode: 'enforce', adopt: true, modes: { parameters: 'off' } },
    'off',
  ],
  [
    'what adoption enforces is only watched where everything is',
    ENFORCED,
    { mode: 'monitor', adopt: true },
    'monitor',
  ],
  ['a control without a block enforces under any mode', FIXED, { mode: 'off' }, 'enforce'],
  [
    'a control without a block enforces though its name is written',
    FIXED,
    { mode: 'monitor', adopt: true, modes: { wire: 'off' } },
    'enforce',
  ],
]
for (const [name, control, parts, mode] of cases) {
  test(name, () => assert.equal(modeOf(control, policyOf(parts)), mode))
}

test('no policy loosens a control without a block', () => {
  const mode = fc.constantFrom<Mode>('enforce', 'monitor', 'off')
  const modes = fc.dictionary(fc.constantFrom('wire', 'validate', 'undefined', ''), mode)
  fc.assert(
    fc.property(mode, modes, fc.boolean(), (whole, written, adopt) => {
      const parts = { mode: whole, modes: written, ...(adopt ? { adopt: true as const } : {}) }
      assert.equal(modeOf(FIXED, policyOf(parts)), 'enforce')
      assert.equal(modeOf({ ...FIXED, adopt: 'observe' }, policyOf(parts)), 'enforce')
    }),
  )
})

test('a request meets the stages in the order of DESIGN 4', () => {
  const order = [
    'admit',
    'route',
    'authenticate',
    'limit',
    'authorize',
    'validate',
    'body',
    'filter',
  ]
  assert.deepEqual(
    STAGES.filter((stage) => order.includes(stage)),
    order,
  )
  assert.equal(STAGES.at(-1), 'record')
})
