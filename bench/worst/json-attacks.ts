import { arrayOf, bodyAttacks, NEW, objectOf } from './attack.ts'
import type { Attack } from './attack.ts'

/** Different names that one body may have. */
const NAMES = 1000

/** JSON bodies whose shape is the attack. */
export function jsonAttacks(): readonly Attack[] {
  return [...valueAttacks(), ...nameAttacks(), ...textAttacks()]
}

function json(name: string, path: string, make: (bytes: number) => string): readonly Attack[] {
  return bodyAttacks(`json: ${name}`, path, make)
}

function valueAttacks(): readonly Attack[] {
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
  ]
}

function nameAttacks(): readonly Attack[] {
  return [
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
    ...[1, 5, 20, 100, 200, 1000].flatMap((size) =>
      json(`new names, ${size} in each object`, '/maps', () => newNames(size)),
    ),
    ...json('new names, as many as may be', '/map', () => newNames(NAMES).slice(1, -1)),
    // A text that begins like a URL is asked for its name, and whether it leads inside.
    ...[1, 20, 1000].flatMap((size) =>
      json(`new names, ${size} in each object, and a URL`, '/maps', () =>
        newNames(size).replace('""', '"x:"'),
      ),
    ),
    ...json('names in ever new orders', '/any', newOrders),
    ...json('names in ever new orders, and a URL', '/any', () => newOrders().replace('0', '"x:"')),
    ...json('public URLs', '/any', (bytes) => arrayOf(bytes, (n) => `{"url":"http://${n}.cc"}`)),
    ...json('public URLs in a list', '/any', (bytes) =>
      listOf('urls', bytes, (n) => `"//${n}.cc"`),
    ),
    ...json('public URLs with odd hosts', '/any', (bytes) =>
      listOf('urls', bytes * 0.9, (n) => `"//é${n}.cc"`),
    ),
    ...json('a few hosts, oddly written, again and again', '/any', (bytes) =>
      listOf('urls', bytes * 0.9, (n) => `"//é${n % 128}.cc/"`),
    ),
    ...json('texts that begin like URLs', '/any', (bytes) =>
      arrayOf(bytes, (n) => `{"k${n % NAMES}":"b:"}`),
    ),
    ...json('objects of different short texts', '/unique-objects', (bytes) =>
      arrayOf(bytes, (n) => `{"a":"${1e6 + n}"}`),
    ),
    ...json('escaped names', '/map', (bytes) => objectOf(bytes, (n) => `"\\u006b${n}":""`)),
  ]
}

function listOf(name: string, bytes: number, piece: (index: number) => string): string {
  return `{"${name}":${arrayOf(bytes - name.length - 5, piece)}}`
}

/** An array of objects of names that no text before has had: nearly as many as one text may have. */
function newNames(size: number): string {
  const object = (from: number): string =>
    `{${Array.from({ length: size }, (_, n) => `"${NEW}${from + n}":""`).join(',')}}`
  return `[${Array.from({ length: Math.floor(NAMES / size) }, (_, n) => object(n * size)).join(',')}]`
}

function newOrders(): string {
  return `[${Array.from({ length: 750 }, (_, n) => inOrder(n)).join(',')}]`
}

/** An object of twelve names in the order that belongs to a number. */
function inOrder(n: number): string {
  const left = 'abcdefghijkl'.split('')
  const names: string[] = []
  for (let rest = n * 7919; left.length > 0; rest = Math.floor(rest / (left.length + 1)))
    names.push(...left.splice(rest % left.length, 1))
  return `{${names.map((name) => `"${name}":0`).join(',')}}`
}

function textAttacks(): readonly Attack[] {
  return [
    ...json(
      'escapes in a string',
      '/any',
      (bytes) => '"' + '\\u0041'.repeat((bytes - 2) / 6) + '"',
    ),
    ...['\\n', '\\na', '\\u0041', '\\ud83d\\ude00'].flatMap((escape) =>
      ['/strings', '/unique'].flatMap((path) =>
        json(`strings of ${escape} to ${path}`, path, (bytes) =>
          arrayOf(bytes, (n) => `"${escape.repeat(1000)}${n}"`),
        ),
      ),
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
