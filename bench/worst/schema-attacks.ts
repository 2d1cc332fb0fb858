import { arrayOf, bodyAttacks, fill, objectOf } from './attack.ts'
import type { Attack } from './attack.ts'

const quote = JSON.stringify

/** Bodies that make schemas work. */
export function schemaAttacks(): readonly Attack[] {
  return [
    ...branchAttacks(),
    ...uniqueAttacks(),
    ...memberAttacks(),
    ...formatAttacks(),
    ...composedAttacks(),
    ...crowdedAttacks(),
  ]
}

const json = (name: string, path: string, make: (bytes: number) => string): readonly Attack[] =>
  bodyAttacks(`schema: ${name}`, path, make)
const nested = (open: string, close: string, core: string): string =>
  open.repeat(30) + core + close.repeat(30)
const strings = (path: string, name: string, item: (n: number) => string): readonly Attack[] =>
  json(name, path, (bytes) => arrayOf(bytes, (n) => quote(item(n))))
const long = (path: string, name: string, item: (bytes: number) => string): readonly Attack[] =>
  json(name, path, (bytes) => `[${quote(item(bytes - 8))}]`)

function branchAttacks(): readonly Attack[] {
  return [
    ...json('oneOf that holds itself', '/node', () => nested('{"child":', '}', '{}')),
    ...json('oneOf that holds itself, right to the last', '/node', () =>
      nested('{"a":"","child":', '}', '{"c":1}'),
    ),
    ...json('anyOf that holds itself', '/expression', () => nested('{"and":[', ']}', '1')),
    ...json(
      'anyOf that holds itself, wide',
      '/expression',
      (bytes) => `{"and":${arrayOf(bytes - 8, () => '{"and":[{"or":[{"and":[1]}]}]}')}}`,
    ),
    ...json('oneOf, twenty branches, the last', '/one-of', (bytes) =>
      arrayOf(bytes, () => '{"a":"","b":"","kind":"kind-19"}'),
    ),
    ...json('oneOf, twenty branches, none', '/one-of', (bytes) =>
      arrayOf(bytes, () => '{"a":"","b":"","kind":"x"}'),
    ),
    ...json('oneOf, not even an object', '/one-of', (bytes) => arrayOf(bytes, () => '1')),
    ...json('anyOf, twenty branches, none', '/any-of', (bytes) => arrayOf(bytes, () => '{"a":1}')),
    ...json('discriminator, none', '/shapes', (bytes) => arrayOf(bytes, () => '{"kind":"x"}')),
  ]
}

function uniqueAttacks(): readonly Attack[] {
  return [
    ...json('uniqueItems, numbers', '/unique', (bytes) => arrayOf(bytes, String)),
    ...json('uniqueItems, strings of one length', '/unique', (bytes) =>
      arrayOf(bytes, (n) => quote(String(1e6 + n))),
    ),
    ...json('uniqueItems, small objects', '/unique-objects', (bytes) =>
      arrayOf(bytes, (n) => `{"a":${n}}`),
    ),
    ...json('uniqueItems, objects in another order', '/unique-objects', (bytes) =>
      arrayOf(bytes, (n) => (n % 2 === 0 ? `{"a":${n},"b":1}` : `{"b":1,"a":${n}}`)),
    ),
    ...json('uniqueItems, alike to the end', '/unique', (bytes) =>
      arrayOf(bytes, (n) => `[[[[0,0,0,0,${n}]]]]`),
    ),
    ...json('uniqueItems, long strings alike to the end', '/unique', (bytes) =>
      arrayOf(bytes, (n) => quote('a'.repeat(200) + n)),
    ),
    ...json('many errors', '/objects', (bytes) => arrayOf(bytes, () => '0')),
    ...json('many errors, undeclared fields', '/objects', (bytes) =>
      arrayOf(bytes, () => '{"x":0}'),
    ),
    ...strings('/enum', 'enum of a thousand, none', () => 'value-none'),
    ...json('enum of objects, nearly', '/enum-objects', (bytes) =>
      arrayOf(bytes, () => '{"a":{"b":{"c":[1,2,3,-1]}}}'),
    ),
  ]
}

function memberAttacks(): readonly Attack[] {
  return [
    ...json('contains, never', '/contains', (bytes) => arrayOf(bytes, () => '{"y":1}')),
    ...json('patternProperties', '/pattern-names', (bytes) =>
      objectOf(bytes, (n) => `"x-${'ab'.repeat(n % 20)}":""`),
    ),
    ...json(
      'patternProperties, one long name',
      '/pattern-names',
      (bytes) => `{"${'ab'.repeat((bytes - 10) / 2)}":""}`,
    ),
    ...json('propertyNames', '/names', (bytes) => objectOf(bytes, (n) => `"a${n}-":""`)),
    ...json(
      'propertyNames, one long name',
      '/names',
      (bytes) => `{"a${'-'.repeat(bytes - 10)}":""}`,
    ),
    ...json('unevaluatedProperties', '/unevaluated', (bytes) =>
      objectOf(bytes, (n) => `"z${n}":""`),
    ),
    ...json('dependentRequired', '/dependent', (bytes) => objectOf(bytes, (n) => `"d${n}":""`)),
  ]
}

function formatAttacks(): readonly Attack[] {
  return [
    ...strings('/urls', 'format uri, many', (n) => `http://a.example/${n}`),
    ...long('/urls', 'format uri, long', (bytes) => `http://${'a.'.repeat(bytes / 2 - 8)}`),
    ...long(
      '/urls',
      'format uri, long path of escapes',
      (bytes) => `http://a/${'%20'.repeat(bytes / 3 - 8)}`,
    ),
    ...strings('/urls', 'format uri, many odd ones', (n) => `a://u@[::${n % 9}]:1/?#`),
    ...strings('/urls', 'format uri, many without a host', () => 'a:%20'),
    ...strings('/emails', 'format email, many odd ones', () => '"a"@[IPv6:::1]'),
    ...strings('/emails', 'format email, many that nearly are common', () => 'a.b.c@d.e.f.g'),
    ...strings('/emails', 'format email, many', (n) => `a${n}@example.com`),
    ...long('/emails', 'format email, long', (bytes) => `${'a.'.repeat(bytes / 2 - 2)}@`),
    ...strings('/dates', 'format date-time, many', () => '2026-02-30T23:59:60.999Z'),
    ...long(
      '/dates',
      'format date-time, long fraction',
      (bytes) => `2026-01-01T00:00:00.${'0'.repeat(bytes - 30)}x`,
    ),
    ...json('every format, long', '/formats', (bytes) =>
      objectOf(bytes, (n) => FORMAT_TEXTS[n % FORMAT_TEXTS.length]?.(bytes / 18) ?? ''),
    ),
    ...strings('/times', 'format time, many', () => '23:59:60.123456789+23:59'),
    ...strings('/addresses', 'format ipv6, many', () => '1:2:3:4:5:6:7:1.2.3.456'),
    ...strings('/hosts', 'format hostname, many', () => 'a.b.c.d.e.f.g.h.i.j.k.l'),
    ...long('/hosts', 'format hostname, long', (bytes) => 'a.'.repeat(bytes / 2 - 8)),
    ...strings('/hosts', 'format hostname, many short', () => 'a.b'),
    ...strings('/addresses', 'format ipv6, many short', () => '1::2'),
    ...strings('/pointers', 'format json-pointer, many short', () => '/~0'),
    ...strings('/bytes', 'format byte, many short', () => 'QQ=='),
    ...strings('/dates', 'format date-time, many good', () => '2026-02-28T23:59:59Z'),
    ...strings('/pointers', 'format json-pointer, many', () => '/a~0/b~1/c~01/~'),
    ...strings('/templates', 'format uri-template, many', () => '{a}{+b}{#c}{/d}{?e,f}{'),
    ...strings('/regexes', 'format regex, many', (n) => `(a+${n})+[b-d]{2,9}(?=c)|\\d`),
    ...long('/regexes', 'format regex, long', (bytes) => '(a|b)'.repeat(bytes / 5 - 8)),
    ...long(
      '/regexes',
      'format regex, nested',
      (bytes) => '('.repeat(bytes / 2) + ')'.repeat(bytes / 2 - 8),
    ),
    ...strings('/bytes', 'format byte, many', () => 'QUJDREVGR0hJSktMTU5PUA=='),
    ...long('/bytes', 'format byte, long', (bytes) => 'QUJD'.repeat(bytes / 4 - 8)),
    ...long('/lengths', 'lengths in characters', (bytes) => '😀'.repeat(bytes / 4)),
    ...strings('/strings', 'strings like keys of the gateway', () => 'sp_sk_live_aaaaaaaaaaaa_'),
  ]
}

const FORMATS =
  'email uri uri-reference iri hostname ipv4 ipv6 uuid date-time date time duration json-pointer uri-template regex byte password'.split(
    ' ',
  )
const UNITS = ['a.', '%41', '1:', '::', '((a+)+', '{a}', '~1', 'P1Y', '0-']
const FORMAT_TEXTS = FORMATS.map(
  (format, index) => (bytes: number) =>
    `${quote(format)}:${quote((UNITS[index % UNITS.length] ?? 'a').repeat(Math.max(1, (bytes - 30) / 7)))}`,
)

/** Schemas that hold many schemas for one value. */
function composedAttacks(): readonly Attack[] {
  const wide = fill(500, (n) => `"z${n}":""`, ',')
  return [
    ...json('contains with maxContains', '/contains-max', (bytes) =>
      arrayOf(bytes, () => '"a12345"'),
    ),
    ...json('contains, all of them', '/contains-max', (bytes) =>
      arrayOf(bytes, (n) => `${n + 100_000}`),
    ),
    ...json('allOf, twenty deep', '/all-of', (bytes) =>
      arrayOf(bytes, () => `{${fill(200, (n) => `"p${n % 21}":""`, ',')}}`),
    ),
    ...json('oneOf told apart by required, the last', '/one-of-required', (bytes) =>
      arrayOf(bytes, () => '{"r19":""}'),
    ),
    ...json('oneOf told apart by required, many fields', '/one-of-required', (bytes) =>
      arrayOf(bytes, () => `{${wide},"r19":""}`),
    ),
    ...json('oneOf told apart by required, none', '/one-of-required', (bytes) =>
      arrayOf(bytes, () => `{${wide}}`),
    ),
    ...strings('/one-of-texts', 'oneOf of twenty patterns, the last', () => `${'a'.repeat(40)}-19`),
    ...strings('/one-of-texts', 'oneOf of twenty patterns, none', () => 'a'.repeat(40)),
    ...json('if and then, twenty times', '/if-then', (bytes) =>
      arrayOf(bytes, () => '{"kind":"kind-19","needed-19":1}'),
    ),
    ...json('if and then, twenty times, none', '/if-then', (bytes) =>
      arrayOf(bytes, () => '{"kind":"x"}'),
    ),
  ]
}

/** Schemas that hold many schemas for names, numbers and texts. */
function crowdedAttacks(): readonly Attack[] {
  return [
    ...json('not of twenty', '/not-any', (bytes) =>
      arrayOf(bytes, () => '{"a":"","b":"","kind":"x"}'),
    ),
    ...json('twenty patternProperties', '/many-patterns', (bytes) =>
      objectOf(bytes, (n) => `"${'a'.repeat(60)}-${n % 1100}-":""`),
    ),
    ...json('twenty patternProperties, names within the limit', '/many-patterns', () =>
      objectOf(60_000, (n) => (n < 900 ? `"${'a'.repeat(55)}-${n}-":""` : 'x'.repeat(60_000))),
    ),
    ...json('$dynamicRef, deep', '/tree', () => nested('{"right":', '}', '{"a":1}')),
    ...json(
      '$dynamicRef, wide',
      '/tree',
      (bytes) =>
        `{"right":${'{"left":{"a":""},"right":'.repeat(28)}"${'a'.repeat(bytes - 900)}"${'}'.repeat(29)}`,
    ),
    ...json('tuples of texts', '/tuples', (bytes) =>
      arrayOf(bytes, () => `[${fill(130, () => '"aa"', ',')}]`),
    ),
    ...json('multipleOf of long numbers', '/steps', (bytes) =>
      arrayOf(bytes, (n) => `${n}.${'1'.repeat(50)}e${n % 290}`),
    ),
    ...json('declared URLs', '/links', (bytes) =>
      arrayOf(bytes, (n) => `{"url":"https://${n}.cc"}`),
    ),
    ...json('declared URLs with odd hosts', '/links', (bytes) =>
      arrayOf(bytes, (n) => `{"url":"https://xn--${n}-0ga.cc"}`),
    ),
    ...json('declared URLs, one with an odd host', '/links', (bytes) =>
      arrayOf(bytes, (n) => `{"url":"https://${n === 0 ? 'xn--0-0ga' : n}.cc"}`),
    ),
    ...json('declared URLs with few odd hosts', '/links', (bytes) =>
      arrayOf(bytes, (n) => `{"url":"https://a.b${n % 128}"}`),
    ),
    ...json('fields named like addresses', '/targets', (bytes) =>
      arrayOf(bytes, (n) => `{"url":"//a${n}","callback":"a:/"}`),
    ),
  ]
}
