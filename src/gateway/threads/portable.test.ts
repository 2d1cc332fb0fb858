import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Secret } from '../../base/secret.ts'
import { loadText, MINIMAL } from '../config/config-fixture.ts'
import { pack, unpack } from './portable.ts'

const pass = (value: unknown): unknown => unpack(structuredClone(pack(value)))

suite('data for another thread', () => {
  const same: readonly [name: string, value: unknown][] = [
    ['plain values', [1, 'a', true, null, undefined, Infinity, 5n]],
    ['objects in objects', { a: { b: [{ c: undefined }] } }],
    ['maps and sets', new Map([['a', new Set([1, 2])]])],
    ['a null-prototype object', { ...Object.assign(Object.create(null) as object, { a: 1 }) }],
  ]
  for (const [name, value] of same)
    test(`${name} arrive as they were`, () => assert.deepEqual(pass(value), value))

  test('a secret arrives as a secret', () => {
    const found = pass({ keys: new Map([[1, new Secret('x')]]) }) as {
      readonly keys: ReadonlyMap<number, Secret>
    }
    const secret = found.keys.get(1)
    assert.ok(secret instanceof Secret)
    assert.equal(secret.reveal(), 'x')
    assert.equal(String(secret), '[secret]')
  })

  test('a secret of bytes arrives as one of a buffer', () => {
    const found = pass(new Secret(Buffer.from('ab'))) as Secret<Buffer>
    assert.ok(Buffer.isBuffer(found.reveal()))
    assert.equal(found.reveal().toString(), 'ab')
  })

  const refused: readonly [name: string, value: unknown][] = [
    ['a function', { a: () => 1 }],
    ['a symbol', [Symbol('a')]],
    ['an object of a class', { a: new Date() }],
  ]
  for (const [name, value] of refused)
    test(`${name} is refused instead of arriving as something else`, () =>
      assert.throws(() => pack(value), TypeError))
})

test('the settings of a configuration arrive whole', async (t) => {
  const text = `${MINIMAL}
workers: 4
profile: { name: adopt, until: 2030-01-01 }
listen: { https: 8443, http: 8080, trustedProxies: [10.0.0.0/8], cors: [https://a.example] }
auth: { jwt: { issuers: { "https://id.example.com": { audience: orders } } }, schemes: { a: jwt } }
authorize: { roles: { admin: ["*"] }, acl: { listAudit: { groups: [auditors] } } }
limits: { operations: { login: "5/min by ip, body.email", search: { cost: 10 } } }
rules: [{ tags: [admin], limits: { principal: 30/min } }, { operation: x, relax: { validate: monitor }, why: y, until: 2030-01-01 }]
`
  const { settings } = await loadText(t, text)
  assert.deepEqual(pass(settings), settings)
})
