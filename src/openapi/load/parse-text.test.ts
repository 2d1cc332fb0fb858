import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseText } from './parse-text.ts'

const twice: [name: string, text: string, line: number, column: number][] = [
  ['in YAML', 'a: 1\nsecurity: [{k: []}]\nsecurity: []\n', 3, 1],
  ['in JSON', '{\n  "security": [{"k": []}],\n  "security": []\n}', 3, 3],
  ['in JSON, once with an escape', '{"a": {"b": 1,\n"\\u0062": 2}}', 2, 1],
]
for (const [name, text, line, column] of twice)
  test(`refuses a key that stands twice ${name}, and says where`, () => {
    const parsed = parseText(text)
    assert.ok(!parsed.ok)
    assert.match(parsed.message, /duplicate/)
    assert.deepEqual([parsed.line, parsed.column], [line, column])
  })

const fine: [name: string, text: string, value: unknown][] = [
  ['one name in two objects', '{"a":{"x":1},"b":{"x":1}}', { a: { x: 1 }, b: { x: 1 } }],
  ['names of JavaScript', '{"constructor":1,"prototype":2}', { constructor: 1, prototype: 2 }],
  ['big numbers and deep lists', `[1e300,${'['.repeat(60)}${']'.repeat(60)}]`, undefined],
]
for (const [name, text, value] of fine)
  test(`takes ${name}`, () => {
    const parsed = parseText(text)
    assert.ok(parsed.ok)
    if (value !== undefined) assert.deepEqual(parsed.value, value)
  })
