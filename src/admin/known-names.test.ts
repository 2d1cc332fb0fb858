import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConfigError, formatFault } from '../base/config-error.ts'
import type { GrantNames } from '../gateway/grant-names.ts'
import { checkKnownNames } from './known-names.ts'

const KNOWN: GrantNames = {
  operations: new Set(['a', 'b', 'c', 'd', 'e', 'f', 'listOrders']),
  scopes: new Set(['orders:read', 'orders:write']),
  roles: new Set(['agent']),
  groups: new Set(),
}
const ROWS: readonly [name: string, fields: Record<string, unknown>, faults: readonly RegExp[]][] =
  [
    ['takes known names', { operations: ['a'], scopes: ['orders:read'], roles: ['agent'] }, []],
    ['takes nothing at all', {}, []],
    ['takes a restriction that goes', { operations: null }, []],
    ['looks at no other field', { tags: ['nope'], owner: 'nope' }, []],
    [
      'says what was meant',
      { operations: ['listOrder'] },
      [
        /^operations\[0\]: "listOrder" is no operation of the documents \(did you mean "listOrders"\?/,
      ],
    ],
    [
      'says what there is',
      { scopes: ['nope'] },
      [/known: orders:read, orders:write; --allow-unknown/],
    ],
    ['lists a few of many', { operations: ['nope'] }, [/known: a, b, c, d, e, f, … \(7\)/]],
    [
      'says that there is none',
      { groups: ['nope'] },
      [/no group of authorize\.acl \(there is none/],
    ],
    ['takes no pattern for a scope', { scopes: ['orders:*'] }, [/^scopes\[0\]/]],
    [
      'tells every fault by its place',
      { scopes: ['orders:read', 'x'], roles: ['y'] },
      [/^scopes\[1\]/, /^roles\[0\]/],
    ],
    ['shows the start of a long name alone', { roles: ['x'.repeat(500)] }, [/^.{1,200}$/]],
  ]

suite('names in grants', () => {
  for (const [name, fields, faults] of ROWS) {
    test(name, () => {
      const found = faultsOf(fields)
      assert.equal(found.length, faults.length, found.join('\n'))
      for (const [index, pattern] of faults.entries()) assert.match(found[index] ?? '', pattern)
    })
  }
})

function faultsOf(fields: Record<string, unknown>): string[] {
  try {
    checkKnownNames(new Map(Object.entries(fields)), KNOWN)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.faults.map(formatFault)
  }
}
