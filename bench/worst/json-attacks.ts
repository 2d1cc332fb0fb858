import { arrayOf, bodyAttacks, objectOf } from './attack.ts'
import type { Attack } from './attack.ts'

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
    ...json('escaped names', '/map', (bytes) => objectOf(bytes, (n) => `"\\u006b${n}":""`)),
  ]
}

function textAttacks(): readonly Attack[] {
  return [
    ...json(
      'escapes in a string',
      '/any',
      (bytes) => '"' + '\\u0041'.repeat((bytes - 2) / 6) + '"',
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
