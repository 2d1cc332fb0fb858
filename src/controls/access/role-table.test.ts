import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import type { Operation } from '../../openapi/model.ts'
import type { RoleTerms } from '../../pipeline/policy.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { policyOf } from '../testing/policy.ts'
import { ANONYMOUS } from '../../identity/principal.ts'
import { hasBit, isGranted, RoleTable } from './role-table.ts'

type Roles = Readonly<Record<string, readonly string[]>>
type Asked = Pick<Operation, 'id' | 'security'>

function tableOf(roles: Roles, terms: Readonly<Record<string, RoleTerms>> = {}): RoleTable {
  const authorize = {
    roles: new Map(Object.entries(roles)),
    roleTerms: new Map(Object.entries(terms)),
  }
  return new RoleTable(policyOf({ authorize }))
}

/** The rule as the documentation says it, one role at a time. */
function permits(permissions: readonly string[], { id, security }: Asked): boolean {
  if (permissions.includes('*') || permissions.includes(`op:${id}`)) return true
  return (security ?? []).some((all) => {
    const scopes = all.flatMap((one) => one.scopes)
    return (
      scopes.length > 0 && scopes.every((scope) => permissions.some((own) => covers(own, scope)))
    )
  })
}

function covers(permission: string, scope: string): boolean {
  return (
    permission === scope || (permission.endsWith(':*') && scope.startsWith(permission.slice(0, -1)))
  )
}

const scope = fc.constantFrom('a', 'a:b', 'a:b:c', 'a:c', 'b:a', 'ab:c')
const permission = fc.oneof(
  scope,
  fc.constantFrom('*', 'a:*', 'a:b:*', 'b:*', ':*', 'op:one', 'op:two', 'op:*'),
)
const operation = fc.record({
  id: fc.constantFrom('one', 'two'),
  security: fc.option(
    fc.array(
      fc.array(fc.record({ scheme: fc.constant('s'), scopes: fc.array(scope, { maxLength: 3 }) }), {
        maxLength: 2,
      }),
      { maxLength: 3 },
    ),
    { nil: undefined },
  ),
})

suite('a table of roles', () => {
  test('lets in exactly the roles whose permissions cover an operation', () => {
    const many = fc.array(fc.array(permission, { maxLength: 4 }), { minLength: 1, maxLength: 70 })
    fc.assert(
      fc.property(many, operation, (lists, asked) => {
        const table = tableOf(Object.fromEntries(lists.map((list, i) => [`r${i}`, list])))
        const bits = table.permitted(asked)
        for (const [i, list] of lists.entries())
          assert.equal(hasBit(bits, table.numberOf(`r${i}`) ?? -1), permits(list, asked))
      }),
    )
  })

  const one: Asked = { id: 'one', security: undefined }
  const asks = (
    table: RoleTable,
    roles: readonly string[],
    clientAddress = '203.0.113.7',
  ): boolean => {
    const exchange = exchangeOf({ principal: { ...ANONYMOUS, kind: 'jwt', roles } })
    exchange.clientAddress = clientAddress
    return isGranted(table.grant(table.permitted(one)), table, exchange)
  }
  const NEAR: RoleTerms = { includes: [], when: 'network.ip in ["10.0.0.0/8"]' }

  test('unites the roles of a caller', () =>
    assert.equal(asks(tableOf({ a: ['op:two'], b: ['op:one'] }), ['a', 'b']), true))
  test('takes no role for another that begins alike', () =>
    assert.equal(asks(tableOf({ admin: ['*'] }), ['adm', 'admins', '']), false))
  test('includes nothing that is not said', () =>
    assert.equal(asks(tableOf({ a: [], ab: ['*'] }), ['a']), false))
  test('includes what is said, by way of others', () => {
    const includes = (...roles: string[]): RoleTerms => ({ includes: roles, when: undefined })
    const table = tableOf({ a: [], b: [], c: ['*'] }, { a: includes('b'), b: includes('c') })
    assert.equal(asks(table, ['a']), true)
    const below = tableOf({ a: ['*'], b: [] }, { a: includes('b') })
    assert.equal(asks(below, ['b']), false, 'what is included does not have what includes it')
  })
  test('counts a role only under its condition', () => {
    const table = tableOf({ near: ['*'] }, { near: NEAR })
    assert.deepEqual([asks(table, ['near'], '10.1.1.1'), asks(table, ['near'])], [true, false])
  })
  test('holds to every condition on the way', () => {
    const terms = { a: { includes: ['near'], when: 'subject.kind == "jwt"' }, near: NEAR }
    const table = tableOf({ a: [], near: ['*'] }, terms)
    assert.deepEqual([asks(table, ['a'], '10.1.1.1'), asks(table, ['a'])], [true, false])
  })
  test('needs no condition where another way has none', () => {
    const terms = { a: { includes: ['near', 'free'], when: undefined }, near: NEAR }
    assert.equal(asks(tableOf({ a: [], near: ['*'], free: ['*'] }, terms), ['a']), true)
  })
  test('refuses roles that nobody could follow', () => {
    const terms: Record<string, RoleTerms> = {}
    const roles: Record<string, string[]> = { end: ['*'] }
    for (let i = 0; i < 8; i++) {
      for (const side of ['x', 'y']) {
        roles[`${side}${i}`] = []
        const next = i === 7 ? ['end'] : [`x${i + 1}`, `y${i + 1}`]
        terms[`${side}${i}`] = { includes: next, when: undefined }
      }
    }
    const table = tableOf(roles, terms)
    assert.throws(() => table.grant(table.permitted(one)), /more than 64 ways/)
  })

  test('ten thousand roles are a bit each, and one look-up for each role of the caller', () => {
    const roles = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, i) => [
        `role${i}`,
        [i === 9999 ? 'op:one' : `op:other${i}`],
      ]),
    )
    const table = tableOf(roles)
    const grant = table.grant(table.permitted(one))
    assert.equal(grant.always.length, Math.ceil(10_000 / 32))
    assert.equal(grant.sometimes.size, 0)
    assert.deepEqual(
      [...grant.always]
        .map((bits) => bits.toString(2).replaceAll('0', '').length)
        .reduce((a, b) => a + b),
      1,
    )
    assert.deepEqual([asks(table, ['role9999']), asks(table, ['role1'])], [true, false])
  })
})
