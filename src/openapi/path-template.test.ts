import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseTemplate, shapeOf } from './path-template.ts'

const cases: [template: string, expected: string | undefined, names?: readonly string[]][] = [
  ['/', '/', []],
  ['/a/', '/a/', []],
  ['/a/{b}', '/a/{}', ['b']],
  ['/{a}.{b}', '/{}.{}', ['a', 'b']],
  ['/v1/{name}:cancel', '/v1/{}:cancel', ['name']],
  ['/{a/b}/c', '/{}/c', ['a/b']],
  ['a', undefined],
  ['', undefined],
  ['/{a}{b}', undefined],
  ['/{a}/{a}', undefined],
  ['/{}', undefined],
  ['/{a', undefined],
  ['/a}', undefined],
  ['/a?b=c', undefined],
  ['/a#b', undefined],
  ['/a/../b', undefined],
  ['/./b', undefined],
]
for (const [template, shape, names] of cases) {
  test(`${shape === undefined ? 'refuses' : 'reads'} ${JSON.stringify(template)}`, () => {
    const parsed = parseTemplate(template)
    assert.equal(parsed.ok ? shapeOf(parsed.segments) : undefined, shape)
    assert.deepEqual(parsed.ok ? parsed.names : undefined, names)
  })
}

test('gives templates that differ in names only one shape', () => {
  const segment = fc.constantFrom('a', '{x}', '{x}.{y}', ':b', '')
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 8 }), (segments) => {
      let count = 0
      const write = (): string => `/${segments.join('/')}`.replace(/\{.\}/g, () => `{n${count++}}`)
      const [left, right] = [parseTemplate(write()), parseTemplate(write())]
      assert.ok(left.ok && right.ok)
      assert.equal(shapeOf(left.segments), shapeOf(right.segments))
    }),
  )
})
