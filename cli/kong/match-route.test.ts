import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Parameter } from '../../src/openapi/model.ts'
import { publicTemplate, shareOf } from './match-route.ts'
import type { Share } from './match-route.ts'
import { readKongPath } from './paths.ts'

const day = {
  name: 'day',
  place: 'path',
  schema: { uri: '', pointer: '', schema: { type: 'string', pattern: '^\\d{8}$' } },
} as unknown as Parameter

const ROWS: [name: string, route: string, template: string, share: Share][] = [
  ['a prefix takes what is below', '/orders', '/orders/{id}', 'all'],
  ['a prefix takes itself', '/orders', '/orders', 'all'],
  ['the root takes everything', '/', '/orders/{id}', 'all'],
  ['a prefix is one of characters', '/ord', '/orders/{id}', 'all'],
  ['but not before its last segment', '/ord/x', '/orders/x', 'none'],
  ['a slash at the end asks for more', '/orders/', '/orders', 'none'],
  ['and for the whole segment', '/orders/', '/orders/{id}', 'all'],
  ['another path is none', '/orders', '/users/{id}', 'none'],
  ['a deeper path is none', '/orders/x/y', '/orders/{id}', 'none'],
  ['one value of a parameter is some', '/orders/special', '/orders/{id}', 'some'],
  ['a parameter amid text is some', '/files/a', '/files/{name}.json', 'some'],
  ['a pattern takes a text that it matches', '~/reports/\\d+$', '/reports/17', 'all'],
  ['and no other', '~/reports/\\d+$', '/reports/all', 'none'],
  ['a pattern that the document has is all', '~/reports/(?<day>\\d{8})$', '/reports/{day}', 'all'],
  ['a pattern that it lacks is some', '~/reports/(?<day>\\d{6})$', '/reports/{day}', 'some'],
  ['an end is an end', '~/reports/(?<day>\\d{8})$', '/reports/{day}/pdf', 'none'],
  ['any segment is any', '~/users/[^/]+/cards$', '/users/{id}/cards', 'all'],
]
for (const [name, route, template, share] of ROWS)
  test(`${name}: ${route} of ${template}`, () => {
    const path = readKongPath(route, '3.0')
    assert.ok(path !== undefined)
    assert.equal(shareOf(path, route, publicTemplate(template, [day])), share)
  })

test('what a prefix takes all or none of, it takes all or none of for every value', () => {
  const word = fc.constantFrom('a', 'ab', 'b')
  const segments = fc.array(word, { minLength: 1, maxLength: 3 })
  const holes = fc.array(fc.oneof(word, fc.constant('{x}')), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(
      segments,
      holes,
      fc.array(word, { minLength: 3, maxLength: 3 }),
      (own, of, values) => {
        const route = `/${own.join('/')}`
        const named = of.map((one, index) => (one === '{x}' ? `{x${index}}` : one))
        const path = readKongPath(route, '3.0')
        if (path === undefined) return assert.fail(route)
        const share = shareOf(path, route, publicTemplate(`/${named.join('/')}`, []))
        const concrete = `/${of.map((one, index) => (one === '{x}' ? values[index] : one)).join('/')}`
        // Kong compares characters.
        const isTaken = concrete.startsWith(route)
        if (share === 'all') assert.ok(isTaken, `${concrete} of ${route}`)
        if (share === 'none') assert.ok(!isTaken, `${concrete} of ${route}`)
      },
    ),
  )
})
