import { arrayOf, bodyAttacks, fill, headAttack, objectOf } from './attack.ts'
import type { Attack } from './attack.ts'

/** Bytes of a target and of a field that pass the limits of the head. */
const TARGET_BYTES = 8000
const FIELD_BYTES = 8000
const FIELDS_BYTES = 15_500
const quote = JSON.stringify

/** Requests whose head is the attack. */
export function headAttacks(): readonly Attack[] {
  const read = (query: string): string => `/read/1?${query}`
  const field = (name: string, value: string): string[] => [name, value]
  const target = (piece: (n: number) => string, glue = ''): string =>
    fill(TARGET_BYTES, piece, glue)
  const value = (piece: (n: number) => string, glue = ''): string => fill(FIELD_BYTES, piece, glue)
  const jwt = Buffer.from('{"alg":"RS256","typ":"at+jwt","kid":"bench"}').toString('base64url')
  const claims = Buffer.from(arrayOf(6000, () => '{"a":[[[[1]]]]}')).toString('base64url')
  return [
    ...headAttack('query: undeclared names', read(target((n) => `u${n}=1`, '&'))),
    ...headAttack('query: one name again and again', read(target(() => 'id=1', '&'))),
    ...headAttack('query: array of integers', read(target((n) => `list=${n}`, '&'))),
    ...headAttack('query: array by commas', read(`csv=${target(() => 'a', ',')}`)),
    ...headAttack('query: deepObject', read(target((n) => `filter[k${n}]=v`, '&'))),
    ...headAttack(
      'query: deepObject, nested brackets',
      read(target(() => 'filter[a][b][c]=v', '&')),
    ),
    ...headAttack('query: empty pairs', read(target(() => '&'))),
    ...headAttack('query: all percent-encoded', read(`q=${target(() => '%61')}`)),
    ...headAttack('query: broken percent-encoding', read(`q=${target(() => '%c3%28')}`)),
    ...headAttack('query: near miss of a pattern', read(`q=${target(() => 'a')}!`)),
    ...headAttack('query: near miss of a pattern, words', read(`q=${target(() => 'a+')}!`)),
    ...headAttack(
      'path: many segments',
      target(() => '/a'),
    ),
    ...headAttack(
      'path: slashes',
      target(() => '/'),
    ),
    ...headAttack(
      'path: dot segments',
      target(() => '/a/..'),
    ),
    ...headAttack(
      'path: encoded dot segments',
      target(() => '/%2e%2e'),
    ),
    ...headAttack('path: encoded twice', `/read/${target(() => '%2541')}`),
    ...headAttack('path: one long parameter', `/read/${target(() => 'a')}`),
    ...headAttack('path: one encoded parameter', `/read/${target(() => '%c3%a9')}`),
    ...headAttack(
      'cookies: many',
      '/read/1',
      field(
        'Cookie',
        value((n) => `c${n}=1`, '; '),
      ),
    ),
    ...headAttack(
      'cookies: one name',
      '/read/1',
      field(
        'Cookie',
        value(() => 'session=1', '; '),
      ),
    ),
    ...headAttack(
      'cookies: semicolons',
      '/read/1',
      field(
        'Cookie',
        value(() => ';'),
      ),
    ),
    ...headAttack('cookies: spaces', '/read/1', field('Cookie', `a=${value(() => ' ')}b`)),
    ...headAttack(
      'header: list parameter',
      '/read/1',
      field(
        'X-List',
        value(() => 'a', ','),
      ),
    ),
    ...headAttack(
      'header: Accept list',
      '/read/1',
      field(
        'Accept',
        value((n) => `a/b${n};q=0.1`, ','),
      ),
    ),
    ...headAttack(
      'header: Accept-Encoding list',
      '/read/1',
      field(
        'Accept-Encoding',
        value(() => 'gzip;q=0.5', ','),
      ),
    ),
    ...headAttack(
      'header: Accept-Encoding spaces',
      '/read/1',
      field('Accept-Encoding', `gzip${value(() => ' ')}`),
    ),
    ...headAttack(
      'header: Connection list',
      '/read/1',
      field(
        'Connection',
        value((n) => `x${n}`, ','),
      ),
    ),
    ...headAttack(
      'header: X-Forwarded-For list',
      '/read/1',
      field(
        'X-Forwarded-For',
        value(() => '10.1.2.3', ', '),
      ),
    ),
    ...headAttack(
      'header: Forwarded list',
      '/read/1',
      field(
        'Forwarded',
        value(() => 'for="[::1]"', ', '),
      ),
    ),
    ...headAttack(
      'header: Content-Type parameters',
      '/read/1',
      field('Content-Type', `a/b${value(() => ';a=b')}`),
    ),
    ...headAttack(
      'header: traceparent and baggage',
      '/read/1',
      field(
        'Baggage',
        value((n) => `k${n}=v`, ','),
      ),
    ),
    ...headAttack(
      'header: Origin long',
      '/read/1',
      field('Origin', `https://${value(() => 'a.')}`),
    ),
    ...headAttack(
      'header: 100 fields',
      '/read/1',
      Array.from({ length: 98 }, (_, n) => [`X-Field-${n}`, 'v'.repeat(100)]).flat(),
    ),
    ...headAttack(
      'header: 100 of one name',
      '/read/1',
      Array.from({ length: 98 }, () => ['X-List', 'v,'.repeat(50)]).flat(),
    ),
    ...headAttack('header: 16 KB in one', '/read/1', ['X-Long', 'v'.repeat(FIELDS_BYTES)]),
    ...headAttack('token: no token at all', '/secret'),
    ...headAttack(
      'token: long garbage',
      '/secret',
      field('Authorization', `Bearer ${value(() => 'a')}`),
    ),
    ...headAttack(
      'token: dots',
      '/secret',
      field('Authorization', `Bearer ${value(() => 'a', '.')}`),
    ),
    ...headAttack(
      'token: commas',
      '/secret',
      field(
        'Authorization',
        value(() => 'Bearer a', ', '),
      ),
    ),
    ...headAttack(
      'token: big claims, wrong signature',
      '/secret',
      field('Authorization', `Bearer ${jwt}.${claims}.${'A'.repeat(342)}`),
    ),
    ...headAttack('token: near miss of a key', '/secret', [
      'X-API-Key',
      `sp_sk_live_${'a'.repeat(12)}_${'A'.repeat(43)}_00000000`,
    ]),
    ...headAttack(
      'keys in the target',
      `/read/1?q=${target(() => 'sp_sk_live_aaaaaaaaaaaa_', '')}`,
    ),
  ]
}

/** JSON bodies whose shape is the attack. */
export function jsonAttacks(): readonly Attack[] {
  const json = (name: string, path: string, make: (bytes: number) => string): readonly Attack[] =>
    bodyAttacks(`json: ${name}`, path, make)
  return [
    ...json('deep beyond the limit', '/any', (bytes) => '['.repeat(bytes)),
    ...json('deep to the limit, wide', '/any', (bytes) =>
      arrayOf(bytes, () => `${'['.repeat(30)}1${']'.repeat(30)}`),
    ),
    ...json('deep objects', '/any', (bytes) =>
      arrayOf(bytes, () => `${'{"a":'.repeat(30)}1${'}'.repeat(30)}`),
    ),
    ...json('empty objects', '/any', (bytes) => arrayOf(bytes, () => '{}')),
    ...json('empty strings', '/strings', (bytes) => arrayOf(bytes, () => '""')),
    ...json('zeros', '/any', (bytes) => arrayOf(bytes, () => '0')),
    ...json('long number', '/any', (bytes) => '1'.repeat(bytes)),
    ...json('long fraction', '/any', (bytes) => `0.${'1'.repeat(bytes - 2)}`),
    ...json('numbers with exponents', '/numbers', (bytes) =>
      arrayOf(bytes, () => '1.7976931348623157e308'),
    ),
    ...json('numbers near a multiple', '/numbers', (bytes) => arrayOf(bytes, (n) => `${n}.015`)),
    ...json('many names', '/map', (bytes) => objectOf(bytes, (n) => `"k${n}":""`)),
    ...json('many undeclared names', '/closed', (bytes) => objectOf(bytes, (n) => `"k${n}":1`)),
    ...json('names that are numbers', '/map', (bytes) =>
      objectOf(bytes, (n) => `"${n * 4_099}":""`),
    ),
    ...json('names that are numbers, far apart', '/map', (bytes) =>
      objectOf(bytes, (n) => `"${n * 65_536}":""`),
    ),
    ...json('names that are numbers, undeclared', '/closed', (bytes) =>
      objectOf(bytes, (n) => `"${n * 65_536}":1`),
    ),
    ...json('one name again and again', '/any', (bytes) => objectOf(bytes, () => '"a":1')),
    ...json(
      'a name twice at the end',
      '/map',
      (bytes) => `${objectOf(bytes - 20, (n) => `"k${n}":""`).slice(0, -1)},"k0":""}`,
    ),
    ...json('escaped names', '/map', (bytes) => objectOf(bytes, (n) => `"\\u006b${n}":""`)),
    ...json(
      'escapes in a string',
      '/any',
      (bytes) => quote('').slice(0, 1) + '\\u0041'.repeat((bytes - 2) / 6) + '"',
    ),
    ...json('lone surrogates', '/strings', (bytes) => arrayOf(bytes, () => '"\\ud800"')),
    ...json('white space', '/any', (bytes) => `[${' '.repeat(bytes - 3)}1]`),
    ...json('white space everywhere', '/any', (bytes) => arrayOf(bytes, () => ' \t\n1 ')),
    ...json('not UTF-8 at the end', '/any', (bytes) => `"${'é'.repeat((bytes - 4) / 2)}`),
    ...json('cut off at the end', '/any', (bytes) =>
      arrayOf(bytes, () => '{"a":[1,"b"]}').slice(0, -1),
    ),
    ...json('constructor names', '/map', (bytes) => objectOf(bytes, (n) => `"__proto__${n}":""`)),
  ]
}

/** Bodies that make schemas work. */
export function schemaAttacks(): readonly Attack[] {
  const json = (name: string, path: string, make: (bytes: number) => string): readonly Attack[] =>
    bodyAttacks(`schema: ${name}`, path, make)
  const nested = (open: string, close: string, core: string): string =>
    open.repeat(30) + core + close.repeat(30)
  const strings = (path: string, name: string, item: (n: number) => string): readonly Attack[] =>
    json(name, path, (bytes) => arrayOf(bytes, (n) => quote(item(n))))
  const long = (path: string, name: string, item: (bytes: number) => string): readonly Attack[] =>
    json(name, path, (bytes) => `[${quote(item(bytes - 8))}]`)
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
    ...strings('/urls', 'format uri, many', (n) => `http://a.example/${n}`),
    ...long('/urls', 'format uri, long', (bytes) => `http://${'a.'.repeat(bytes / 2 - 8)}`),
    ...long(
      '/urls',
      'format uri, long path of escapes',
      (bytes) => `http://a/${'%20'.repeat(bytes / 3 - 8)}`,
    ),
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

/** Bodies that are not JSON. */
export function formAttacks(): readonly Attack[] {
  const form = (name: string, make: (bytes: number) => string): readonly Attack[] =>
    bodyAttacks(`form: ${name}`, '/form', make, 'application/x-www-form-urlencoded')
  const upload = (name: string, make: (bytes: number) => string): readonly Attack[] =>
    bodyAttacks(`multipart: ${name}`, '/upload', make, 'multipart/form-data; boundary=bound')
  const part = (name: string, body: string): string =>
    `--bound\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${body}\r\n`
  return [
    ...form('many names', (bytes) => fill(bytes, (n) => `k${n}=1`, '&')),
    ...form('one name', (bytes) => fill(bytes, () => 'list=1', '&')),
    ...form('a single field twice', (bytes) => fill(bytes, () => 'a=1', '&')),
    ...form('escapes', (bytes) => `a=${'%61'.repeat((bytes - 2) / 3)}`),
    ...form('plus signs', (bytes) => `a=${'+'.repeat(bytes - 2)}`),
    ...form('ampersands', (bytes) => '&'.repeat(bytes)),
    ...upload(
      'many parts',
      (bytes) => `${fill(bytes - 20, (n) => part(`k${n}`, ''))}--bound--\r\n`,
    ),
    ...upload('one name', (bytes) => `${fill(bytes - 20, () => part('list', 'a'))}--bound--\r\n`),
    ...upload(
      'near misses of the boundary',
      (bytes) =>
        `${part(
          'a',
          fill(bytes - 200, () => '\r\n--boun'),
        )}--bound--\r\n`,
    ),
    ...upload(
      'dashes and line ends',
      (bytes) =>
        `${part(
          'a',
          fill(bytes - 200, () => '\r\n-'),
        )}--bound--\r\n`,
    ),
    ...upload(
      'one part with many fields',
      (bytes) => `--bound\r\n${fill(bytes - 200, (n) => `X-${n}: a\r\n`)}\r\n\r\n--bound--\r\n`,
    ),
    ...upload('never a boundary', (bytes) => '\r\n'.repeat(bytes / 2)),
    ...bodyAttacks('text: plain', '/plain', (bytes) => 'é'.repeat(bytes / 2), 'text/plain'),
  ]
}
