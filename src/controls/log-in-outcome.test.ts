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

suite('how a log-in ended', () => {
  for (const [name, operation, status, outcome] of rows)
    test(name, () => {
      const bench = new Bench({ document: DOCUMENT })
      const reader = logInReader(bench.site(operation), bench.kit)
      assert.equal(reader.ofHead({ status, headers: new HeaderTable([]) }), outcome)
    })
})
