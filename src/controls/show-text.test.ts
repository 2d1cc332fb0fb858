import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { isPromise } from '../base/maybe-promise.ts'
import { ResponseKernel } from '../openapi/kernel/response-kernel.ts'
import { rewrite } from '../openapi/fields/rewrite.ts'
import type { ViewEdge, ViewNode } from '../openapi/fields/view.ts'
import type { FieldAction } from '../pipeline/field-access.ts'
import type { ShownDecision } from './show-field.ts'
import { showField } from './show-field.ts'
import type { ShowWalk } from './show-field.ts'
import { showText } from './show-text.ts'
import type { TextResult } from './show-text.ts'
import { shownText } from './shown-text.ts'
import { exchangeOf } from './testing/exchange.ts'

type Edge = ViewEdge<ShownDecision>

const decided = (action: FieldAction, isTold = false): ShownDecision => ({
  action,
  owners: [],
  isTold,
})
const DROP = decided({ kind: 'drop' })
const LAST2 = decided({ kind: 'last', chars: 2 })

function node(
  members: Readonly<Record<string, Edge>>,
  rest?: Partial<ViewNode<ShownDecision>>,
): ViewNode<ShownDecision> {
  return {
    members: new Map(Object.entries(members)),
    folded: undefined,
    patterns: [],
    rest: undefined,
    prefix: [],
    items: undefined,
    ...rest,
  }
}
const leaf = (decision: ShownDecision): Edge => ({ decision, inner: undefined })
const inner = (at: ViewNode<ShownDecision>): Edge => ({ decision: undefined, inner: at })

const kernels = ResponseKernel.make()
assert.ok(kernels !== undefined)
const textOf = (view: Edge): ReturnType<typeof shownText> =>
  shownText(view, (place) => kernels.filter(place))

function walk(): ShowWalk {
  const keysFor = (): never => assert.fail('no keys are asked for')
  return { path: [], exchange: exchangeOf(), keysFor, hidden: [], told: [] }
}

function run(view: Edge, body: string, at: ShowWalk = walk()): TextResult {
  const text = textOf(view)
  assert.ok(text !== undefined, 'the view needs values')
  const result = showText(Buffer.from(body), text, at)
  assert.ok(!isPromise(result))
  return result
}

function shownOf(view: Edge, body: string): string {
  const result = run(view, body)
  return result.kind === 'shown' ? (result.bytes?.toString() ?? body) : result.kind
}

const VIEW = inner(
  node({
    salary: leaf(DROP),
    card: leaf(LAST2),
    team: inner(node({}, { items: inner(node({ pin: leaf(DROP) })) })),
  }),
)

const rows: [name: string, body: string, out: string][] = [
  ['leaves a text without such fields as it is', '{ "id":1.0 }', '{ "id":1.0 }'],
  ['takes a member out, and leaves the spelling of the rest', '{"a":1.0, "salary":5}', '{"a":1.0}'],
  [
    'writes another value in place',
    '{"card":"4111111111", "a":1.0}',
    '{"card":"********11", "a":1.0}',
  ],
  ['does both', '{"salary":1,"card":"4111111111"}', '{"card":"********11"}'],
  ['changes structures leaf by leaf', '{"card":["x",{"a":true}]}', '{"card":["***",{"a":null}]}'],
  [
    'does not take a text for a name',
    '{"a":"card","b":{"card":"4111111111"}}',
    '{"a":"card","b":{"card":"4111111111"}}',
  ],
  ['takes members out of items', '{"team":[{"pin":1,"n":2}]}', '{"team":[{"n":2}]}'],
  ['leaves a name that stands twice to the values', '{"card":"a","card":"b"}', 'doubtful'],
  ['leaves a name with escapes to the values', '{"c\\u0061rd":"4111111111"}', 'doubtful'],
  ['leaves a byte order mark to the values', '\uFEFF{"card":"4111111111"}', 'doubtful'],
  ['sees what is no JSON', '{"card":"4111111111"', 'malformed'],
  ['sees what follows', '{"a":1}{"card":"4111111111"}', 'malformed'],
  ['leaves other kinds of tops', ' [{"card":"4111111111"}]', ' [{"card":"4111111111"}]'],
]

suite('fields on the text', () => {
  for (const [name, body, out] of rows) test(name, () => assert.equal(shownOf(VIEW, body), out))

  test('notes what it hides, items as one', () => {
    const at = walk()
    run(VIEW, '{"salary":1,"card":"4111111111","team":[{"pin":1},{"pin":2}]}', at)
    assert.deepEqual(at.hidden.toSorted(), ['/card', '/salary', '/team/*/pin'])
  })

  test('tells of what is shown, unless there is nothing', () => {
    const view = inner(node({ card: leaf(decided({ kind: 'pass' }, true)) }))
    const [some, none] = [walk(), walk()]
    assert.deepEqual(run(view, '{"card":"1"}', some), { kind: 'shown', bytes: undefined })
    assert.deepEqual(run(view, '{"card":null}', none), { kind: 'shown', bytes: undefined })
    assert.deepEqual([some.told, none.told], [['/card'], []])
  })

  const owner = { ...DROP, owners: [{ test: () => true, action: { kind: 'pass' } as const }] }
  const circle: { members: Map<string, Edge> } = { members: new Map([['card', leaf(LAST2)]]) }
  const again = { ...node({}), ...circle }
  circle.members.set('parent', inner(again))
  const needing: [name: string, view: Edge][] = [
    ['what belongs to its owner', inner(node({ salary: leaf(owner) }))],
    ['a change below the top', inner(node({ a: inner(node({ card: leaf(LAST2) })) }))],
    ['items that are left out', inner(node({}, { items: leaf(DROP) }))],
    ['a top that is left out', leaf(DROP)],
    ['a change at a place that comes again', inner(again)],
  ]
  for (const [name, view] of needing)
    test(`needs values for ${name}`, () => assert.equal(textOf(view), undefined))

  const names = fc.constantFrom('a', 'b', 'card', 'salary', '__proto__', 'é')
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.string({ maxLength: 8 }),
      fc.constantFrom(0, 1.5, -2, null, true, '}{"card":', '\\"', '😀'),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(names, tie('any'), { maxKeys: 4 }),
    ),
  })).any
  const drops = fc.letrec<{ edge: Edge }>((tie) => ({
    edge: fc.oneof(
      { maxDepth: 3 },
      fc.constant(leaf(DROP)),
      fc
        .tuple(
          fc.dictionary(names, tie('edge'), { maxKeys: 3 }),
          fc.option(tie('edge'), { nil: undefined }),
          fc.option(tie('edge'), { nil: undefined }),
        )
        .map(([members, rest, item]) =>
          inner(node(members, { rest, items: item?.decision === undefined ? item : undefined })),
        ),
    ),
  })).edge
  const views = fc
    .tuple(
      fc.dictionary(names, fc.oneof(drops, fc.constant(leaf(LAST2))), { maxKeys: 4 }),
      fc.option(drops, { nil: undefined }),
    )
    .map(([members, rest]) => inner(node(members, { rest })))

  test('shows what the values show, or says that it does not know', () => {
    let count = 0
    fc.assert(
      fc.property(views, value, fc.constantFrom(undefined, 2), (view, shown, indent) => {
        const body = JSON.stringify(shown, undefined, indent)
        const text = textOf(view)
        if (text === undefined) return
        const result = showText(Buffer.from(body), text, walk())
        assert.ok(!isPromise(result))
        if (result.kind === 'doubtful') return
        assert.ok(result.kind === 'shown')
        count += 1
        const wanted = rewrite(JSON.parse(body) as unknown, view, showField, walk())
        const out: unknown = JSON.parse(result.bytes?.toString() ?? body)
        assert.deepEqual(out, JSON.parse(JSON.stringify(wanted)))
      }),
      { numRuns: 2000 },
    )
    assert.ok(count > 200, `${count}`)
  })
})
