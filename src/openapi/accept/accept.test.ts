import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import type { JsonLimits } from '../../http/json-limits.ts'
import { JSON_LIMITS } from '../../http/json-limits.ts'
import { parseJsonStrict, scanJson } from '../../http/json-scan.ts'
import type { Dialect } from '../model.ts'
import { makeFixture } from '../schema/fixture.ts'
import { acceptorOf } from './acceptors.ts'

const CAPS = { maxLength: 24, maxItems: 6 }
const LIMITS = { ...JSON_LIMITS, maxDepth: 6, maxNodes: 60, maxNames: 1000, maxStringChars: 200 }

interface Schemas {
  readonly root: object
  readonly other?: object
  readonly dialect?: Dialect
  readonly unknownFields?: 'refuse' | 'allow'
  readonly limits?: JsonLimits
}

/** What is known of a text with what the scan says. */
type Said = 'unknown' | 'fits' | 'fits-without-url'

/** What the kernel and its twins say of texts. */
function judges({
  root,
  other = {},
  dialect = '2020-12',
  unknownFields = 'refuse',
  limits = LIMITS,
}: Schemas): {
  accept(text: string | Buffer): Said
  refuses(text: string | Buffer): boolean
} {
  const options = { caps: CAPS, unknownFields }
  const document = { components: { schemas: { Root: root, Other: other } } }
  const { compiler, ref } = makeFixture(document, dialect, options)
  const at = ref('/components/schemas/Root')
  const validate = compiler.validator(at)
  const acceptor = acceptorOf(compiler, at, limits)
  return {
    accept: (text) => {
      const bytes = Buffer.from(text)
      const accepted = acceptor?.(bytes) ?? 'unknown'
      if (accepted === 'unknown') return accepted
      const outline = scanJson(bytes, limits)
      if (outline.fault !== undefined || outline.unsafeIntegers.length > 0) {
        assert.notEqual(accepted, 'fits')
        return 'unknown'
      }
      if (outline.leading?.count === 0) return 'fits-without-url'
      assert.notEqual(accepted, 'fits')
      return 'fits'
    },
    refuses: (text) => {
      const parsed = parseJsonStrict(Buffer.from(text), limits)
      if (parsed.fault !== undefined || parsed.unsafeIntegers.length > 0) return true
      return validate(parsed.value) !== undefined
    },
  }
}

const OTHER = '#/components/schemas/Other'
const ADDRESS = {
  type: 'object',
  required: ['street'],
  properties: { street: { type: 'string' }, zip: { type: ['string', 'null'], maxLength: 4 } },
}
const ITEM = {
  type: 'object',
  required: ['name', 'price'],
  properties: {
    name: { type: 'string', minLength: 2, maxLength: 12 },
    price: { type: 'number', minimum: 0, exclusiveMaximum: 1000 },
    count: { type: 'integer', format: 'int32' },
    currency: { type: 'string', pattern: '^[A-Z]{3}$' },
    size: { type: 'string', enum: ['S', 'M', 'größer'] },
    one: { const: 'one' },
    tags: { type: 'array', minItems: 1, maxItems: 3, items: { type: 'string' } },
    email: { type: 'string', format: 'email' },
    day: { type: 'string', format: 'date' },
    at: { type: 'string', format: 'date-time', maxLength: 40 },
    key: { type: 'string', format: 'uuid', maxLength: 40 },
    link: { type: 'string', format: 'uri' },
    gift: { type: 'boolean' },
    id: { type: 'string', readOnly: true },
    address: { $ref: OTHER, description: 'where it goes' },
    same: { allOf: [{ $ref: OTHER }], description: 'where it comes from' },
    both: { allOf: [{ type: 'string' }, { minLength: 1 }] },
  },
}

const rows: [name: string, text: string, accepted: Said][] = [
  [
    'takes few characters of many bytes',
    '{"name":"žluťoučký\\u006b\\ud83d\\ude00","price":1}',
    'fits-without-url',
  ],
  [
    'says nothing of one character too many',
    '{"name":"žluťoučkýabc\\ud83d\\ude00","price":1}',
    'unknown',
  ],
  ['says nothing of one character too few', '{"name":"\\ud83d\\ude00","price":1}', 'unknown'],
  ['tells of white space beyond ASCII', '{"name":"\\u00a0//","price":1}', 'fits'],
  ['tells of unescaped white space beyond ASCII', '{"name":"\u00a0//","price":1}', 'fits'],
  ['takes what the document shows', '{"name":"abc","price":1.5}', 'fits-without-url'],
  ['takes white space everywhere', ' { "name" : "abc" ,\n"price" : 0 } ', 'fits-without-url'],
  ['takes names in any order', '{"price":1,"name":"abc"}', 'fits-without-url'],
  ['takes letters beyond ASCII', '{"name":"žluťák","price":1}', 'fits-without-url'],
  [
    'says nothing of a long text with escapes',
    '{"name":"a\\n\\"b\\u0061\\ud83d\\ude00xyzabcdefgh","price":1}',
    'unknown',
  ],
  [
    'takes short escapes in free text',
    '{"address":{"street":"a\\nb"},"name":"ab","price":1}',
    'fits-without-url',
  ],
  [
    'takes values of a list',
    '{"name":"abc","price":1,"size":"größer","one":"one"}',
    'fits-without-url',
  ],
  ['takes lists', '{"name":"abc","price":1,"tags":["a","b"]}', 'fits-without-url'],
  [
    'takes addresses and dates',
    '{"name":"abc","price":1,"email":"a.b@x.example.com","day":"2024-02-29","at":"2024-02-29T23:59:59.5+01:00"}',
    'fits-without-url',
  ],
  [
    'takes null where it may stand',
    '{"name":"abc","price":1,"address":{"street":"s","zip":null}}',
    'fits-without-url',
  ],
  [
    'takes what one schema says of all',
    '{"name":"abc","price":1,"same":{"street":"s"}}',
    'fits-without-url',
  ],
  ['takes booleans', '{"name":"abc","price":1,"gift":false}', 'fits-without-url'],
  [
    'takes whole numbers however they are written',
    '{"name":"abc","price":1,"count":-7.0}',
    'fits-without-url',
  ],
  ['tells of what begins like a URL', '{"name":"http://a","price":1}', 'fits'],
  ['tells of what may begin like one behind an escape', '{"name":"ht\\u0074p:","price":1}', 'fits'],
  ['tells of two slashes', '{"name":"//a","price":1}', 'fits'],
  ['tells of a slash and a backslash', '{"name":"/\\\\a","price":1}', 'fits'],
  ['says nothing of an unknown field', '{"name":"abc","price":1,"more":1}', 'unknown'],
  ['says nothing where a field is missing', '{"name":"abc"}', 'unknown'],
  ['says nothing of a name that comes twice', '{"name":"abc","price":1,"name":"abd"}', 'unknown'],
  ['says nothing of an escaped name', '{"n\\u0061me":"abc","price":1}', 'unknown'],
  ['says nothing of a field that the API sets', '{"name":"abc","price":1,"id":"7"}', 'unknown'],
  [
    'says nothing of keywords that it does not know',
    '{"name":"abc","price":1,"both":"x"}',
    'unknown',
  ],
  [
    'says nothing of formats that it does not know',
    '{"name":"abc","price":1,"link":"x:y"}',
    'unknown',
  ],
  ['says nothing of a number below its bound', '{"name":"abc","price":-0.1}', 'unknown'],
  ['says nothing of a number at an excluded bound', '{"name":"abc","price":1000}', 'unknown'],
  ['says nothing of a number that is not whole', '{"name":"abc","price":1,"count":1.5}', 'unknown'],
  [
    'says nothing of a number beyond 32 bits',
    '{"name":"abc","price":1,"count":2147483648}',
    'unknown',
  ],
  ['says nothing of exponents', '{"name":"abc","price":1e2}', 'unknown'],
  ['says nothing of many digits', '{"name":"abc","price":1.0000000000000001}', 'unknown'],
  ['says nothing of leading zeros', '{"name":"abc","price":01}', 'unknown'],
  ['says nothing of a text that is too long', '{"name":"abcdefghijklm","price":1}', 'unknown'],
  ['says nothing of a text that is too short', '{"name":"a","price":1}', 'unknown'],
  [
    'says nothing of a text longer than the cap',
    `{"address":{"street":"${'a'.repeat(25)}"},"name":"ab","price":1}`,
    'unknown',
  ],
  [
    'says nothing of a list that is too long',
    '{"name":"abc","price":1,"tags":["a","b","c","d"]}',
    'unknown',
  ],
  ['says nothing of an empty list', '{"name":"abc","price":1,"tags":[]}', 'unknown'],
  ['says nothing of the wrong pattern', '{"name":"abc","price":1,"currency":"EURO"}', 'unknown'],
  ['says nothing of a day that is none', '{"name":"abc","price":1,"day":"2023-02-29"}', 'unknown'],
  [
    'says nothing of a time that is none',
    '{"name":"abc","price":1,"at":"2023-02-28T24:00:00Z"}',
    'unknown',
  ],
  ['says nothing of the wrong kind', '{"name":7,"price":1}', 'unknown'],
  ['says nothing of control characters', '{"name":"a\u0001b","price":1}', 'unknown'],
  ['says nothing of half a surrogate', '{"name":"a\\ud800b","price":1}', 'unknown'],
  ['says nothing of what goes on behind the end', '{"name":"abc","price":1}x', 'unknown'],
  ['says nothing of zeros behind the end', '{"name":"abc","price":1}\0', 'unknown'],
  ['says nothing of a text that ends early', '{"name":"abc","price":1', 'unknown'],
  ['says nothing of a comma too many', '{"name":"abc","price":1,}', 'unknown'],
  ['says nothing of a byte order mark', '\ufeff{"name":"abc","price":1}', 'unknown'],
  ['says nothing of nothing', '', 'unknown'],
]

suite('what surely fits', () => {
  const { accept, refuses } = judges({ root: ITEM, other: ADDRESS })
  for (const [name, text, accepted] of rows)
    test(name, () => {
      assert.equal(accept(text), accepted)
      if (accepted !== 'unknown') assert.equal(refuses(text), false)
    })

  test('says nothing of bytes that are no UTF-8', () => {
    assert.equal(accept(Buffer.from('{"name":"a\xffc","price":1}', 'latin1')), 'unknown')
  })

  test('says nothing of long texts', () => {
    assert.equal(accept(`{"name":"abc","price":1${' '.repeat(65_536)}}`), 'unknown')
    assert.equal(accept(`{"name":"abc","price":1${' '.repeat(65_500)}}`), 'fits-without-url')
  })

  test('tells of what begins like a URL in longer texts', () => {
    assert.equal(accept(`{"name":"//a","price":1${' '.repeat(32_768)}}`), 'fits')
  })

  test('holds the bounds of depth and of values', () => {
    const tree = judges({ root: { type: 'array', items: { $ref: '#/components/schemas/Root' } } })
    assert.equal(tree.accept('[[[[[[]]]]]]'), 'fits-without-url')
    assert.equal(tree.accept('[[[[[[[]]]]]]]'), 'unknown')
    const row = `[${Array(6).fill('[]').join()}]`
    assert.equal(tree.accept(`[${Array(6).fill(row).join()}]`), 'fits-without-url')
    const wide = `[${Array(6)
      .fill(`[${Array(6).fill('[[]]').join()}]`)
      .join()}]`
    assert.equal(tree.accept(wide), 'unknown')
  })
})

suite('where the document says nothing', () => {
  const free = judges({ root: {} })
  const open: [name: string, text: string, accepted: Said][] = [
    ['takes any value', '[{"a":[1,"b",null,{"c":true}]},{}]', 'fits-without-url'],
    ['takes any number', '[1e-300,-1.5E-7,0.12345678901234567]', 'fits-without-url'],
    ['takes escaped names', '{"\\u0061":1,"b\\n":2}', 'fits-without-url'],
    ['tells of what begins like a URL', '{"a":["//x"]}', 'fits'],
    ['asks nothing of public URLs', '{"a":["//x.example","a:b"]}', 'fits-without-url'],
    ['asks nothing of names that begin like one', '{"//x":1}', 'fits-without-url'],
    ['says nothing of a name that comes twice', '{"a":1,"\\u0061":1}', 'unknown'],
    ['says nothing of dangerous names', '{"__proto__":1}', 'unknown'],
    ['says nothing of numbers that are none', '[1e]', 'unknown'],
    ['says nothing of numbers that are infinite', '[1e999]', 'unknown'],
    ['says nothing of integers that would change', '[9007199254740993]', 'unknown'],
    ['says nothing of texts beyond the cap', `["${'a'.repeat(25)}"]`, 'unknown'],
    ['says nothing of lists beyond the cap', '{"a":[1,2,3,4,5,6,7]}', 'unknown'],
  ]
  for (const [name, text, accepted] of open)
    test(name, () => {
      assert.equal(free.accept(text), accepted)
      if (accepted !== 'unknown') assert.equal(free.refuses(text), false)
    })

  for (const root of [{ type: 'object' }, { type: 'array' }, { additionalProperties: true }])
    test(`takes what ${JSON.stringify(root)} names no further`, () => {
      const { accept } = judges({ root })
      const fits = [accept('{"a":[{"b":1}]}'), accept('[{"a":1}]')]
      const mayBe = (type: string): Said =>
        (root.type ?? type) === type ? 'fits-without-url' : 'unknown'
      assert.deepEqual(fits, [mayBe('object'), mayBe('array')])
    })

  test('says nothing beside keywords that it does not know', () => {
    assert.equal(judges({ root: { type: 'string', not: {} } }).accept('"a"'), 'unknown')
  })

  test('counts names as the scan does', () => {
    const caps = { ...LIMITS, maxNodes: 2000, maxNames: 20 }
    const names = (count: number): string =>
      `{${Array.from({ length: count }, (_, n) => `"n${n}":1`).join()}}`
    const { accept } = judges({ root: {}, limits: caps })
    assert.equal(accept(names(276)), 'fits-without-url')
    assert.equal(accept(names(277)), 'unknown')
  })

  test('tells of URLs among names in many orders', () => {
    const { accept } = judges({ root: {}, limits: { ...LIMITS, maxNodes: 2000 } })
    const names = (value: string): string =>
      `{${Array.from({ length: 600 }, (_, n) => `"n${n}":${value}`).join()}}`
    assert.equal(accept(names('"a"')), 'fits-without-url')
    assert.equal(accept(names('"//a"')), 'fits')
  })
})

const LINK = { $ref: '#/components/schemas/Root' }
const CAT = {
  type: 'object',
  required: ['kind', 'lives'],
  properties: { kind: { const: 'cat' }, lives: { type: 'integer' }, of: {} },
}
const DOG = {
  type: 'object',
  properties: { kind: { enum: ['dog', 'größer', 'x"y'] }, name: { type: 'string' }, of: {} },
}

suite('branches', () => {
  const pets = [CAT, DOG, { type: 'null' }, { type: 'array', items: { type: 'boolean' } }]
  const named = {
    oneOf: [{ $ref: OTHER }, { type: 'null' }],
    discriminator: { propertyName: 'pet', mapping: { dog: OTHER } },
  }
  const other = {
    type: 'object',
    properties: { pet: { type: 'string' }, age: { type: 'integer' } },
  }
  const both = [CAT, { ...CAT, properties: { ...CAT.properties, kind: { enum: ['cat', 'dog'] } } }]
  const open = pets.map((one) => ({ ...one, additionalProperties: true }))
  const free = { type: 'object', properties: { lives: { type: 'integer' } } }
  const tree = {
    anyOf: [
      { type: 'null' },
      { type: 'object', properties: { left: { $ref: '#/components/schemas/Root' } } },
    ],
  }
  const says: [name: string, root: object, text: string, accepted: Said][] = [
    ['takes null', { anyOf: [{ type: 'string' }, { type: 'null' }] }, 'null', 'fits-without-url'],
    ['takes a text', { oneOf: [{ type: 'string' }, { type: 'null' }] }, '"a"', 'fits-without-url'],
    ['bounds texts', { oneOf: [{ type: 'string', maxLength: 2 }, {}] }, '"abc"', 'unknown'],
    [
      'bounds a text',
      { oneOf: [{ type: 'string', minLength: 2 }, { type: 'null' }] },
      '"a"',
      'unknown',
    ],
    [
      'tells of a text that may lead inside',
      { anyOf: [{ type: 'string' }, { type: 'null' }] },
      '"//a"',
      'fits',
    ],
    ['takes no third kind', { anyOf: [{ type: 'string' }, { type: 'null' }] }, '1', 'unknown'],
    [
      'bounds numbers',
      { anyOf: [{ type: 'number', maximum: 5 }, { type: 'null' }] },
      '6',
      'unknown',
    ],
    [
      'takes numbers',
      { anyOf: [{ type: 'integer', maximum: 5 }, { type: 'null' }] },
      '5',
      'fits-without-url',
    ],
    [
      'takes whole numbers only',
      { anyOf: [{ type: 'integer' }, { type: 'null' }] },
      '.5',
      'unknown',
    ],
    [
      'says nothing of two branches for a kind',
      { oneOf: [{}, { type: 'null' }] },
      'null',
      'unknown',
    ],
    ['takes what one of them is for', { oneOf: [{}, { type: 'null' }] }, '"a"', 'fits-without-url'],
    [
      'says nothing beside other keywords',
      { oneOf: [{ type: 'string' }], minLength: 2 },
      '"a"',
      'unknown',
    ],
    [
      'says nothing of both kinds of branches',
      { oneOf: [{ type: 'string' }], anyOf: [{ maxLength: 1 }] },
      '"ab"',
      'unknown',
    ],
    ['takes an object by its tag', { oneOf: pets }, '{"kind":"cat","lives":9}', 'fits-without-url'],
    ['takes the other one', { oneOf: pets }, '{"kind":"dog","name":"a"}', 'fits-without-url'],
    ['takes a tag of many bytes', { oneOf: pets }, '{ "kind" : "größer" }', 'fits-without-url'],
    ['takes lists beside objects', { oneOf: pets }, '[true]', 'fits-without-url'],
    ['judges items of lists', { oneOf: pets }, '[1]', 'unknown'],
    ['takes null beside objects', { oneOf: pets }, 'null', 'fits-without-url'],
    [
      'finds a tag behind other members',
      { oneOf: pets },
      '{"of":{"a":["}",{"kind":"dog"}]} ,"lives":-9,"kind":"cat"}',
      'fits-without-url',
    ],
    ['says nothing of a tag further inside', { oneOf: pets }, '{"of":{"kind":"dog"}}', 'unknown'],
    ['says nothing without a tag', { oneOf: pets }, '{"name":"a"}', 'unknown'],
    ['says nothing of an empty object', { oneOf: pets }, '{}', 'unknown'],
    ['says nothing of an unknown tag', { oneOf: pets }, '{"kind":"cow"}', 'unknown'],
    ['says nothing of a tag with escapes', { oneOf: pets }, '{"kind":"x\\"y"}', 'unknown'],
    ['says nothing of a tag that is no text', { oneOf: pets }, '{"kind":1}', 'unknown'],
    [
      'says nothing of two tags',
      { oneOf: pets },
      '{"kind":"dog","name":"a","kind":"cat"}',
      'unknown',
    ],
    [
      'says nothing of a second tag with escapes',
      { oneOf: pets },
      '{"kind":"dog","\\u006bind":"cat"}',
      'unknown',
    ],
    ['asks for all of its branch', { oneOf: pets }, '{"kind":"cat"}', 'unknown'],
    ['takes no member of another branch', { oneOf: pets }, '{"kind":"dog","lives":9}', 'unknown'],
    ['says nothing of a tag of two', { oneOf: both }, '{"kind":"cat","lives":9}', 'unknown'],
    ['takes a tag of one of them', { oneOf: both }, '{"kind":"dog","lives":9}', 'fits-without-url'],
    [
      'passes over longer names',
      { oneOf: open },
      '{"kindly":"dog","kind":"cat","lives":9}',
      'fits-without-url',
    ],
    [
      'passes over texts with escapes',
      { oneOf: pets },
      '{"of":"a\\",","lives":9,"kind":"cat"}',
      'fits-without-url',
    ],
    [
      'takes branches of branches',
      { anyOf: [{ type: 'null' }, { oneOf: [CAT, DOG] }] },
      '{"kind":"dog"}',
      'fits-without-url',
    ],
    [
      'says nothing beside a branch without tag',
      { oneOf: [...pets, free] },
      '{"kind":"dog"}',
      'unknown',
    ],
    ['takes what a discriminator names', named, '{"age":1,"pet":"Other"}', 'fits-without-url'],
    ['takes what a discriminator maps', named, '{"pet":"dog"}', 'fits-without-url'],
    ['takes what needs no discriminator', named, 'null', 'fits-without-url'],
    ['says nothing where it is missing', named, '{"age":1}', 'unknown'],
    ['says nothing of another name', named, '{"pet":"cat"}', 'unknown'],
    ['takes schemas that hold themselves', tree, '{"left":{"left":null}}', 'fits-without-url'],
    ['judges schemas that hold themselves', tree, '{"left":{"left":1}}', 'unknown'],
  ]
  for (const [name, root, text, accepted] of says)
    test(`${name}: ${text}`, () => {
      const { accept, refuses } = judges({ root, other })
      assert.equal(accept(text), accepted)
      if (accepted !== 'unknown') assert.equal(refuses(text), false)
    })

  test('reads ahead no more than twice the bytes of a text', () => {
    const root = { oneOf: [{ ...DOG, properties: { ...DOG.properties, of: LINK } }, CAT] }
    const limits = { ...LIMITS, maxDepth: 100, maxNodes: 200 }
    const { accept } = judges({ root, limits })
    const first = (depth: number): string =>
      depth === 0 ? '{"kind":"dog"}' : `{"kind":"dog","of":${first(depth - 1)}}`
    const last = (depth: number): string =>
      depth === 0 ? '{"kind":"dog"}' : `{"of":${last(depth - 1)},"kind":"dog"}`
    assert.equal(accept(first(50)), 'fits-without-url')
    assert.equal(accept(last(3)), 'fits-without-url')
    assert.equal(accept(last(50)), 'unknown')
  })
})

const NAMES = ['a', 'b', 'id', 'name', 'addressLine1Text', 'addressLine2Text', 'é', '', '0', 'x"y']
const TEXTS = [
  '',
  'a',
  'EUR',
  'abc-123',
  'größer',
  '2024-02-29',
  '2024-13-01',
  '2024-02-29T12:00:00Z',
  '2024-02-29t23:59:60+00:00',
  '0b1e9c9e-5d0b-4d0f-9d59-5f4e5a0c1d2e',
  'a.b@example.com',
  'a@b',
  'http://x',
  '/\\x',
  'a\n"\\\u0000😀',
  'x'.repeat(25),
  'Other',
]
const PATTERNS = [
  '^[A-Z]{3}$',
  '^[a-z]+-?\\d*$',
  '^a*a$',
  '^.{2,5}$',
  '^[^x]*$',
  'a',
  '^(a|b)$',
  '^\\w*$',
]
const FORMATS = ['date', 'date-time', 'email', 'uuid', 'uri', 'int32', 'float', 'int64', 'password']
const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(of, { nil: undefined, freq: 2 })
const count = fc.integer({ min: 0, max: 5 })
const bound = fc.constantFrom(-1, 0, 0.5, 3, 10)

const leafSchema = fc.record(
  {
    type: fc.constantFrom(
      'string',
      'string',
      'string',
      'number',
      'integer',
      'boolean',
      'null',
      ['string', 'null'],
      ['integer', 'string'],
      ['number', 'integer'],
    ),
    minLength: count,
    maxLength: fc.constantFrom(0, 3, 10, 30),
    pattern: fc.constantFrom(...PATTERNS),
    format: fc.constantFrom(...FORMATS),
    enum: fc.array(fc.oneof(fc.constantFrom(...TEXTS), fc.constantFrom(1, null, true)), {
      minLength: 1,
      maxLength: 6,
    }),
    const: fc.constantFrom(...TEXTS, 7),
    minimum: bound,
    maximum: bound,
    exclusiveMinimum: bound,
    exclusiveMaximum: bound,
    multipleOf: fc.constantFrom(1, 0.5),
    readOnly: fc.boolean(),
    title: fc.constant('x'),
  },
  { requiredKeys: [] },
)
/** As above, with few keywords, so that many values fit. */
const plainLeaf = fc
  .tuple(
    leafSchema,
    fc.subarray(['type', 'format', 'pattern', 'enum', 'minLength', 'maxLength', 'minimum'], {
      maxLength: 2,
    }),
  )
  .map(([schema, keys]) =>
    Object.fromEntries(
      Object.entries({ type: 'string', ...schema }).filter(
        ([key]) => key === 'type' || keys.includes(key),
      ),
    ),
  )

/** Nothing but branches, nearly always. */
function union(branches: fc.Arbitrary<readonly object[]>): fc.Arbitrary<object> {
  const beside = fc.constantFrom({}, {}, {}, { title: 'x' }, { type: 'object' }, { maxLength: 2 })
  return fc
    .tuple(fc.constantFrom('oneOf', 'anyOf'), branches, beside)
    .map(([key, list, more]) => ({ [key]: list, ...more }))
}

/** An object that one of its texts may tell from others. */
function taggedObject(inner: fc.Arbitrary<object>): fc.Arbitrary<object> {
  const few = fc.constantFrom('', 'a', 'EUR', 'größer', 'a\n"\\\u0000😀', 7)
  const tag = fc.oneof(
    few.map((value) => ({ const: value })),
    fc.array(few, { minLength: 1, maxLength: 2 }).map((list) => ({ enum: list })),
    fc.constant({ type: 'string' }),
  )
  return fc
    .record({
      name: fc.constantFrom('name', 'name', 'name', 'é', 'x"y'),
      tag,
      members: fc.dictionary(fc.constantFrom(...NAMES), inner, { maxKeys: 3 }),
      required: fc.boolean(),
      others: fc.constantFrom(undefined, undefined, true, false),
    })
    .map(({ name, tag: own, members, required, others }) => ({
      type: 'object',
      properties: { ...members, [name]: own },
      required: required ? [name] : undefined,
      additionalProperties: others,
    }))
}

const { schema: anySchema } = fc.letrec<{ schema: object }>((tie) => ({
  schema: fc
    .oneof(
      { depthSize: 'small', withCrossShrink: true },
      plainLeaf,
      leafSchema,
      fc.constant({ $ref: OTHER }),
      fc.constantFrom({}, { type: 'object' }, { type: 'array' }, { minLength: 2 }),
      fc.record({
        type: fc.constant('array'),
        items: tie('schema'),
        minItems: maybe(count),
        maxItems: maybe(count),
        uniqueItems: fc.constantFrom(undefined, undefined, true),
      }),
      fc.record({
        type: fc.constantFrom('object', 'object', undefined, ['object', 'null']),
        properties: fc.option(
          fc.dictionary(fc.constantFrom(...NAMES), tie('schema'), { maxKeys: 6 }),
          { nil: undefined, freq: 4 },
        ),
        required: maybe(fc.subarray(NAMES, { maxLength: 2 })),
        additionalProperties: fc.oneof(
          fc.constantFrom(
            undefined,
            undefined,
            false,
            true,
            {},
            { type: 'string', readOnly: true },
          ),
          tie('schema'),
        ),
        minProperties: fc.constantFrom(undefined, undefined, undefined, 2),
      }),
      tie('schema').map((one) => ({ allOf: [one] })),
      union(fc.array(tie('schema'), { minLength: 1, maxLength: 3 })),
      union(fc.array(taggedObject(tie('schema')), { minLength: 2, maxLength: 3 })),
      fc.constantFrom('oneOf', 'anyOf').map((key) => ({
        [key]: [{ $ref: OTHER }, { type: 'null' }],
        discriminator: { propertyName: 'name', mapping: { abc: OTHER } },
      })),
    )
    .map((schema) => JSON.parse(JSON.stringify(schema)) as object),
}))

const number = fc.constantFrom(
  '0',
  '-0',
  '1',
  '-1',
  '7.0',
  '0.5',
  '3',
  '10',
  '1e1',
  '2147483648',
  '123456789012345',
  '1234567890123456',
  '12345678901234567890',
  '0.1000000000000000055',
  '01',
  '1.',
)
const space = fc.constantFrom('', '', '', ' ', '\n\t')

/** A JSON text that has a good chance to fit. */
function textFor(schema: unknown, other: unknown, left: number): fc.Arbitrary<string> {
  const { $ref, type, properties, items, enum: list, const: only, required } = Object(schema)
  const { allOf: all, additionalProperties: others } = Object(schema)
  const inner = (one: unknown): fc.Arbitrary<string> => textFor(one, other, left - 1)
  const any = fc.oneof(
    fc.constantFrom('null', 'true', 'false', '{}', '[]'),
    number,
    fc.constantFrom(...TEXTS).map((text) => JSON.stringify(text)),
    fc.json(),
  )
  if (left < 0) return any
  if ($ref !== undefined) return inner(other)
  if (Array.isArray(all)) return inner(all[0])
  const branches: unknown = Object(schema).oneOf ?? Object(schema).anyOf
  if (Array.isArray(branches)) return fc.oneof(...branches.map(inner))
  const kind = [type].flat()[0] ?? (properties === undefined ? undefined : 'object')
  const odd = { weight: 1, arbitrary: any }
  const mostly = (arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.oneof({ weight: 12, arbitrary }, odd)
  if (only !== undefined) return mostly(fc.constant(JSON.stringify(only)))
  if (Array.isArray(list)) return mostly(fc.constantFrom(...list.map((one) => JSON.stringify(one))))
  if (kind === 'string')
    return mostly(fc.constantFrom(...TEXTS).map((text) => JSON.stringify(text)))
  if (kind === 'number' || kind === 'integer') return mostly(number)
  if (kind === 'array')
    return mostly(
      fc
        .tuple(fc.array(inner(items), { maxLength: 5 }), space)
        .map(([list, gap]) => `[${gap}${list.join(`${gap},`)}]`),
    )
  if (kind !== 'object') return any
  const known = Object.keys(Object(properties))
  const must = known.filter((name) => Object(required).includes?.(name))
  const isOpen = Object(others) === others || others === true || properties === undefined
  const more = isOpen ? ['zz', 'z:', '__proto__', 'z"z'] : []
  const names = fc
    .tuple(fc.subarray(known), fc.subarray(more))
    .map(([some, odd]) => [...new Set([...must, ...some, ...odd])])
  return mostly(
    fc
      .tuple(names, space, fc.constantFrom(0, 0, 0, 0, 0, 1, 2, 3))
      .chain(([chosen, gap, fault]) => {
        const all =
          fault === 0 || fault === 3 ? chosen : [...chosen, fault === 1 ? 'zz' : (chosen[0] ?? 'a')]
        const spelled = fault === 3 ? escaped : JSON.stringify
        return fc
          .tuple(...all.map((name) => inner(Object(properties)[name] ?? others)))
          .map(
            (values) =>
              `{${gap}${all.map((name, i) => `${spelled(name)}${gap}:${gap}${values[i]}`).join(`${gap},`)}}`,
          )
      }),
  )
}

/** A name, the first character of which is spelled as a number. */
function escaped(name: string): string {
  const first = name.slice(0, 1)
  const unit = first.charCodeAt(0).toString(16).padStart(4, '0')
  return first === '' ? '""' : `"\\u${unit}${JSON.stringify(name.slice(1)).slice(1)}`
}

test('reads every byte at every place of a run of escapes as its twin does', () => {
  const { accept, refuses } = judges({ root: { type: 'string', maxLength: 24 } })
  const counts = { fits: 0, open: 0 }
  const escapes = '\\"\\\\\\/\\b\\f\\n\\r\\t'.repeat(3)
  for (const run of [escapes, `\\na${escapes}`, `\\néa${'\\\\'.repeat(20)}`])
    for (let place = 1; place <= 40; place++)
      for (let byte = 0; byte < 128; byte++) {
        const text = `"${run.slice(0, place)}${String.fromCharCode(byte)}\\n\\n"`
        const isRefused = refuses(text)
        if (accept(text) === 'unknown') counts.open += 1
        else {
          counts.fits += 1
          assert.ok(!isRefused, text)
        }
      }
  assert.ok(counts.fits > 3000 && counts.open > 3000, JSON.stringify(counts))
})

const sent = fc
  .record({
    root: anySchema,
    other: anySchema,
    dialect: fc.constantFrom<Dialect>('2020-12', 'openapi-3.0'),
    unknownFields: fc.constantFrom<'refuse' | 'allow'>('refuse', 'allow'),
  })
  .chain((schemas) =>
    fc.tuple(
      fc.constant(schemas),
      fc.array(textFor(schemas.root, schemas.other, 4), { minLength: 4, maxLength: 4 }),
      fc.nat(),
      fc.integer({ min: 32, max: 126 }),
    ),
  )

test('what is accepted, its twins accept; and the scan finds in it what it did not tell of', () => {
  let accepted = 0
  let unions = 0
  fc.assert(
    fc.property(sent, ([schemas, texts, place, byte]) => {
      const { accept, refuses } = judges(schemas)
      for (const text of texts) {
        const at = place % (text.length + 1)
        const mutated = [
          text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1),
          text.slice(0, at) + text.slice(at + 1),
        ]
        for (const one of [text, ...mutated]) {
          const said = accept(one)
          if (said === 'unknown') continue
          accepted += 1
          if ('oneOf' in schemas.root || 'anyOf' in schemas.root) unions += 1
          assert.equal(refuses(one), false, `${one} of ${JSON.stringify(schemas)}`)
        }
      }
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 400) },
  )
  assert.ok(accepted > 100, `only ${accepted} texts were accepted`)
  assert.ok(unions > 10, `only ${unions} of them by branches`)
})

const WRITTEN: readonly (readonly [format: string, text: RegExp])[] = [
  ['email', /^[a-z0-9_+\-.]{0,66}@[a-z0-9.-]{0,70}\.[a-z0-9]{1,22}$/],
  ['email', /^[a-z_+-]{1,3}(\.[a-z]{1,2}){0,3}@([a-z0-9]{1,2}\.){0,5}[a-z0-9]{1,3}$/],
  ['date', /^[0-9]{3}[04][-0][01][0-9]-[0123][0-9]$/],
  [
    'date-time',
    /^202[04]-(02|12)-(28|29|30|31)[Tt ][012][0-9]:[056][0-9]:[056][0-9](\.[0-9]{0,3})?([Zz]|[+-][012][0-9]:[056][0-9])?$/,
  ],
  ['uuid', /^[0-9a-fA-Fg]{7,8}-[0-9a-f]{4}-[0-9A-F]{4}-[0-9a-f]{4}-[0-9a-f]{11,12}$/],
]

test('a text of a format that is accepted is one', () => {
  for (const [format, written] of WRITTEN) {
    const { accept, refuses } = judges({ root: { type: 'string', format, maxLength: 200 } })
    const seen = { accepted: 0 }
    fc.assert(
      fc.property(fc.stringMatching(written), (text) => {
        if (accept(JSON.stringify(text)) === 'unknown') return
        seen.accepted += 1
        assert.equal(refuses(JSON.stringify(text)), false, text)
      }),
      // Of the first, one in two hundred is accepted.
      { numRuns: 6000 },
    )
    assert.ok(seen.accepted > 0, format)
  }
})
