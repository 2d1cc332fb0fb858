import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { filtersOf } from './testing/filters.ts'
import type { Filters } from './testing/filters.ts'
import { SIGN_ERROR, SIGN_SECRET } from './verdict.ts'

const RUNS = Number(process.env['KERNEL_RUNS'] ?? 150)

const SECRET = '"the card is 4111 1111 1111 1111"'
const [ELEVEN, TWELVE, THIRTEEN] = ['a'.repeat(11), 'b'.repeat(12), 'c'.repeat(13)] as const
/** Names in the order in which most objects have them: some end with a vector, some behind it; one goes. */
const NAMES = ['id', ELEVEN, 'gone', TWELVE, 'error', THIRTEEN, 'deep', '', 'é']
const declared = Object.fromEntries(
  NAMES.filter((name) => name !== 'gone').map((name) => [name, {}]),
)
const ROW = { type: 'object', properties: { ...declared, deep: { type: 'string' } } }

const NUMBERS = '1 -0 01 1.5 1. - 1e5 123456789012345 1234567890123456 .5 +1'.split(' ')
const OTHERS = 'true false null tru nul {} [] [{"id":1}] {"id":"x"} " ""'.split(' ')
const LENGTHS = [1, 14, 15, 16, 17, 31, 32, 33, 47, 48, 64]
const TEXTS = LENGTHS.map((length) => `"${'x'.repeat(length)}"`)
const ODD_TEXTS = ['\\n', '\n', '\\x', `${'y'.repeat(20)}\\"`, `${'z'.repeat(40)}\t`].map(
  (text) => `"${text}"`,
)
const value = fc.constantFrom('', SECRET, ...NUMBERS, ...OTHERS, ...TEXTS, ...ODD_TEXTS)
const plain = fc.constantFrom<string>('1', '"x"', '-12.25', `"${'x'.repeat(20)}"`, 'true')

function rarely<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary })
}

/** An object like the ones before it: with a name less, a name twice, another value, white space. */
const object = fc
  .record({
    values: fc.array(plain, { minLength: NAMES.length, maxLength: NAMES.length }),
    odd: rarely(fc.tuple(fc.nat(NAMES.length - 1), value)),
    left: rarely(fc.nat(NAMES.length - 1)),
    again: rarely(fc.tuple(fc.nat(NAMES.length - 1), fc.nat(NAMES.length))),
    comma: rarely(fc.constantFrom(', ', ' ,', ';')),
    colon: rarely(fc.constantFrom(': ', ' :', '=')),
  })
  .map(({ values, odd, left, again, comma, colon }) => {
    if (odd !== null) values[odd[0]] = odd[1]
    const members = NAMES.map((name, index) => `"${name}"${colon ?? ':'}${values[index]}`)
    if (again !== null) members.splice(again[1], 0, members[again[0]] ?? '')
    if (left !== null) members.splice(left, 1)
    return `{${members.join(comma ?? ',')}}`
  })
const texts = fc.array(
  fc.array(object, { minLength: 1, maxLength: 4 }).map((objects) => `[${objects.join()}]`),
  { minLength: 2, maxLength: 4 },
)

function rows(): Filters {
  return filtersOf({ type: 'array', items: ROW })
}

function withoutSecretSign<T extends object>(verdict: T): T {
  return 'signs' in verdict ? { ...verdict, signs: Number(verdict.signs) & SIGN_ERROR } : verdict
}

suite('members in the order of the objects before', () => {
  test('are filtered as the twin does it', () => {
    const kinds = new Set<string>()
    fc.assert(
      fc.property(texts, (all) => {
        const filters = rows()
        for (const text of all) {
          const verdict = filters.kernel(Buffer.from(text))
          assert.deepEqual(withoutSecretSign(verdict), filters.twin(Buffer.from(text)), text)
          kinds.add(verdict.kind === 'doubtful' ? verdict.why : verdict.kind)
        }
      }),
      { numRuns: RUNS * 4 },
    )
    assert.deepEqual([...kinds].sort(), ['clean', 'filtered', 'malformed', 'repeated-name'])
  })

  test('are filtered alike in slices of any length, and where they end early', async () => {
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.integer({ min: 1, max: 60 }),
        fc.nat(),
        async (all, bytes, cut) => {
          const filters = rows()
          for (const text of all) {
            const body = Buffer.from(text)
            assert.deepEqual(await filters.sliced(body, bytes), filters.kernel(body))
            const part = body.subarray(0, cut % body.length)
            assert.deepEqual(withoutSecretSign(filters.kernel(part)), filters.twin(part))
          }
        },
      ),
      { numRuns: RUNS },
    )
  })

  const row = (at: number, value: string): string => {
    const members = NAMES.filter((name) => name !== 'error')
    return `{${members.map((name, index) => `"${name}":${index === at ? value : '"x"'}`).join()}}`
  }
  const signs = (text: string, filters = rows()): number | undefined => {
    const verdict = filters.kernel(Buffer.from(text))
    return 'signs' in verdict ? verdict.signs & SIGN_SECRET : undefined
  }
  for (const [index, name] of NAMES.filter((one) => one !== 'error').entries()) {
    test(`show a secret under "${name}"`, () => {
      const filters = rows()
      const text = `[${row(-1, '')},${row(index, SECRET)},${row(-1, '')}]`
      assert.equal(signs(`[${row(-1, '')}]`, filters), 0)
      assert.equal(signs(text, filters), name === 'gone' ? 0 : SIGN_SECRET)
    })
  }
})
