import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../testing/bench.ts'
import { isAuthOperation } from './is-auth-operation.ts'

type Security = 'public' | 'optional' | 'key' | 'silent'
type Row = [
  operation: string,
  id: string | undefined,
  security: Security,
  isAuth: boolean,
  type?: string,
]

/** As they stand in real documents. */
const operations: Row[] = [
  ['POST /login', 'login', 'public', true],
  ['POST /users/login', 'loginUser', 'public', true],
  ['POST /user/log-in', undefined, 'public', true],
  ['POST /api/v1/auth/signin', undefined, 'public', true],
  ['POST /auth/sign_in', undefined, 'public', true],
  ['POST /authenticate', 'authenticateUser', 'public', true],
  ['POST /auth', undefined, 'public', true],
  ['POST /oauth/token', 'getToken', 'public', true, 'application/x-www-form-urlencoded'],
  ['POST /oauth2/token', undefined, 'optional', true],
  ['POST /token', undefined, 'public', true],
  ['POST /auth/refreshToken', undefined, 'public', true],
  ['POST /tokens', 'createToken', 'public', true],
  ['POST /session', undefined, 'public', true],
  ['POST /sessions', 'createSession', 'public', true],
  ['POST /otp', undefined, 'public', true],
  ['POST /otp/verify', 'verifyOtp', 'public', true],
  ['POST /users/verify-email', undefined, 'public', true],
  ['POST /verify', undefined, 'public', true],
  ['POST /password/reset', undefined, 'public', true],
  ['POST /passwords/forgot', undefined, 'public', true],
  ['POST /forgot-password', undefined, 'public', true],
  ['POST /users/password-reset-request', undefined, 'public', true],
  ['POST /account', 'resetPassword', 'public', true],
  ['POST /x', 'UserController.signIn', 'public', true],
  ['POST /magic-link', undefined, 'public', true],
  ['POST /2fa', undefined, 'public', true],
  ['POST /login', 'login', 'silent', true],
  ['POST /users/login', undefined, 'silent', true],
  ['POST /forgotPassword', undefined, 'silent', true],
  ['POST /tokens', undefined, 'silent', false],
  ['POST /token', 'get_token_token_post', 'silent', true, 'application/x-www-form-urlencoded'],
  ['POST /orders', undefined, 'silent', false, 'application/x-www-form-urlencoded'],
  ['POST /sessions', undefined, 'silent', false],
  ['POST /login', 'login', 'key', false],
  ['POST /tokens', 'createApiToken', 'key', false],
  ['GET /login', 'loginPage', 'public', false],
  ['DELETE /session', 'logout', 'public', false],
  ['POST /logout', 'logout', 'public', false],
  ['POST /oauth/revoke', 'revokeToken', 'public', false],
  ['POST /orders', 'createOrder', 'public', false],
  ['POST /users', 'signUp', 'public', false],
  ['POST /authors', 'createAuthor', 'public', false],
  ['POST /tokenize', 'tokenizeText', 'public', false],
  ['POST /blogs', 'addBlog', 'public', false],
  ['POST /designin', undefined, 'public', false],
  ['POST /webhooks/token', 'receiveTokenWebhook', 'public', false],
  ['POST /verify', 'verifyIdentity', 'public', false, 'multipart/form-data'],
  ['POST /obsessions', undefined, 'public', false],
]

function documentOf([operation, id, security, , type = 'application/json']: Row): object {
  const [method = '', path = ''] = operation.split(' ')
  const kinds = { public: [], optional: [{}, { key: [] }], key: [{ key: [] }], silent: undefined }
  const asked = kinds[security]
  return {
    openapi: '3.1.0',
    info: { title: 'Shop', version: '1' },
    components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-API-Key' } } },
    paths: {
      [path]: {
        [method.toLowerCase()]: {
          ...(id === undefined ? {} : { operationId: id }),
          ...(asked === undefined ? {} : { security: asked }),
          ...(method === 'POST' ? { requestBody: { content: { [type]: {} } } } : {}),
          responses: { 200: { description: 'ok' } },
        },
      },
    },
  }
}

suite('what counts as a log-in', () => {
  for (const row of operations) {
    const [operation, id, security, isAuth] = row
    test(`${operation} (${id ?? 'no id'}, ${security}): ${isAuth ? 'yes' : 'no'}`, () => {
      const [site] = new Bench({ document: documentOf(row) }).sites
      assert.ok(site !== undefined)
      assert.equal(isAuthOperation(site.operation), isAuth)
    })
  }
})
