import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { readKongPath, templateOf, templatesOf } from './paths.ts'

const cases: [name: string, text: string, version: string, template: string | undefined][] = [
  ['a prefix', '/orders', '3.0', '/orders'],
  ['a prefix with a slash behind', '/orders/', '3.0', '/orders'],
  ['the root', '/', '3.0', '/'],
  ['a named group', '~/orders/(?<id>\\d+)$', '3.0', '/orders/{id}'],
  ['a class', '~/a/[a-z0-9-]+/b$', '3.0', '/a/{p2}/b'],
  ['anything but a slash', '~/a/[^/]+$', '3.0', '/a/{p2}'],
  ['a count', '~/a/(?<id>[0-9a-f]{8})$', '3.0', '/a/{id}'],
  ['an escaped dot', '~/v1\\.2/x$', '3.0', '/v1.2/x'],
  ['a pattern of an old file', '/orders/\\d+$', '2.1', '/orders/{p2}'],
  ['a pattern without ~ in a new file', '/orders/\\d+', '3.0', undefined],
  ['anything at all', '~/files/.*', '3.0', undefined],
  ['a dot that stands for anything', '~/a.b$', '3.0', undefined],
  ['a choice', '~/(a|b)/c$', '3.0', undefined],
  ['a group that repeats', '~/(?<x>(a+)+)$', '3.0', undefined],
  ['one name twice', '~/(?<x>\\d+)/(?<x>\\d+)$', '3.0', undefined],
  ['an escape of a byte', '/a%2fb', '3.0', undefined],
  ['an empty segment', '/a//b', '3.0', undefined],
]

suite('readKongPath', () => {
  for (const [name, text, version, template] of cases)
    test(`${template === undefined ? 'gives up on' : 'reads'} ${name}`, () => {
      const path = readKongPath(text, version)
      assert.equal(path === undefined ? undefined : templateOf(path.segments), template)
    })

  test('a prefix is written out three levels deep, an exact pattern is not', () => {
    const written = (text: string, skip = 0): string[] => {
      const path = readKongPath(text, '3.0')
      return path === undefined ? [] : templatesOf(path, skip).map(templateOf)
    }
    assert.deepEqual(written('/a'), [
      '/a',
      '/a/{rest1}',
      '/a/{rest1}/{rest2}',
      '/a/{rest1}/{rest2}/{rest3}',
    ])
    assert.deepEqual(written('/a', 1).slice(0, 2), ['/', '/{rest1}'])
    assert.deepEqual(written('~/a/\\d+$'), ['/a/{p2}'])
  })

  test('never throws; what it reads has patterns that compile and match no slash', () => {
    const piece = fc.constantFrom(
      '/',
      '~',
      'a',
      '\\d',
      '+',
      '(',
      ')',
      '?<x>',
      '[',
      ']',
      '-',
      '.',
      '$',
      '^',
      '{2}',
      '*',
      '|',
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 14 }),
        fc.constantFrom('1.1', '3.0'),
        (pieces, version) => {
          for (const segment of readKongPath(pieces.join(''), version)?.segments ?? []) {
            if (!('name' in segment) || segment.pattern === undefined) continue
            assert.ok(!new RegExp(segment.pattern).test('a/1'))
          }
        },
      ),
      { numRuns: 3000 },
    )
  })
})
