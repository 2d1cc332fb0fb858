import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { ConfigError } from '../base/config-error.ts'
import { Secret } from '../base/secret.ts'
import { newDocument, readDocument, writeDocument } from './secrets-document.ts'

const key = (): Secret<Buffer> => new Secret(randomBytes(32))
const KEY = key()
const DOCUMENT = { ...newDocument(), currentPepper: 2, peppers: { 1: 'old', 2: 'new' } }
const SEALED = writeDocument(DOCUMENT, [KEY])

test('a sealed document opens with its key, also when that is not the first', () => {
  assert.deepEqual(readDocument(SEALED, [KEY], 'f'), DOCUMENT)
  assert.deepEqual(readDocument(SEALED, [key(), KEY], 'f'), DOCUMENT)
})

test('a sealed document holds nothing in clear', () => {
  for (const value of ['old', 'new', ...Object.values(DOCUMENT.sealingKeys)])
    assert.ok(!SEALED.includes(`"${value}"`), value)
})

const changed = (change: (document: Record<string, unknown>) => void): string => {
  const document = JSON.parse(SEALED) as Record<string, unknown>
  change(document)
  return JSON.stringify(document)
}
const peppers = (document: Record<string, unknown>): Record<string, string> =>
  document['peppers'] as Record<string, string>

const REFUSED: [name: string, text: string, keys: Secret<Buffer>[], path: string][] = [
  ['without a key', SEALED, [], 'secrets.key'],
  ['with another key', SEALED, [key()], 'secrets.key'],
  ['in clear although a key is given', writeDocument(DOCUMENT, []), [KEY], 'secrets.key'],
  ['whose old pepper was made current', changed((d) => (d['currentPepper'] = 1)), [KEY], 'secrets'],
  [
    'whose peppers were exchanged',
    changed((d) => {
      const { 1: one = '', 2: two = '' } = peppers(d)
      d['peppers'] = { 1: two, 2: one }
    }),
    [KEY],
    'secrets',
  ],
  ['that lost a pepper', changed((d) => (d['peppers'] = { 2: peppers(d)['2'] })), [KEY], 'secrets'],
  ['without a data key', changed((d) => (d['dataKey'] = 7)), [KEY], 'secrets'],
  ['that is no document', '[]', [KEY], 'secrets'],
]
for (const [name, text, keys, path] of REFUSED)
  test(`a document ${name} is refused`, () =>
    assert.throws(
      () => readDocument(text, keys, 'f'),
      (error) => error instanceof ConfigError && error.faults[0]?.path === path,
    ))
