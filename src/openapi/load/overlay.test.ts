import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Findings } from './findings.ts'
import { applyOverlay } from './overlay.ts'

function apply(document: unknown, actions: unknown): { result: unknown; codes: readonly string[] } {
  const findings = new Findings()
  const overlay = { overlay: '1.0.0', info: { title: 'o', version: '1' }, actions }
  const result = applyOverlay({ document, overlay, file: 'o.yaml', findings })
  return {
    result,
    codes: findings
      .all()
      .map((finding) => `${finding.severity} ${finding.code} ${finding.source.pointer}`),
  }
}

const cases: [
  name: string,
  document: unknown,
  actions: unknown,
  expected: unknown,
  codes?: readonly string[],
][] = [
  [
    'merges objects deeply',
    { a: { b: 1, c: { d: 2 } } },
    [{ target: '$.a', update: { c: { e: 3 } } }],
    { a: { b: 1, c: { d: 2, e: 3 } } },
  ],
  ['replaces scalars', { a: { b: 1 } }, [{ target: '$.a', update: { b: 2 } }], { a: { b: 2 } }],
  [
    'replaces what is of another kind',
    { a: { b: [1] } },
    [{ target: '$.a', update: { b: { c: 1 } } }],
    { a: { b: { c: 1 } } },
  ],
  [
    'appends to the lists of an object',
    { a: { b: [1] } },
    [{ target: '$.a', update: { b: [2] } }],
    { a: { b: [1, 2] } },
  ],
  [
    'appends an entry to a list',
    { a: [1] },
    [{ target: '$.a', update: { x: 1 } }],
    { a: [1, { x: 1 }] },
  ],
  [
    'updates every place',
    { a: [{}, {}] },
    [{ target: '$.a[*]', update: { x: 1 } }],
    { a: [{ x: 1 }, { x: 1 }] },
  ],
  ['removes members', { a: { b: 1, c: 2 } }, [{ target: '$.a.b', remove: true }], { a: { c: 2 } }],
  [
    'removes several items of a list',
    { a: [0, 1, 2, 3] },
    [{ target: '$.a[0,2]', remove: true }],
    { a: [1, 3] },
  ],
  [
    'removes before it updates',
    { a: { b: 1 } },
    [{ target: '$.a', remove: true, update: { c: 1 } }],
    {},
  ],
  [
    'works through actions in order',
    { a: {} },
    [
      { target: '$.a', update: { b: {} } },
      { target: '$.a.b', update: { c: 1 } },
    ],
    { a: { b: { c: 1 } } },
  ],
  [
    'tells of an action that finds nothing',
    { a: 1 },
    [{ target: '$.b', remove: true }],
    { a: 1 },
    ['warning overlay-unmatched /actions/0/target'],
  ],
  [
    'refuses a path it does not know',
    { a: 1 },
    [{ target: '$.a[1:2]', remove: true }],
    { a: 1 },
    ['error overlay-path /actions/0/target'],
  ],
  [
    'refuses to update a scalar',
    { a: 1 },
    [{ target: '$.a', update: { b: 1 } }],
    { a: 1 },
    ['error overlay-target /actions/0'],
  ],
  [
    'refuses to put a list into an object',
    { a: {} },
    [{ target: '$.a', update: [1] }],
    { a: {} },
    ['error overlay-target /actions/0'],
  ],
  [
    'refuses to remove everything',
    { a: 1 },
    [{ target: '$', remove: true }],
    { a: 1 },
    ['error overlay-target /actions/0/target'],
  ],
  [
    'refuses an action without a target',
    { a: 1 },
    [{ remove: true }],
    { a: 1 },
    ['error overlay-malformed /actions/0'],
  ],
  [
    'refuses an action without a change',
    { a: 1 },
    [{ target: '$.a' }],
    { a: 1 },
    ['error overlay-malformed /actions/0'],
  ],
  ['refuses no actions', { a: 1 }, [], { a: 1 }, ['error overlay-malformed /actions']],
]
for (const [name, document, actions, expected, codes = []] of cases) {
  test(name, () => {
    const before = JSON.stringify(document)
    const applied = apply(document, actions)
    assert.deepEqual(applied.result, expected)
    assert.deepEqual(applied.codes, codes)
    assert.equal(JSON.stringify(document), before, 'the document given stays as it was')
  })
}

test('changes one of two places that YAML aliases share', () => {
  const shared = { x: 1 }
  const { result } = apply({ a: shared, b: shared }, [{ target: '$.a', update: { x: 2 } }])
  assert.deepEqual(result, { a: { x: 2 }, b: { x: 1 } })
})

test('stops an overlay that makes the document explode', () => {
  const many = Array.from({ length: 5_000 }, () => ({}))
  const big = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${index}`, 0]))
  const { codes } = apply({ a: many }, [{ target: '$.a[*]', update: big }])
  assert.deepEqual(codes, ['error too-many-values /actions/0'])
})
