import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { controls } from '../../src/controls/index.ts'
import { judge, planJobs, selectCases } from './attacks.ts'
import type { Case, Tried } from './attacks.ts'
import type { Standing } from './messages.ts'
import { proofs } from './proofs.ts'

const tried = (outcome: Tried['outcome'], fault?: string): Tried =>
  fault === undefined ? { outcome, ms: 1 } : { outcome, ms: 1, fault }
const one: Case = {
  control: 'body',
  attack: { id: 'VAL-01', name: 'does something', run: () => Promise.resolve(true) },
}

const verdicts: [
  name: string,
  without: Tried,
  withAll: Tried,
  standing: Standing,
  reason?: RegExp,
][] = [
  ['is proven by success without and failure with', tried('succeeds'), tried('fails'), 'enforce'],
  [
    'is not when it works all the same',
    tried('succeeds'),
    tried('succeeds'),
    'enforce',
    /does not stop/,
  ],
  ['is not when it never worked', tried('fails'), tried('fails'), 'enforce', /even without/],
  [
    'is not when only the whole gateway lets it through',
    tried('fails'),
    tried('succeeds'),
    'enforce',
    /not stop/,
  ],
  [
    'is not while the control watches',
    tried('succeeds'),
    tried('succeeds'),
    'monitor',
    /mode monitor/,
  ],
  ['is not while the control is off', tried('succeeds'), tried('succeeds'), 'off', /mode off/],
  [
    'is not where the settings leave it nothing',
    tried('succeeds'),
    tried('succeeds'),
    'unset',
    /settings/,
  ],
  [
    'is not when it broke with the control',
    tried('succeeds'),
    tried('untried', 'x'),
    'enforce',
    /tried: x/,
  ],
  [
    'is not when it broke without',
    tried('untried', 'y'),
    tried('fails'),
    'enforce',
    /without the control: y/,
  ],
]

suite('an attack', () => {
  for (const [name, without, withAll, standing, reason] of verdicts)
    test(name, () => {
      const row = judge(one, { without, with: withAll }, standing)
      assert.equal(row.isProven, reason === undefined)
      if (reason === undefined) assert.equal(row.reason, undefined)
      else assert.match(row.reason ?? '', reason)
    })
})

suite('the attacks', () => {
  test('stand for every control, in their order', () =>
    assert.deepEqual(
      proofs.map(({ control }) => control),
      controls.map(({ name }) => name),
    ))

  test('name rows of the catalogue, and no control has more than ten, or one for each row', () => {
    for (const [index, { control, attacks }] of proofs.entries()) {
      const most = Math.max(10, controls[index]?.ids.length ?? 0)
      assert.ok(attacks.length > 0 && attacks.length <= most, control)
      for (const { id } of attacks) assert.match(id, /^[A-Z]{3,4}-\d\d$/)
    }
  })

  test('are chosen by control or by id in any case', () => {
    assert.ok(selectCases('body').every(({ control }) => control === 'body'))
    assert.ok(selectCases('key-02').every(({ attack }) => attack.id === 'KEY-02'))
    assert.ok(selectCases('key-02').length > 0)
    assert.equal(selectCases('nothing').length, 0)
    assert.equal(selectCases(undefined).length, proofs.flatMap(({ attacks }) => attacks).length)
  })

  test('are each tried once with everything in place and once without their control', () => {
    const cases = selectCases(undefined)
    const jobs = planJobs(cases)
    for (const each of cases) {
      const own = jobs.filter((job) => job.cases.includes(each)).map(({ omit }) => omit)
      assert.deepEqual(own, [undefined, each.control])
    }
  })
})
