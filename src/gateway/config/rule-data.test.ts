import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TokenRule } from '../../pipeline/field-class.ts'
import { settingsOf } from './config-fixture.ts'
import { mergedData } from './rule-data.ts'

const TEXT = `
data: { errors: pass, tokenize: { User.ssn: fpe, User.card: siv } }
rules: [{ tag: a, data: { tokenize: { User.ssn: { form: siv, read: [hr] }, User.tax: siv } } }, { tag: b, data: { errors: generic } }]`

test('a rule lays its tokens over those of the block one by one, with their place', async (t) => {
  const { blocks, rules } = await settingsOf(t, TEXT)
  const [rule, other] = rules
  assert.ok(rule !== undefined && other !== undefined)
  const merged = mergedData(blocks.data, rule)
  const at = (name: string): string => `rules[0].data.tokenize["${name}"]`
  const expected: [string, TokenRule][] = [
    ['User.ssn', { form: 'siv', read: ['hr'], open: [], at: at('User.ssn') }],
    ['User.card', { form: 'siv', read: [], open: [] }],
    ['User.tax', { form: 'siv', read: [], open: [], at: at('User.tax') }],
  ]
  assert.deepEqual([...merged.tokenize], expected)
  assert.equal(merged.errors, 'pass')
  assert.equal(mergedData(blocks.data, rule).tokenize, merged.tokenize)
  assert.equal(mergedData(blocks.data, other).tokenize, blocks.data.tokenize)
})
