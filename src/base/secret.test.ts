import assert from 'node:assert/strict'
import { test } from 'node:test'
import { format, inspect } from 'node:util'
import { Secret } from './secret.ts'

const secret = new Secret('hunter2')
const views: [name: string, text: string][] = [
  ['String()', String(secret)],
  ['JSON', JSON.stringify({ secret })],
  ['util.inspect', inspect({ secret }, { showHidden: true, depth: 9 })],
  ['util.format', format('%s %o %j', secret, secret, secret)],
  ['Object.entries', JSON.stringify(Object.entries(secret))],
]
for (const [name, text] of views) {
  test(`${name} does not show the value`, () => assert.doesNotMatch(text, /hunter2/))
}

test('JSON and inspect say that it is a secret', () => {
  assert.equal(JSON.stringify(secret), '"[secret]"')
  assert.equal(inspect(secret), '[secret]')
})

test('reveal answers the value', () => assert.equal(secret.reveal(), 'hunter2'))
