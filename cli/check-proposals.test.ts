import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../src/controls/testing/bench.ts'
import type { UniformKind } from '../src/pipeline/policy.ts'
import { proposalsOf } from './check-proposals.ts'

const post = (operationId: string): object => ({
  post: { operationId, security: [], responses: { 200: { description: 'ok' } } },
})

function proposals(ids: readonly string[], uniform: readonly string[] = []): readonly string[] {
  const paths = Object.fromEntries(ids.map((id) => [`/${id}`, post(id)]))
  const document = { openapi: '3.1.0', info: { title: 'Shop', version: '1' }, paths }
  const kinds = new Map(uniform.map((id): [string, UniformKind] => [id, 'failures']))
  return proposalsOf(new Bench({ document, policy: { data: { uniform: kinds } } }).sites)
}

const LOG_IN = 'so that refusals of log-ins do not tell which accounts exist'
const rows: [name: string, ids: string[], uniform: string[], expected: string[]][] = [
  [
    'log-ins answer alike',
    ['login', 'signIn'],
    [],
    [`data: { uniform: [login, signIn] } ${LOG_IN}`],
  ],
  [
    'what is done already is not proposed',
    ['login', 'signIn'],
    ['login'],
    [`data: { uniform: [signIn] } ${LOG_IN}`],
  ],
  [
    'what anybody may ask for tells nothing at all',
    ['forgotPassword'],
    [],
    [
      'data: { uniform: { forgotPassword: all } } so that nobody learns whether there was such an account',
    ],
  ],
  [
    'whoever checks a code hears whether it is right, and no more',
    ['check_otp'],
    [],
    [`data: { uniform: [check_otp] } ${LOG_IN}`],
  ],
  ['other operations are left alone', ['orders', 'logout'], [], []],
]

suite('what check proposes', () => {
  for (const [name, ids, uniform, expected] of rows)
    test(name, () => assert.deepEqual(proposals(ids, uniform), expected))
})
