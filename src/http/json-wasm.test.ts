import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { JSON_LIMITS } from './json-limits.ts'
import type { JsonLimits } from './json-limits.ts'
import { JsonScanner } from './json-scanner.ts'
import { makeWasmScan } from './json-wasm.ts'

const SMALL: JsonLimits = {
  maxDepth: 3,
  maxNodes: 20,
  maxKeyChars: 4,
  maxStringChars: 5,
  maxNumberChars: 8,
}

const UNBOUNDED: JsonLimits = {
  maxDepth: 512,
  maxNodes: Infinity,
  maxKeyChars: Infinity,
  maxStringChars: Infinity,
  maxNumberChars: Infinity,
}

/** Both must find the same, or the module must say that it is not for the text. */
function compare(bytes: Buffer, limits: JsonLimits = JSON_LIMITS): 'unfit' | 'same' {
  const found = scan(bytes, limits)
  if (found === undefined) return 'unfit'
  const text = bytes.toString('utf8')
  if (found.fault === undefined) {
    const expected = namedTexts(JSON.parse(text)).filter(([, one]) => mayLead(one))
    const told: [string, string][] = []
    const texts = found.leading?.cursor(() => true)
    while (texts?.next() === true) {
      told.push([texts.name, texts.text])
      assert.equal(valueAt(JSON.parse(text), texts.pointer()), texts.text)
    }
    if (found.leading !== undefined) assert.deepEqual(lines(told), lines(expected), text)
    leading += told.length
  }
  // The twin does not look for URLs.
  const common = found.fault === undefined ? { ...found, leading: undefined } : found
  assert.deepEqual(common, new JsonScanner(bytes, limits).run(), bytes.toString('latin1'))
  return 'same'
}

const LEADS = /^[\s\0-\x1f]{0,64}(?:[a-z][a-z0-9+.-]{0,31}:|[\\/]{2}|(?<=[\s\0-\x1f]{64}))/i

/** Plainly written hosts of public names, none of which stands among those that lead inside. */
const PUBLIC = /^(?:(?:https?|wss?|ftp):)?\/\/(?:[\w-]+\.)+(?:cz|example)(?::\d*)?(?:[/?#\\]|$)/i

/** By its beginning, and by schemes: those here are short. */
function mayLead(text: string): boolean {
  if (!LEADS.test(text) || PUBLIC.test(text)) return false
  const scheme = /^[\s\0-\x1f]*([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase()
  return scheme === undefined || /^(?:https?|wss?|ftp|file|url)$/.test(scheme)
}

let leading = 0

/** Each string with the name it stands under. */
function namedTexts(value: unknown, name = ''): [name: string, text: string][] {
  if (typeof value === 'string') return [[name, value]]
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap((item) => namedTexts(item, name))
  return Object.entries(value).flatMap(([key, member]) => namedTexts(member, key))
}

/** In any order: members may come in another one. */
function lines(texts: readonly [name: string, text: string][]): readonly string[] {
  return texts.map((one) => JSON.stringify(one)).toSorted()
}

function valueAt(value: unknown, pointer: string): unknown {
  const parts = pointer.split('/').slice(1)
  return parts.reduce<unknown>(
    (found, part) =>
      (found as Record<string, unknown>)[part.replaceAll('~1', '/').replaceAll('~0', '~')],
    value,
  )
}

const scan = makeWasmScan() ?? assert.fail('no WebAssembly')

const tokens = [
  ...'[]{}:,"\\-.eE+019 \n\t'.split(''),
  '"a":',
  '"a:"',
  '"//"',
  '"//a"',
  '"http://a"',
  '"http:\\/\\/a.b.cz\\/"',
  '"\\u0068ttp:\\/\\/a"',
  '"//a.cz:80?"',
  '"//a.cz\\u0040b"',
  '"file:a"',
  '"~/ü\\u0061":',
  '"\\u0061:"',
  '"a\\u003a"',
  '"\u2003//"',
  '"\\/\\\\"',
  '"a"',
  '"é"',
  '{"a":1}',
  '"\\u0061"',
  '"\\ud83d\\ude00"',
  '"\\ud83d"',
  'true',
  'false',
  'null',
  'tru',
  '9007199254740991',
  '9007199254740992',
  '9007199254740991.7',
  '1e15',
  '1e16',
  '9e15',
  '0.1e17',
  '1e308',
  '2e308',
  '1e309',
  '90071992547409930e-1',
  '"__proto__":1',
  '"prototype":1',
  '"constructor":1',
  '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"',
  '😀',
  '                  ',
]
const soup = fc.array(fc.constantFrom(...tokens), { maxLength: 30 }).map((parts) => parts.join(''))
const damaged = fc
  .tuple(fc.json(), fc.nat(), fc.constantFrom('', '', ...tokens), fc.nat(2))
  .map(([text, at, insert, cut]) => {
    const place = at % (text.length + 1)
    return text.slice(0, place) + insert + text.slice(place + cut)
  })

for (const [name, limits] of [
  ['the usual bounds', JSON_LIMITS],
  ['narrow bounds', SMALL],
] as const)
  test(`agrees with its twin within ${name}`, () => {
    let same = 0
    fc.assert(
      fc.property(fc.oneof(soup, damaged, fc.json()), (text) => {
        if (compare(Buffer.from(text.toWellFormed()), limits) === 'same') same += 1
      }),
      { numRuns: 5000 },
    )
    assert.ok(same > 3000)
  })

test('agrees with its twin about bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 80 }).map((array) => Buffer.from(array))
  fc.assert(
    fc.property(bytes, (buffer) => {
      if (isUtf8(buffer)) compare(buffer)
    }),
    { numRuns: 1000 },
  )
})

const digits = fc.string({ unit: fc.constantFrom('0', '0', '1', '7', '9'), maxLength: 20 })
const power = fc.constantFrom('', 'e0', 'e-2', 'e1', 'e15', 'E-30', 'e300', 'e308', 'e-400', 'e400')
const numbers = fc.oneof(
  fc.tuple(fc.constantFrom('', '-'), digits, digits, power).map(([sign, whole, part, exponent]) => {
    const integer = whole.replace(/^0+(?=.)/, '') || '0'
    return `${sign}${integer}${part === '' ? '' : `.${part}`}${exponent}`
  }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.bigInt(2n ** 53n - 9n, 2n ** 53n + 9n).map(String),
  fc.bigInt(2n ** 1024n - 2n ** 970n - 9n, 2n ** 1024n - 2n ** 970n + 9n).map(String),
  fc.constantFrom('9007199254740991.4', '9007199254740991.5', '90071992547409915e-1'),
  fc.constantFrom('1.7976931348623157e308', '1.7976931348623158e308', '1.797693134862315807e308'),
)

test('agrees with its twin about numbers', () => {
  fc.assert(
    fc.property(fc.array(numbers, { maxLength: 5 }), (list) => {
      assert.equal(compare(Buffer.from(`[${list.join(',')}]`), UNBOUNDED), 'same')
    }),
    { numRuns: 5000 },
  )
})

const name = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '_'), maxLength: 40 })

test('agrees with its twin about members', () => {
  const objects = fc.array(fc.array(name, { maxLength: 60 }), { maxLength: 8 })
  fc.assert(
    fc.property(objects, (lists) => {
      const rows = lists.map((names) => `{${names.map((one) => `"${one}":0`).join(',')}}`)
      assert.equal(compare(Buffer.from(`[${rows.join(',')}]`)), 'same')
    }),
    { numRuns: 500 },
  )
})

/** Objects in objects, of names that repeat: most are sound, some have one name twice. */
const nested = fc.letrec<{ object: string; value: string }>((tie) => ({
  object: fc
    .tuple(
      fc.array(fc.tuple(fc.nat(99), tie('value')), { maxLength: 40, depthIdentifier: 'json' }),
      fc.boolean(),
    )
    .map(([members, isSound]) => {
      const rows = members.map(([n, value], at) => `"k${isSound ? at : n}":${value}`)
      return `{${rows.join(',')}}`
    }),
  value: fc.oneof(
    { depthIdentifier: 'json', maxDepth: 3 },
    fc.constantFrom('0', '""', '{}', '[]'),
    tie('object'),
    fc
      .array(tie('object'), { maxLength: 4, depthIdentifier: 'json' })
      .map((all) => `[${all.join(',')}]`),
  ),
})).object

test('agrees with its twin about objects in objects', () => {
  fc.assert(
    fc.property(nested, (text) => {
      assert.equal(compare(Buffer.from(text)), 'same')
    }),
    { numRuns: 1000 },
  )
})

test('agrees with its twin about a name that comes back, wherever it stands', () => {
  const list = (size: number): string[] => Array.from({ length: size }, (_, n) => `"k${n}":0`)
  for (const size of [1, 2, 15, 16, 17, 18, 31, 32, 33, 63, 64, 65, 66, 127, 128, 129, 130, 200])
    for (const at of [0, 1, 14, 15, 16, 17, 63, 64, 65, 128, size - 1].filter((n) => n < size)) {
      const before = `{${list(size).join(',')}}`
      for (const inner of [before, '{"k0":{"k0":0}}', `{"k0":${before},"k1":${before}}`]) {
        const members = [...list(size), `"x":${inner}`, `"k${at}":1`]
        assert.equal(compare(Buffer.from(`[${before},{${members.join(',')}}]`)), 'same')
        const fault = scan(Buffer.from(`[{${members.join(',')}}]`), JSON_LIMITS)
        assert.equal(fault?.fault, 'duplicate_key')
      }
    }
})

const ESCAPES = '\\"\\\\\\/\\b\\f\\n\\r\\t'
/** Escapes at even places, at odd ones, and many backslashes. */
const RUNS = [ESCAPES.repeat(3), `\\na${ESCAPES.repeat(3)}`, `\\néa${'\\\\'.repeat(20)}`]

test('agrees with its twin about every byte at every place of a run of escapes', () => {
  for (const bound of [JSON_LIMITS, { ...SMALL, maxStringChars: 40, maxKeyChars: 40 }])
    for (const run of RUNS.map((text) => Buffer.from(text)))
      for (let place = 1; place <= 40; place++)
        for (let byte = 0; byte < 128; byte++) {
          const text = [run.subarray(0, place), Buffer.of(byte), Buffer.from('\\n\\n')]
          for (const [before, behind] of [
            ['["', '"]'],
            ['{"', '":1}'],
          ] as const) {
            const whole = Buffer.concat([Buffer.from(before), ...text, Buffer.from(behind)])
            // Cut inside a character, it is no text.
            if (isUtf8(whole)) assert.equal(compare(whole, bound), 'same')
          }
        }
})

const wholes: [name: string, text: string, limits?: JsonLimits][] = [
  ['deep arrays', '['.repeat(100)],
  ['strings at the bound', `["${'a'.repeat(100_000)}"]`],
  ['strings beyond the bound', `["${'a'.repeat(100_001)}"]`],
  ['strings far beyond the bound, with a control behind it', `["${'a'.repeat(400_000)}\u0001"]`],
  ['strings of escapes beyond the bound', `["${'\\n'.repeat(400_000)}"]`],
  ['wide strings at the bound', `["${'é'.repeat(100_000)}"]`],
  ['wide strings beyond the bound', `["${'😀'.repeat(50_001)}"]`],
  ['a key at the bound', `{"${'é'.repeat(256)}":1}`],
  ['a key beyond the bound', `{"${'é'.repeat(257)}":1}`],
  ['a key without an end', `{"${'a'.repeat(2000)}`],
  ['many values', `[${'0,'.repeat(9999)}0]`],
  ['many names', `{${Array.from({ length: 2500 }, (_, n) => `"k${n}":0`).join(',')}}`],
  [
    'many names, one twice',
    `{${Array.from({ length: 2000 }, (_, n) => `"k${n % 1999}":0`).join(',')}}`,
  ],
  [
    'many names in small objects',
    `[${Array.from({ length: 3000 }, (_, n) => `{"k${n % 2240}":0}`).join(',')}]`,
  ],
  [
    'names without a bound',
    `[${Array.from({ length: 3000 }, (_, n) => `{"k${n}":0}`).join(',')}]`,
    SMALL,
  ],
]
for (const [what, text, limits] of wholes)
  test(`agrees with its twin about ${what}`, () => {
    const wide = limits === undefined ? JSON_LIMITS : { ...JSON_LIMITS, maxNames: 5000 }
    assert.equal(compare(Buffer.from(text), wide), 'same')
  })

test('agrees with its twin about how many short texts are different', () => {
  const counts = { some: 0, many: 0 }
  fc.assert(
    fc.property(
      fc.integer({ min: 900, max: 1200 }),
      fc.integer({ min: 1, max: 9 }),
      (items, size) => {
        const texts = Array.from({ length: items }, (_, n) => `"${String(n).padStart(size, 'x')}"`)
        const bytes = Buffer.from(`{"a":[${texts.join(' , ')}]}`)
        assert.equal(compare(bytes), 'same')
        const found = scan(bytes, JSON_LIMITS)
        if (found?.fault === undefined) counts[found?.manifold === 'texts' ? 'many' : 'some'] += 1
      },
    ),
  )
  assert.ok(counts.some > 10 && counts.many > 10, JSON.stringify(counts))
})

test('leaves texts to its twin that it has no room for', () => {
  assert.equal(compare(Buffer.from(`[${'1e99,'.repeat(20_000)}0]`), UNBOUNDED), 'unfit')
  assert.equal(compare(Buffer.alloc(5_000_000, ' ')), 'unfit')
  const names = Array.from({ length: 20_000 }, (_, n) => `"k${n}":0`)
  assert.equal(compare(Buffer.from(`{${names.join(',')}}`), UNBOUNDED), 'unfit')
})

test('knows nothing of the text before', () => {
  const bytes = Buffer.from('{"a":1,"b":{"a":2}}')
  for (let round = 0; round < 100; round += 1) assert.equal(compare(bytes), 'same')
})

test('holds nothing of a text once it is done', () => {
  compare(Buffer.from(`["${'s'.repeat(300_000)}"]`))
  assert.equal(compare(Buffer.from('["')), 'same')
})

test('tells of texts that may lead inside, and their names', () => {
  const text = fc.constantFrom(
    'a',
    'http://a',
    '//a',
    '//a.cz',
    'x:',
    'file:a',
    '\u00a0//b',
    '//ü',
    'http://a.b.cz/x',
  )
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.constantFrom(1, null, true),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'ü', '~/', '//a'), tie('value'), { maxKeys: 3 }),
    ),
  }))
  const before = leading
  fc.assert(
    fc.property(value, fc.nat(2), (one, space) => {
      assert.equal(compare(Buffer.from(JSON.stringify(one, undefined, space))), 'same')
    }),
    { numRuns: 2000 },
  )
  assert.ok(leading > before + 500, `only ${leading - before} texts`)
})

test('more such texts than there is room for are not told of', () => {
  const many = (count: number): Buffer =>
    Buffer.from(JSON.stringify(Array.from({ length: count }, (_, n) => `//a${n}`)))
  const limits = { ...JSON_LIMITS, maxNodes: 20_000 }
  const [fits, exceeds] = [scan(many(9728), limits), scan(many(9729), limits)]
  assert.ok(fits?.fault === undefined && exceeds?.fault === undefined)
  assert.equal(fits?.leading?.count, 9728)
  assert.equal(exceeds?.leading, undefined)
})

test('many such texts are told of once for each host and name', () => {
  const list = Array.from({ length: 100 }, (_, n) => `//ü${n % 20}.example/${n}`)
  const leading = (value: unknown): number | undefined => {
    const outline = scan(Buffer.from(JSON.stringify(value)), JSON_LIMITS)
    assert.ok(outline?.fault === undefined)
    return outline?.leading?.count
  }
  // The first 16 are told of without a look at those before.
  assert.equal(leading(list), 36)
  assert.equal(leading({ a: list, b: list }), 56)
  assert.equal(leading(list.map((text) => text.replace('/', '/\\/'))), 100)
})
