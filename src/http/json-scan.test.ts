import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { JSON_LIMITS } from './json-limits.ts'
import type { Manifold } from './json-limits.ts'
import { JSON_SLICE_BYTES, parseJsonSliced, parseJsonStrict, scanJson } from './json-scan.ts'
import { JsonScanner } from './json-scanner.ts'

const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
const objectOf = (count: number, last = ''): string =>
  `{${Array.from({ length: count }, (_, i) => `"k${i}":${i}`).join(',')}${last}}`

const accepted: [name: string, text: string, unsafe: number[]][] = [
  ['accepts a number alone', '0', []],
  ['accepts white space around', ' \t\r\n{"a" : [ 1 , 2 ] }\n', []],
  ['accepts empty containers', '[{},[]]', []],
  ['accepts every escape', '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"', []],
  ['accepts an escaped surrogate pair', '"\\ud83d\\ude00"', []],
  ['accepts raw non-ASCII', '"ünï 😀"', []],
  ['accepts DEL in a string', '"\u007f"', []],
  ['accepts equal keys in different objects', '{"a":{"a":1},"b":{"a":2}}', []],
  ['accepts a key again after its object closed', '[{"a":1},{"a":2}]', []],
  ['accepts the largest safe integers', '[9007199254740991,-9007199254740991]', []],
  ['reports integers beyond 2^53', '[1,9007199254740993]', [3]],
  ['reports negative integers beyond 2^53', '-9007199254740992', [0]],
  ['reports integers written with an exponent', '[1e20,1.5e3,90071992547409930e-1]', [1, 12]],
  ['accepts fractions and exponents', '[-0,0.5,-1.25e-3,1E+2]', []],
  ['accepts depth 32', deep(32), []],
  ['accepts 10,000 nodes', `[${'0,'.repeat(9998)}0]`, []],
  ['accepts a key of 256 characters', `{"${'k'.repeat(256)}":1}`, []],
  ['accepts a key of 256 escaped characters', `{"${'\\u0061'.repeat(256)}":1}`, []],
  ['accepts a key of 256 wide characters', `{"${'\u00fc'.repeat(256)}":1}`, []],
  ['accepts a string of 100,000 characters', `"${'\u00fc'.repeat(100_000)}"`, []],
  ['accepts a number of 64 characters', `0.${'1'.repeat(62)}`, []],
  ['accepts a few hundred distinct keys', objectOf(500), []],
  [
    'accepts names that only resemble dangerous ones',
    '{"__proto":1,"constructors":2,"Prototype":3}',
    [],
  ],
]
for (const [name, text, unsafe] of accepted) {
  test(name, () => {
    const result = parseJsonStrict(Buffer.from(text))
    assert.ok(result.fault === undefined)
    assert.deepEqual(result.value, JSON.parse(text))
    assert.deepEqual(result.unsafeIntegers, unsafe)
  })
}

const refused: [name: string, text: string | Buffer, fault: string, offset?: number][] = [
  ['refuses nothing at all', '', 'unexpected_end', 0],
  ['refuses white space only', '  ', 'unexpected_end', 2],
  ['refuses a byte order mark', '\ufeff{}', 'byte_order_mark', 0],
  ['refuses overlong UTF-8', Buffer.from([34, 0xc0, 0xaf, 34]), 'invalid_utf8', 1],
  ['refuses surrogates in UTF-8', Buffer.from([34, 97, 0xed, 0xa0, 0x80, 34]), 'invalid_utf8', 2],
  ['refuses UTF-16', Buffer.from('{}', 'utf16le'), 'syntax', 1],
  ['refuses trailing data', '{} {}', 'trailing_data', 3],
  ['refuses a trailing comma', '[1,]', 'syntax', 3],
  ['refuses a trailing comma in an object', '{"a":1,}', 'syntax', 7],
  ['refuses a missing colon', '{"a" 1}', 'syntax', 5],
  ['refuses a missing comma', '[1 2]', 'syntax', 3],
  ['refuses an open string', '"abc', 'unexpected_end', 4],
  ['refuses an open array', '[1', 'unexpected_end', 2],
  ['refuses single quotes', "{'a':1}", 'syntax', 1],
  ['refuses comments', '[1/*x*/]', 'syntax', 2],
  ['refuses NaN', 'NaN', 'syntax', 0],
  ['refuses Infinity', '-Infinity', 'syntax', 1],
  ['refuses a leading zero', '01', 'trailing_data', 1],
  ['refuses a leading plus', '+1', 'syntax', 0],
  ['refuses a bare fraction', '.5', 'syntax', 0],
  ['refuses a number ending in a point', '1.', 'unexpected_end', 2],
  ['refuses an empty exponent', '[1e]', 'syntax', 3],
  ['refuses two points', '1.2.3', 'syntax', 3],
  ['refuses a misspelled literal', 'nulL', 'syntax', 3],
  ['refuses a cut literal', 'tru', 'unexpected_end', 3],
  ['refuses a raw control in a string', '"a\nb"', 'syntax', 2],
  ['refuses an unknown escape', '"\\x41"', 'syntax', 2],
  ['refuses a cut unicode escape', '"\\u12"', 'syntax'],
  ['refuses non-breaking space between tokens', '[\u00a01]', 'syntax', 1],
  ['refuses a duplicate key', '{"a":1,"b":2,"a":3}', 'duplicate_key', 14],
  ['refuses a duplicate key after unescaping', '{"a":1,"\\u0061":2}', 'duplicate_key', 8],
  ['refuses a duplicate of an escaped key', '{"\\u0061":1,"a":2}', 'duplicate_key'],
  ['refuses a duplicate after an inner object', '{"a":{"b":1},"a":2}', 'duplicate_key', 14],
  ['refuses a duplicate empty key', '{"":1,"":2}', 'duplicate_key'],
  ['refuses a duplicate among many keys', objectOf(500, ',"k3":0'), 'duplicate_key'],
  [
    'refuses an escaped duplicate among many keys',
    objectOf(500, ',"\\u006b499":0'),
    'duplicate_key',
  ],
  ['refuses __proto__', '{"__proto__":{"isAdmin":true}}', 'dangerous_key', 2],
  ['refuses an escaped __proto__', '{"\\u005f_proto__":1}', 'dangerous_key', 2],
  ['refuses constructor deep inside', '[{"a":{"constructor":1}}]', 'dangerous_key'],
  ['refuses prototype', '{"prototype":1}', 'dangerous_key'],
  ['refuses a lone high surrogate', '"\\ud800"', 'lone_surrogate', 1],
  ['refuses a lone low surrogate', '"\\udc00"', 'lone_surrogate', 1],
  ['refuses two high surrogates', '"\\ud800\\ud800"', 'lone_surrogate', 1],
  ['refuses a lone surrogate in a key', '{"\\udfff":1}', 'lone_surrogate', 2],
  ['refuses depth 33', deep(33), 'too_deep', 32],
  ['refuses depth 100,000 without overflowing', '['.repeat(100_000), 'too_deep', 32],
  ['refuses 10,001 nodes', `[${'0,'.repeat(9999)}0]`, 'too_many_nodes'],
  ['refuses a key of 257 characters', `{"${'k'.repeat(257)}":1}`, 'key_too_long', 2],
  ['refuses a key of 257 escaped characters', `{"${'\\u0061'.repeat(257)}":1}`, 'key_too_long'],
  [
    'refuses a key of 129 characters of two units',
    `{"${'\u{1f600}'.repeat(129)}":1}`,
    'key_too_long',
  ],
  ['refuses a string of 100,001 characters', `"${'a'.repeat(100_001)}"`, 'string_too_long', 1],
  ['refuses a number of 65 characters', `0.${'1'.repeat(63)}`, 'number_too_long', 0],
  ['refuses a number that is infinite', '1e400', 'number_out_of_range', 0],
  [
    'refuses the least number that is infinite',
    '[1.7976931348623159e308]',
    'number_out_of_range',
    1,
  ],
  ['tells the first of two faults', '[1e400,', 'number_out_of_range', 1],
  ['refuses thousands of distinct keys', objectOf(2500), 'too_many_names'],
  [
    'refuses thousands of distinct keys in small objects',
    `[${Array.from({ length: 2500 }, (_, i) => `{"k${i}":0}`).join(',')}]`,
    'too_many_names',
  ],
]
for (const [name, text, fault, offset] of refused) {
  test(name, () => {
    const result = scanJson(Buffer.from(text as string))
    assert.equal(result.fault, fault)
    if (offset !== undefined && result.fault !== undefined) assert.equal(result.offset, offset)
  })
}

test('honors other limits', () => {
  const limits = { ...JSON_LIMITS, maxDepth: 1, maxNodes: 3 }
  assert.equal(scanJson(Buffer.from('[1,2]'), limits).fault, undefined)
  assert.equal(scanJson(Buffer.from('[1,2,3]'), limits).fault, 'too_many_nodes')
  assert.equal(scanJson(Buffer.from('[[]]'), limits).fault, 'too_deep')
})

test('caps the depth at 512 whatever the settings say', () => {
  const limits = { ...JSON_LIMITS, maxDepth: 1e9, maxNodes: 1e9 }
  assert.equal(scanJson(Buffer.from(deep(513)), limits).fault, 'too_deep')
})

/** Slow reference: a reviver-free walk over the source text that only knows how to find keys. */
function hasTrouble(text: string): boolean {
  const stack: (Set<string> | undefined)[] = []
  const strings = /"(?:[^"\\]|\\.)*"|[{}[\]]/gs
  for (const match of text.matchAll(strings)) {
    const token = match[0]
    if (token === '{') stack.push(new Set())
    else if (token === '[') stack.push(undefined)
    else if (token === '}' || token === ']') stack.pop()
    else if (/^\s*:/.test(text.slice(match.index + token.length))) {
      const key = JSON.parse(token) as string
      if (['__proto__', 'constructor', 'prototype'].includes(key)) return true
      if (stack.at(-1)?.has(key) === true) return true
      stack.at(-1)?.add(key)
    }
  }
  return false
}

const key = fc.oneof(
  fc.constantFrom('a', 'b', 'é', '"', '\\', '__proto__'),
  fc.string({ maxLength: 3 }),
)
const escaped = (text: string): string =>
  [...Array(text.length).keys()]
    .map((i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`)
    .join('')
const keyText = fc
  .tuple(key, fc.boolean())
  .map(([text, escape]) => (escape ? `"${escaped(text)}"` : JSON.stringify(text)))
const { tree: jsonText } = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('1', '-2.5e3', 'null', 'true', '""', '"x\\n"', '"😀"'),
    fc.array(tie('tree'), { maxLength: 4 }).map((items) => `[${items.join(', ')}]`),
    fc
      .array(fc.tuple(keyText, tie('tree')), { maxLength: 20 })
      .map((members) => `{${members.map(([k, v]) => `${k} : ${v}`).join(',')}}`),
  ),
}))

test('agrees with a slow reference about duplicate and dangerous keys', () => {
  fc.assert(
    fc.property(jsonText, (text) => {
      const { fault } = scanJson(Buffer.from(text), { ...JSON_LIMITS, maxNodes: 1e6 })
      assert.equal(
        fault === 'duplicate_key' || fault === 'dangerous_key',
        hasTrouble(text),
        String(fault),
      )
    }),
    { numRuns: 1000 },
  )
})

test('counts names and not members', () => {
  const rows = Array.from({ length: 900 }, (_, i) => `{"id":${i},"name":"a"}`)
  assert.equal(scanJson(Buffer.from(`[${rows.join(',')}]`)).fault, undefined)
})

const manifold: [name: string, text: string, expected: Manifold][] = [
  ['rows alike', `[${'{"a":1,"b":2},'.repeat(900)}0]`, 'none'],
  ['one large object', objectOf(1000), 'shapes'],
  ['names in ever new orders', ordersOf(400), 'shapes'],
  ['short texts alike', listOf((n) => `text-${n % 500}`), 'none'],
  ['different short texts', listOf((n) => `text-${n}`), 'texts'],
  ['different longer texts', listOf((n) => `long-text-${n}`), 'none'],
  ['very short texts', listOf((n) => (n % 100).toString(36)), 'none'],
  [
    'objects of different short texts',
    `[${Array.from({ length: 1100 }, (_, n) => `{"a":"${n + 100}"}`).join(',')}]`,
    'texts',
  ],
  ['both', `[${ordersOf(400)},${listOf((n) => `text-${n}`)}]`, 'shapes'],
]
for (const [name, text, expected] of manifold) {
  test(`makes the same value of ${name}`, () => {
    const bytes = Buffer.from(text)
    const found = scanJson(bytes)
    assert.equal(found.fault === undefined && found.manifold, expected)
    const read = parseJsonStrict(bytes)
    assert.equal(JSON.stringify(read.fault === undefined ? read.value : ''), text)
  })
}

function listOf(text: (n: number) => string): string {
  return `[${Array.from({ length: 1100 }, (_, n) => `"${text(n)}"`).join(',')}]`
}

/** Objects of six names, each in an order of its own. */
function ordersOf(count: number): string {
  const order = (n: number): string[] => {
    const left = ['a', 'b', 'c', 'd', 'e', 'f']
    const names: string[] = []
    for (let rest = n; left.length > 0; rest = Math.floor(rest / (left.length + 1)))
      names.push(...left.splice(rest % left.length, 1))
    return names.map((name) => `"${name}":0`)
  }
  return `[${Array.from({ length: count }, (_, n) => `{${order(n).join(',')}}`).join(',')}]`
}

test('agrees with JSON.parse about what is JSON', () => {
  const damaged = fc
    .tuple(jsonText, fc.nat(), fc.constantFrom('', '"', ',', '}', '0', '\\', ' ', 'e', '\u0000'))
    .map(
      ([text, at, insert]) =>
        text.slice(0, at % (text.length + 1)) + insert + text.slice((at % (text.length + 1)) + 1),
    )
  const soup = fc
    .array(
      fc.constantFrom(
        '[',
        ']',
        '{',
        '}',
        ':',
        ',',
        '"',
        '"a"',
        '\\',
        '-',
        '0',
        '12',
        '.',
        'e',
        'true',
        ' ',
      ),
      { maxLength: 10 },
    )
    .map((p) => p.join(''))
  const onlyStricter = new Set([
    'duplicate_key',
    'dangerous_key',
    'lone_surrogate',
    'number_out_of_range',
  ])
  fc.assert(
    fc.property(fc.oneof(damaged, soup, fc.json()), (text) => {
      const { fault } = scanJson(Buffer.from(text))
      if (fault !== undefined && onlyStricter.has(fault)) return
      assert.equal(fault === undefined, isJson(text), `${fault} ${text}`)
    }),
    { numRuns: 5000 },
  )
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

test('never throws on bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const result = parseJsonStrict(Buffer.from(bytes))
      if (result.fault === undefined)
        assert.deepEqual(result.value, JSON.parse(Buffer.from(bytes).toString()))
    }),
  )
})

test('stays linear when thousands of keys are alike', () => {
  const keys = Array.from({ length: 9000 }, (_, i) => `"${String(i).padStart(250, 'a')}":0`)
  const bytes = Buffer.from(`{${keys.join(',')}}`)
  const start = performance.now()
  assert.equal(scanJson(bytes, { ...JSON_LIMITS, maxNames: Infinity }).fault, undefined)
  assert.ok(performance.now() - start < 5000)
})

test('finds the same with a pause after every value', () => {
  fc.assert(
    fc.property(jsonText, fc.nat(20), (text, cut) => {
      const bytes = Buffer.from(text.slice(0, text.length - cut))
      const scanner = new JsonScanner(bytes, JSON_LIMITS)
      let found = scanner.run(0)
      for (let until = 1; found === undefined; until++) found = scanner.run(until)
      assert.deepEqual(found, new JsonScanner(bytes, JSON_LIMITS).run())
    }),
    { numRuns: 500 },
  )
})

const large: [name: string, text: string][] = [
  ['a large list', JSON.stringify(Array.from({ length: 3000 }, (_, i) => ({ id: i, name: 'é' })))],
  ['a large text that is cut off', JSON.stringify(Array.from({ length: 9000 }, () => 'abcdefgh'))],
  ['a large text of lone surrogates', `["${'a'.repeat(70_000)}","\\ud800"]`],
  ['one long string', `"${'a'.repeat(90_000)}"`],
]
for (const [name, text] of large) {
  test(`reads ${name} in slices as at once`, async () => {
    const bytes = Buffer.from(name.includes('cut') ? text.slice(0, -1) : text)
    assert.ok(bytes.length > JSON_SLICE_BYTES)
    const sliced = parseJsonSliced(bytes)
    assert.ok(sliced instanceof Promise)
    assert.deepEqual(await sliced, parseJsonStrict(bytes))
  })
}

test('reads a text of many names in slices as at once', async () => {
  const names = Array.from({ length: 900 }, (_, n) => `"name${n}":${n}`)
  const bytes = Buffer.from(`{${names.join(',')}}`)
  assert.ok(bytes.length <= JSON_SLICE_BYTES)
  const sliced = parseJsonSliced(bytes)
  assert.ok(sliced instanceof Promise)
  assert.deepEqual(await sliced, parseJsonStrict(bytes))
})

test('reads a text that is too large for the module', async () => {
  const bytes = Buffer.from(`[${' '.repeat(4_200_000)}1,{"a":2}]`)
  assert.deepEqual(await parseJsonSliced(bytes), parseJsonStrict(bytes))
})

test('reads a small text without a pause', () => {
  assert.deepEqual(parseJsonSliced(Buffer.from('[1]')), parseJsonStrict(Buffer.from('[1]')))
})

test('looks at no more of a string than it may hold', () => {
  // Were the rest looked at, its last byte would be the fault.
  for (const long of ['a'.repeat(400_000), '\\n'.repeat(400_000)])
    assert.equal(scanJson(Buffer.from(`"${long}\u0000`)).fault, 'string_too_long')
})
