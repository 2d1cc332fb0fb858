import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { newPlace } from '../schema/filter-place.ts'
import type { Member, Place } from '../schema/filter-place.ts'
import { MAX_REPORTED } from './layout.ts'
import { filtersOf } from './testing/filters.ts'
import { coverArbitrary, schemaArbitrary, textArbitrary } from './testing/random.ts'
import type { KernelVerdict } from './verdict.ts'
import { SIGN_SECRET } from './verdict.ts'

const RUNS = Number(process.env['KERNEL_RUNS'] ?? 150)

function bytesOf(verdict: KernelVerdict, body: Buffer): Buffer {
  return verdict.kind === 'filtered' ? verdict.bytes : body
}

function goneFrom(verdict: KernelVerdict): readonly (readonly string[])[] {
  return verdict.kind === 'filtered' ? [verdict.dropped, verdict.hidden] : [[], []]
}

/** `undefined` for a text that the kernel leaves to others. */
function told(verdict: KernelVerdict): KernelVerdict | undefined {
  if (!('signs' in verdict)) return undefined
  return { ...verdict, signs: verdict.signs & ~SIGN_SECRET }
}

/** Without white space: of what stood around members that go, not the same is left. */
function plain(text: Buffer): string {
  return text.toString().replaceAll(/("(?:[^"\\]|\\.)*")|\s+/g, '$1')
}

/** What is hidden is not looked at: a value that its schema would refuse is told of as hidden. */
function assertSameGone(
  [dropped = [], hidden = []]: readonly (readonly string[])[],
  [first = [], second = []]: readonly (readonly string[])[],
): void {
  const told = [...dropped, ...hidden]
  const isTold = (pointer: string): boolean =>
    told.some((one) => pointer === one || pointer.startsWith(`${one}/`))
  if (Math.max(dropped.length, hidden.length) >= MAX_REPORTED) return
  for (const pointer of [...first, ...second]) assert.ok(isTold(pointer), pointer)
  for (const pointer of dropped) assert.ok(first.includes(pointer), pointer)
  for (const pointer of second) assert.ok(hidden.includes(pointer), pointer)
}

function hiding(names: readonly string[], rest: Partial<Place> = {}): Place {
  const gone: Member = { place: undefined, isHidden: true }
  const members = new Map(names.map((name) => [name, gone]))
  const additional = { place: undefined, isHidden: false }
  return { ...newPlace(), members, layers: [{ members, patterns: [], additional }], ...rest }
}

suite('a kernel less what a cover hides', () => {
  const schema = schemaArbitrary(false)
  const documents = fc
    .tuple(schema, schema, schema, schema)
    .map(([root, A, B, C]) => filtersOf(root, { A, B, C }))

  test('leaves what the schema and then the cover alone would leave, and tells of both apart', () => {
    const counts = { both: 0, hidden: 0 }
    fc.assert(
      fc.property(
        documents,
        coverArbitrary(),
        fc.array(textArbitrary(false), { minLength: 8, maxLength: 16 }),
        (filters, cover, texts) => {
          const less = filters.less(cover)
          const only = filters.only(cover)
          for (const text of texts) {
            const body = Buffer.from(text)
            const verdict = less.kernel(body)
            assert.deepEqual(told(verdict), told(less.twin(body)))
            if (verdict.kind === 'doubtful') continue
            const first = filters.kernel(body)
            assert.ok(first.kind !== 'doubtful')
            assert.equal(verdict.kind === 'malformed', first.kind === 'malformed')
            if (verdict.kind === 'malformed') continue
            const [dropped = []] = goneFrom(first)
            // What is refused as a whole is not looked at here.
            if (dropped[0] === '') continue
            const left = bytesOf(first, body)
            const second = only.kernel(left)
            assert.ok(second.kind !== 'doubtful' && second.kind !== 'malformed')
            const [hidden = []] = goneFrom(second)
            assert.equal(plain(bytesOf(verdict, body)), plain(bytesOf(second, left)))
            assertSameGone(goneFrom(verdict), [dropped, hidden])
            counts.hidden += Number(hidden.length > 0)
            counts.both += Number(hidden.length > 0 && dropped.length > 0)
          }
        },
      ),
      { numRuns: RUNS * 4 },
    )
    assert.ok(counts.hidden > RUNS / 8 && counts.both > RUNS / 40, JSON.stringify(counts))
  })

  const filters = filtersOf({
    type: 'object',
    properties: { id: {}, pin: {}, list: { type: 'array', items: { properties: { pin: {} } } } },
  })
  const items = hiding(['pin'])
  const rows: [name: string, cover: Place, body: string, left: string, gone: string[][]][] = [
    ['hides a declared member', hiding(['pin']), '{"id":1,"pin":2}', '{"id":1}', [[], ['/pin']]],
    [
      'tells of an undeclared member as of one',
      hiding(['pin', 'x']),
      '{"x":1,"pin":2,"id":3}',
      '{"id":3}',
      [['/x'], ['/pin']],
    ],
    [
      'hides members of items',
      hiding([], {
        members: new Map([['list', { place: hiding([], { items }), isHidden: false }]]),
      }),
      '{"list":[{"pin":1},{"pin":2,"x":1}]}',
      '{"list":[{},{}]}',
      [['/list/1/x'], ['/list/0/pin', '/list/1/pin']],
    ],
    [
      'lets go all that it does not hide',
      hiding([]),
      '{"id":{"a":[1]}}',
      '{"id":{"a":[1]}}',
      [[], []],
    ],
  ]
  for (const [name, cover, body, left, gone] of rows) {
    test(name, () => {
      const verdict = filters.less(cover).kernel(Buffer.from(body))
      assert.equal(bytesOf(verdict, Buffer.from(body)).toString(), left)
      assert.deepEqual(goneFrom(verdict), gone)
    })
  }

  test('hides where nothing is declared, too', () => {
    const verdict = filtersOf({})
      .less(hiding(['pin']))
      .kernel(Buffer.from('{"pin":1,"a":2}'))
    assert.deepEqual(goneFrom(verdict), [[], ['/pin']])
  })

  test('leaves a member that stands twice to others, although it is hidden', () => {
    const verdict = filters.less(hiding(['pin'])).kernel(Buffer.from('{"pin":1,"pin":2}'))
    assert.equal(verdict.kind, 'doubtful')
  })
})
