import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pathMatches } from './rule-match.ts'

const paths: [name: string, pattern: string, template: string, isMatch: boolean][] = [
  ['an equal path', '/orders', '/orders', true],
  ['another path', '/orders', '/users', false],
  ['a longer path', '/orders', '/orders/{id}', false],
  ['a parameter of another name', '/orders/{id}', '/orders/{orderId}', true],
  ['a parameter for a fixed segment', '/orders/{id}', '/orders/open', false],
  ['a fixed segment for a parameter', '/orders/open', '/orders/{id}', false],
  ['any segment for a star', '/*/items', '/orders/items', true],
  ['any parameter for a star', '/*/items', '/{id}/items', true],
  ['what lies below an open path', '/admin/*', '/admin/users/{id}', true],
  ['the open path itself', '/admin/*', '/admin', false],
  ['a path that only begins alike', '/admin/*', '/administration/x', false],
  ['everything below the root', '/*', '/a/b', true],
  ['a parameter that is only part of a segment', '/a/{id}', '/a/{id}.json', false],
]
for (const [name, pattern, template, isMatch] of paths) {
  test(`${pattern} ${isMatch ? 'covers' : 'does not cover'} ${name}`, () => {
    assert.equal(pathMatches(pattern, template), isMatch)
  })
}
