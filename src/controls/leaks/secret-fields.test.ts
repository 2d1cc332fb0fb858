import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { isSecretName } from './config.ts'
import { secretFields } from './secret-fields.ts'
import { withoutPointers } from './without-pointers.ts'

suite('names of secrets', () => {
  const secret = [
    'password',
    'passwordHash',
    'password_hash',
    'userPwd',
    'reset-token',
    'resetToken',
    'access_token',
    'token',
    'apiKey',
    'api_key',
    'privateKey',
    'mfaSecret',
    'otpCode',
    'ssn',
    'userSSN',
    'cvv',
    'pin',
    'pinCode',
    'salt',
    'contentHash',
    'clientCredentials',
  ]
  const harmless = [
    'id',
    'carbonFootprint',
    'className',
    'spinner',
    'shipping',
    'secretary',
    'tokenizer',
    'nextPageToken',
    'next_page_token',
    'continuationToken',
    'tokenType',
    'basalt',
    'hashtag',
    'primaryKey',
    'passenger',
  ]
  for (const name of secret) test(`${name} is one`, () => assert.ok(isSecretName(name)))
  for (const name of harmless) test(`${name} is none`, () => assert.ok(!isSecretName(name)))
})

const ROOTS = { isSecret: isSecretName, countsRoots: true }

suite('fields with secrets', () => {
  const cases: [name: string, value: unknown, roots: string[], found: string[]][] = [
    ['a root that is one', { token: 'x' }, ['/token'], ['/token']],
    ['below a root', { user: { a: [{ pwd: 'x' }] } }, ['/user'], ['/user/a/0/pwd']],
    ['a structure named so', { user: { tokens: ['x'] } }, ['/user'], ['/user/tokens']],
    ['not what is only told about one', { user: { hasPassword: true } }, ['/user'], []],
    ['not a number of tokens', { user: { maxTokens: 5 } }, ['/user'], []],
    ['a number that is one', { user: { pin: 1234 } }, ['/user'], ['/user/pin']],
    ['not outside the roots', { token: 'x', user: {} }, ['/user'], []],
  ]
  for (const [name, value, roots, found] of cases)
    test(name, () => assert.deepEqual(secretFields(value, roots, ROOTS), found))

  test('none is left once those that were found are gone', () => {
    const names = fc.constantFrom('a', 'token', 'pwd', 'x/y', 'm~n')
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        fc.string(),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(names, tie('node'), { maxKeys: 4 }),
      ),
    })).node
    fc.assert(
      fc.property(tree, (value) => {
        const search = { ...ROOTS, countsRoots: false }
        const left = withoutPointers(value, secretFields(value, [''], search))
        assert.deepEqual(secretFields(left, [''], search), [])
      }),
    )
  })
})
