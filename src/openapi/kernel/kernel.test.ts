import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { UNDECIDED_ACTION } from './layout.ts'
import type { Filters } from './testing/filters.ts'
import { filtersOf } from './testing/filters.ts'
import { schemaArbitrary, textArbitrary } from './testing/random.ts'
import type { KernelVerdict } from './verdict.ts'
import { SIGN_ERROR } from './verdict.ts'

const RUNS = Number(process.env['KERNEL_RUNS'] ?? 150)

/** A number, text or word as it stood in a text. */
class Source {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** The value of a text with the spelling of every scalar in place of it. */
function spelled(text: string): unknown {
  const keep = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    context?.source === undefined ? value : new Source(context.source)
  return JSON.parse(text, keep)
}

/** Fails where a scalar of `kept` is not spelled as in `whole`. */
function assertSpelledAlike(kept: unknown, whole: unknown): void {
  if (kept instanceof Source) {
    // A `null` may stand for a container that was refused.
    if (whole instanceof Source) assert.equal(kept.text, whole.text)
    else assert.equal(kept.text, 'null')
    return
  }
  for (const [key, value] of Object.entries(Object(kept)))
    assertSpelledAlike(value, Object.getOwnPropertyDescriptor(whole, key)?.value)
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}

/** What the twin does not look for. */
function withoutSecretSign(verdict: KernelVerdict): KernelVerdict {
  return 'signs' in verdict ? { ...verdict, signs: verdict.signs & SIGN_ERROR } : verdict
}

/** Kernel and twin agree, and so does the filter of values unless there is a doubt. */
function assertAgreed(filters: Filters, body: Buffer): KernelVerdict {
  const verdict = filters.kernel(body)
  assert.deepEqual(withoutSecretSign(verdict), filters.twin(body))
  if (verdict.kind === 'doubtful') return verdict
  const text = body.toString('utf8')
  const whole = parsed(text)
  assert.equal(verdict.kind === 'malformed', whole === undefined, 'JSON or not')
  if (whole === undefined) return verdict
  const { value, dropped } = filters.filter(whole.value)
  if (verdict.kind === 'clean') assert.deepEqual(dropped, [])
  if (verdict.kind !== 'filtered') return verdict
  const kept = verdict.bytes.toString('utf8')
  assert.deepEqual(JSON.parse(kept), value)
  assert.deepEqual(verdict.dropped, dropped.slice(0, 20))
  assertSpelledAlike(spelled(kept), spelled(text))
  assert.equal(filters.kernel(verdict.bytes).kind, 'clean', 'what is filtered stays as it is')
  return verdict
}

const documents = (chooses: boolean): fc.Arbitrary<Filters> => {
  const schema = schemaArbitrary(chooses)
  return fc
    .tuple(schema, schema, schema, schema)
    .map(([root, A, B, C]) => filtersOf(root, { A, B, C }))
}

suite('the response kernel', () => {
  test('agrees with its twin and with the filter of values', () => {
    const kinds = new Map<string, number>()
    fc.assert(
      fc.property(
        documents(false),
        fc.array(textArbitrary(false), { maxLength: 8 }),
        (filters, texts) => {
          for (const text of texts) {
            const { kind } = assertAgreed(filters, Buffer.from(text))
            kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
          }
        },
      ),
      { numRuns: RUNS },
    )
    assert.ok((kinds.get('filtered') ?? 0) > RUNS / 4, [...kinds].join(' '))
    assert.ok((kinds.get('clean') ?? 0) > RUNS / 4, [...kinds].join(' '))
    for (const kind of ['repeated-name', 'escaped-name', 'no-room', 'too-deep'])
      assert.equal(kinds.get(kind), undefined)
  })

  test('agrees where values choose, and where names are escaped or repeated', () => {
    fc.assert(
      fc.property(
        documents(true),
        fc.array(textArbitrary(true), { maxLength: 8 }),
        (filters, texts) => {
          for (const text of texts) assertAgreed(filters, Buffer.from(text))
        },
      ),
      { numRuns: RUNS },
    )
  })

  test('agrees on texts with bytes changed, put in and left out', () => {
    const byte = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(...Buffer.from('"\\{}[],:01e.-ntfu')),
    )
    const change = fc.tuple(fc.nat(), fc.constantFrom('set', 'add', 'cut'), byte)
    const changes = fc.array(change, { minLength: 1, maxLength: 3 })
    const texts = fc.array(fc.tuple(textArbitrary(true), changes), { maxLength: 12 })
    fc.assert(
      fc.property(documents(false), texts, (filters, all) => {
        for (const [text, edits] of all) {
          let bytes = [...Buffer.from(text)]
          for (const [where, what, value] of edits) {
            const at = where % Math.max(1, bytes.length)
            bytes = bytes.toSpliced(at, what === 'add' ? 0 : 1, ...(what === 'cut' ? [] : [value]))
          }
          assertAgreed(filters, Buffer.from(bytes))
        }
      }),
      { numRuns: RUNS },
    )
  })

  test('agrees on texts that end early, at every byte', () => {
    fc.assert(
      fc.property(documents(false), textArbitrary(false), (filters, text) => {
        const body = Buffer.from(text)
        for (let length = 0; length < body.length; length += 1)
          assertAgreed(filters, body.subarray(0, length))
      }),
      { numRuns: Math.ceil(RUNS / 8) },
    )
  })

  test('agrees with itself in slices of any length', async () => {
    await fc.assert(
      fc.asyncProperty(
        documents(false),
        textArbitrary(true),
        fc.integer({ min: 1, max: 40 }),
        async (filters, text, sliceBytes) => {
          const body = Buffer.from(text)
          assert.deepEqual(await filters.sliced(body, sliceBytes), filters.kernel(body))
        },
      ),
      { numRuns: RUNS },
    )
  })
})

const USER = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'integer' },
    name: { type: 'string' },
    password: { type: 'string', writeOnly: true },
    boss: { $ref: '#/components/schemas/User' },
    tags: { type: 'array', items: { type: 'string' } },
    meta: { type: 'object' },
    prices: { type: 'object', additionalProperties: { type: 'object', properties: { net: {} } } },
    choice: { oneOf: [{ properties: { x: {} } }, { properties: { y: {} } }] },
  },
}

function said(verdict: KernelVerdict): string {
  if (verdict.kind === 'clean') return 'clean'
  if (verdict.kind === 'doubtful') return verdict.why
  if (verdict.kind === 'malformed') return `malformed at ${verdict.offset}`
  return verdict.bytes.toString()
}

const nested = (depth: number): string => '{"boss":'.repeat(depth) + '1' + '}'.repeat(depth)

suite('a text of the kernel', () => {
  const rows: [name: string, text: string, says: string][] = [
    ['stays where all is declared', '{"id":1,"name":"x"}', 'clean'],
    ['loses what is not declared', '{"id":1,"hash":"x"}', '{"id":1}'],
    ['loses its first member with the comma after it', '{"x":{"id":1}, "id":1}', '{ "id":1}'],
    ['loses all its members', '{"x":1,"y":[{}],"z":"}"}', '{}'],
    ['loses members on both sides', '{"x":1,"id":1,"y":2,"name":"","z":3}', '{"id":1,"name":""}'],
    ['loses what is only written', '{"password":"p","id":1}', '{"id":1}'],
    ['loses members of members', '{"boss":{"x":1,"id":2},"id":1}', '{"boss":{"id":2},"id":1}'],
    [
      'keeps numbers as they are spelled',
      '{"x":1,"id":1.0,"name":12345678901234567890}',
      '{"id":1.0,"name":12345678901234567890}',
    ],
    [
      'keeps escapes and surrogates',
      '{"x":1,"name":"\\ud83d\\ude00\\u00e9"}',
      '{"name":"\\ud83d\\ude00\\u00e9"}',
    ],
    ['keeps white space of what stays', '{ "id" : 1 , "x" : 2 }', '{ "id" : 1  }'],
    ['loses a structure where a scalar is declared', '{"name":{"a":1},"id":1}', '{"id":1}'],
    ['has null for an item of that kind', '{"tags":["a",{"x":1},[]]}', '{"tags":["a",null,null]}'],
    ['becomes null where it is no object', '[{"id":1}]', 'null'],
    ['keeps open objects', '{"meta":{"x":{"y":1}}}', 'clean'],
    [
      'has its maps filtered',
      '{"prices":{"eur":{"net":1,"cost":2}}}',
      '{"prices":{"eur":{"net":1}}}',
    ],
    ['passes as a scalar', ' "text" ', 'clean'],
    ['is left where a name that stays is repeated', '{"id":1,"id":2}', 'repeated-name'],
    [
      'is left where a name is repeated in an open object',
      '{"meta":{"a":1,"b":2,"a":3}}',
      'repeated-name',
    ],
    ['is left where a key of a map is repeated', '{"prices":{"a":{},"a":{}}}', 'repeated-name'],
    ['may repeat names that go', '{"x":1,"id":1,"x":2}', '{"id":1}'],
    ['is left where a name is escaped', '{"pass\\u0077ord":"p"}', 'escaped-name'],
    ['is left where an open name is escaped', '{"meta":{"\\u0061":1,"a":2}}', 'escaped-name'],
    ['may escape names in what goes', '{"x":{"\\u0061":1},"id":1}', '{"id":1}'],
    ['is left where a value chooses', '{"choice":{"x":1}}', 'undecided'],
    ['is followed where nothing is to be chosen', '{"choice":null,"z":1}', '{"choice":null}'],
    ['is followed for 256 levels', nested(256), 'clean'],
    ['is left beyond that', nested(257), 'too-deep'],
    ['loses its byte order mark when it is changed', '\uFEFF{"id":1,"x":1}', '{"id":1}'],
    ['keeps it otherwise', '\uFEFF{"id":1}', 'clean'],
    ['must not be empty', '', 'malformed at 0'],
    ['must not end early', '{"id":1', 'malformed at 7'],
    ['must not go on', '{"id":1} 2', 'malformed at 9'],
    ['must not have controls in strings', '{"id":"\n"}', 'malformed at 7'],
    ['must not have commas at the end', '{"id":1,}', 'malformed at 8'],
    ['must not have zeros in front', '{"id":01}', 'malformed at 7'],
    ['must be right in what goes, too', '{"x":{"y":tru},"id":1}', 'malformed at 10'],
  ]
  const filters = filtersOf(USER, { User: USER })
  for (const [name, text, says] of rows) {
    test(name, () => {
      const body = Buffer.from(text)
      const before = Buffer.from(body)
      assert.equal(said(assertAgreedButMark(filters, body)), says)
      assert.ok(body.equals(before), 'the input must not change')
    })
  }

  function assertAgreedButMark(one: Filters, body: Buffer): KernelVerdict {
    return body[0] === 0xef ? one.kernel(body) : assertAgreed(one, body)
  }

  test('is left where it is not UTF-8', () => {
    assert.equal(said(filters.kernel(Buffer.from([0x22, 0xc0, 0xa2, 0x22]))), 'not-utf8')
    assert.equal(said(filters.twin(Buffer.from([0x22, 0xc0, 0xa2, 0x22]))), 'not-utf8')
  })

  test('is not begun where its root is a choice', () => {
    assert.equal(filtersOf(USER.properties.choice).action, UNDECIDED_ACTION)
  })

  test('tells at most twenty places', () => {
    const members = Array.from({ length: 100 }, (_, index) => `"x${index}":${index}`)
    const verdict = filters.kernel(Buffer.from(`{${members.join(',')}}`))
    assert.ok(verdict.kind === 'filtered')
    assert.equal(verdict.dropped.length, 20)
  })

  test('may drop names of any length', () => {
    const body = Buffer.from(`{"${'x~'.repeat(100_000)}":1,"${'y'.repeat(99_999)}":2,"id":1}`)
    const verdict = filters.kernel(body)
    assert.equal(said(verdict), '{"id":1}')
  })

  test('may be cut in more places than are noted at once', () => {
    const items = filtersOf({ type: 'array', items: { type: 'object', properties: { a: {} } } })
    const count = 100_000
    const verdict = items.kernel(Buffer.from(`[${Array(count).fill('{"x":1,"a":2}').join()}]`))
    assert.equal(said(verdict), `[${Array(count).fill('{"a":2}').join()}]`)
    const refused = items.kernel(Buffer.from(`[${Array(count).fill('[[]]').join()}]`))
    assert.equal(said(refused), `[${Array(count).fill('null').join()}]`)
    const grown = items.kernel(Buffer.from(`[${Array(count).fill('[]').join()}]`))
    assert.equal(said(grown), 'no-room')
  })

  test('may hold many names in one open object, and too many', () => {
    const open = filtersOf({})
    const object = (count: number): string =>
      `{${Array.from({ length: count }, (_, index) => `"key-${index}":0`).join()}}`
    assert.equal(said(open.kernel(Buffer.from(object(10_000)))), 'clean')
    assert.equal(
      said(open.kernel(Buffer.from(object(10_000).replace('}', ',"key-77":1}')))),
      'repeated-name',
    )
    assert.equal(said(open.kernel(Buffer.from(object(200_000)))), 'no-room')
  })

  test('agrees with its twin on texts that tell it of names which go, one after the other', () => {
    const name = fc.constantFrom('', 'a', 'b', 'gone', 'c'.repeat(14), 'c'.repeat(15), 'stack', 'é')
    const colon = fc.constantFrom(':', ' :', ': ')
    const member = fc.tuple(name, colon).map(([text, between]) => `"${text}"${between}"x"`)
    const object = fc.array(member, { maxLength: 5 }).map((members) => `{${members.join()}}`)
    const texts = fc.array(
      fc.array(object, { maxLength: 5 }).map((objects) => `[${objects.join()}]`),
      { minLength: 2, maxLength: 5 },
    )
    const declared = { a: {}, b: {}, ['d'.repeat(14)]: {} }
    const filters = filtersOf({ items: { properties: declared, additionalProperties: false } })
    const check = (all: readonly string[]): void =>
      all.forEach((text) => assertAgreed(filters, Buffer.from(text)))
    fc.assert(fc.property(texts, check), { numRuns: RUNS })
  })

  test('knows schemas with more than sixty-four members', () => {
    const names = Array.from({ length: 3000 }, (_, index) => `member-${index}`)
    const wide = filtersOf({ properties: Object.fromEntries(names.map((name) => [name, {}])) })
    const members = names.map((name) => `"${name}":1`)
    assert.equal(said(wide.kernel(Buffer.from(`{${members.join()}}`))), 'clean')
    assert.equal(
      said(wide.kernel(Buffer.from(`{${members.join()},"member-77":1}`))),
      'repeated-name',
    )
    assert.equal(
      said(wide.kernel(Buffer.from(`{"member-3000":1,${members.join()}}`))),
      `{${members.join()}}`,
    )
  })
})
