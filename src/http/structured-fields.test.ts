import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseDictionary, parseItem, parseList } from './structured-fields-parser.ts'
import {
  SfDate,
  SfDecimal,
  SfDisplayString,
  SfToken,
  serializeDictionary,
  serializeItem,
  serializeList,
  StructuredFieldError,
} from './structured-fields.ts'
import type {
  SfBareItem,
  SfDictionary,
  SfItem,
  SfList,
  SfMember,
  SfParameters,
} from './structured-fields.ts'

interface Vector {
  readonly name: string
  readonly raw: string[]
  readonly header_type: 'item' | 'list' | 'dictionary'
  readonly expected?: unknown
  readonly must_fail?: boolean
  readonly can_fail?: boolean
  readonly canonical?: string[]
}

const FOLDER = new URL('../../test/vectors/structured-fields/', import.meta.url)
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'))

test('finds the published vectors', () => assert.ok(files.length >= 20))

for (const file of files) {
  const vectors = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Vector[]
  test(`agrees with all ${vectors.length} vectors of ${file}`, () => {
    for (const vector of vectors) checkVector(vector)
  })
}

function checkVector(vector: Vector): void {
  const [parsed, written] = run(vector)
  if (vector.must_fail === true) return assert.equal(parsed, undefined, vector.name)
  if (parsed === undefined && vector.can_fail === true) return
  assert.deepEqual(parsed, vector.expected, vector.name)
  assert.equal(written, (vector.canonical ?? vector.raw).join(', '), vector.name)
}

function run({ header_type, raw }: Vector): [parsed: unknown, written: string | undefined] {
  if (header_type === 'item') {
    const item = parseItem(raw)
    return item === undefined ? [undefined, undefined] : [itemJson(item), serializeItem(item)]
  }
  if (header_type === 'list') {
    const list = parseList(raw)
    return list === undefined ? [undefined, undefined] : [list.map(memberJson), serializeList(list)]
  }
  const dictionary = parseDictionary(raw)
  if (dictionary === undefined) return [undefined, undefined]
  return [
    [...dictionary].map(([key, value]) => [key, memberJson(value)]),
    serializeDictionary(dictionary),
  ]
}

function memberJson(member: SfMember): unknown {
  if ('value' in member) return itemJson(member)
  return [member.items.map(itemJson), parametersJson(member.parameters)]
}

function itemJson({ value, parameters }: SfItem): unknown {
  return [bareJson(value), parametersJson(parameters)]
}

function parametersJson(parameters: SfParameters | undefined): unknown {
  return [...(parameters ?? [])].map(([key, value]) => [key, bareJson(value)])
}

function bareJson(value: SfBareItem): unknown {
  if (value instanceof SfToken) return { __type: 'token', value: value.value }
  if (value instanceof SfDate) return { __type: 'date', value: value.seconds }
  if (value instanceof SfDisplayString) return { __type: 'displaystring', value: value.value }
  if (value instanceof SfDecimal) return value.value
  if (value instanceof Uint8Array) return { __type: 'binary', value: base32(value) }
  return value
}

function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{1,5}/g) ?? []
  const digits = groups.map(
    (group) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(group.padEnd(5, '0'), 2)],
  )
  return digits.join('').padEnd(Math.ceil(digits.length / 8) * 8, '=')
}

test('writes rate limit fields as the draft shows them', () => {
  const policy: SfList = [
    {
      value: 'key',
      parameters: new Map([
        ['q', 100],
        ['w', 60],
      ]),
    },
    {
      value: 'day',
      parameters: new Map([
        ['q', 10_000],
        ['w', 86_400],
      ]),
    },
  ]
  assert.equal(serializeList(policy), '"key";q=100;w=60, "day";q=10000;w=86400')
})

test('writes a deprecation date', () =>
  assert.equal(serializeItem({ value: new SfDate(1_688_169_599) }), '@1688169599'))

test('writes dictionaries with flags and inner lists', () => {
  const dictionary: SfDictionary = new Map<string, SfMember>([
    ['a', { value: true, parameters: new Map([['x', 1.5]]) }],
    [
      'b',
      { items: [{ value: new SfToken('t') }, { value: 's"' }], parameters: new Map([['y', true]]) },
    ],
  ])
  assert.equal(serializeDictionary(dictionary), 'a;x=1.5, b=(t "s\\"");y')
})

const unwritable: [name: string, item: SfItem][] = [
  ['refuses to write a line feed in a string', { value: 'a\nb' }],
  ['refuses to write non-ASCII in a string', { value: 'é' }],
  ['refuses to write an integer of 16 digits', { value: 1e15 }],
  ['refuses to write infinity', { value: Number.POSITIVE_INFINITY }],
  ['refuses to write NaN', { value: Number.NaN }],
  ['refuses to write a large decimal', { value: new SfDecimal(1e12) }],
  ['refuses to write a token with a space', { value: new SfToken('a b') }],
  ['refuses to write an upper-case key', { value: 1, parameters: new Map([['A', 1]]) }],
  ['refuses to write a lone surrogate', { value: new SfDisplayString('\ud800') }],
]
for (const [name, item] of unwritable) {
  test(name, () => assert.throws(() => serializeItem(item), StructuredFieldError))
}

test('rounds decimals to three digits, ties to even', () => {
  assert.equal(serializeItem({ value: 0.0625 }), '0.062')
  assert.equal(serializeItem({ value: 0.0635 }), '0.064')
})

test('parsers never throw, and what they accept is written and read back the same', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 30 }),
    fc
      .array(
        fc.constantFrom(
          'a',
          '=',
          '1',
          '.5',
          '"',
          '(',
          ')',
          ';',
          ', ',
          ':',
          '?1',
          '@',
          '%"',
          '-',
          ' ',
        ),
        { maxLength: 12 },
      )
      .map((p) => p.join('')),
  )
  fc.assert(
    fc.property(text, (raw) => {
      const list = parseList([raw])
      if (list !== undefined) assert.deepEqual(parseList([serializeList(list)]), list)
      const dictionary = parseDictionary([raw])
      if (dictionary !== undefined)
        assert.deepEqual(parseDictionary([serializeDictionary(dictionary)]), dictionary)
      const item = parseItem([raw])
      if (item !== undefined) assert.deepEqual(parseItem([serializeItem(item)]), item)
    }),
    { numRuns: 2000 },
  )
})
