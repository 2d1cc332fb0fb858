import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { HeaderTable } from '../http/header-table.ts'
import { logInReader } from './log-in-outcome.ts'
import { Bench } from './testing/bench.ts'

const of = (...statuses: number[]) => ({
  security: [],
  responses: Object.fromEntries(statuses.map((status) => [status, { description: 'said' }])),
})
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/login': { post: { operationId: 'login', ...of(200, 500) } },
    '/check-otp': { post: { operationId: 'check_otp', ...of(200, 500) } },
    '/verify-otp': { post: { operationId: 'verify_otp', ...of(200) } },
  },
}

const rows: [name: string, operation: string, status: number, outcome: string][] = [
  ['a refusal is a failure', 'login', 401, 'failed'],
  ['an answer is a success', 'login', 200, 'succeeded'],
  ['an API that breaks says nothing, even where its document says so', 'login', 500, 'broke'],
  ['a wrong code is a failure where the document says 500', 'check_otp', 500, 'failed'],
  ['not with another status', 'check_otp', 503, 'broke'],
  ['nor where the document says nothing', 'verify_otp', 500, 'broke'],
]

const redirects: [name: string, location: string | undefined, outcome: string][] = [
  ['on to the account', '/account', 'succeeded'],
  ['on to the next step of a log-in', '/login/callback?code=7', 'succeeded'],
  ['without a place', undefined, 'succeeded'],
  ['back to the log-in', '/login', 'failed'],
  ['back to the log-in of another spelling', 'https://shop.test/sign-in/?next=%2F', 'failed'],
  ['to a page that names a failure', '/?error=credentials', 'failed'],
]

suite('how a log-in ended', () => {
  for (const [name, location, outcome] of redirects)
    test(`a redirect ${name}: ${outcome}`, () => {
      const bench = new Bench({ document: DOCUMENT })
      const headers = new HeaderTable(location === undefined ? [] : ['Location', location])
      const reader = logInReader(bench.site('login'), bench.kit)
      assert.equal(reader.ofHead({ status: 302, headers }), outcome)
    })
  for (const [name, operation, status, outcome] of rows)
    test(name, () => {
      const bench = new Bench({ document: DOCUMENT })
      const reader = logInReader(bench.site(operation), bench.kit)
      assert.equal(reader.ofHead({ status, headers: new HeaderTable([]) }), outcome)
    })
})
