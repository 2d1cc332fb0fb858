import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { valueOf, valuesOf } from '../controls/testing/check.ts'
import { exchangeOf } from '../controls/testing/exchange.ts'
import type { Denial, ReasonSpec } from '../pipeline/denial.ts'
import type { Refusal } from '../pipeline/runner.ts'
import { answerHeaders, refusalAnswer } from './answer.ts'
import { hookLists } from './compile-hooks.ts'
import { controlOf } from './testing/core-bench.ts'

const guard = {
  onAnswer: (exchange: { id: string }, headers: string[]) =>
    void headers.push('X-Own', exchange.id),
}
const HOOKS = hookLists([{ control: controlOf(guard), mode: 'enforce', guard }], 'off')

function refusal(denial: Denial, spec: Partial<ReasonSpec> = {}): Refusal {
  const whole = { status: 403, problem: 'not_allowed', title: 'Not allowed', ...spec }
  return { control: 'guard', denial, spec: whole }
}

test('every answer has the request id, what guards add, then what the exchange collected', () => {
  const exchange = exchangeOf()
  exchange.answerHeaders.push('X-Limit', '1')
  assert.deepEqual(answerHeaders(exchange, HOOKS), [
    'Sallyport-Request-Id',
    exchange.id,
    'X-Own',
    exchange.id,
    'X-Limit',
    '1',
  ])
})

suite('a refusal', () => {
  test('is a problem document with the public class and the request id, nothing more', () => {
    const exchange = exchangeOf()
    const answer = refusalAnswer(
      exchange,
      HOOKS,
      refusal({ reason: 'secret_reason', detail: 'why' }),
    )
    assert.equal(answer.status, 403)
    assert.equal(exchange.status, 403)
    assert.equal(answer.close, false)
    assert.deepEqual(valuesOf(answer.headers, 'content-type'), [
      'application/problem+json; charset=utf-8',
    ])
    assert.deepEqual(JSON.parse(String(answer.body)), {
      type: 'urn:sallyport:problem:not_allowed',
      title: 'Not allowed',
      status: 403,
      instance: exchange.id,
    })
  })

  test('shows where the request is wrong, and which limits were passed', () => {
    const errors = [{ pointer: '/qty', detail: 'must be a number' }]
    const denial = { reason: 'r', errors, violatedPolicies: ['ip'] }
    const answer = refusalAnswer(exchangeOf(), HOOKS, refusal(denial, { status: 429 }))
    const body = JSON.parse(String(answer.body)) as Record<string, unknown>
    assert.deepEqual(body['errors'], errors)
    assert.deepEqual(body['violated-policies'], ['ip'])
    assert.match(String(body['type']), /quota-exceeded$/)
  })

  test('carries the fields of the denial and its own status', () => {
    const denial = { reason: 'r', status: 401, headers: ['WWW-Authenticate', 'Bearer'] }
    const answer = refusalAnswer(exchangeOf(), HOOKS, refusal(denial, { close: true }))
    assert.equal(answer.status, 401)
    assert.equal(answer.close, true)
    assert.equal(valueOf(answer.headers, 'www-authenticate'), 'Bearer')
    assert.equal((JSON.parse(String(answer.body)) as { status: number }).status, 401)
  })

  for (const status of [204, 303, 308]) {
    test(`below 400 is an answer without a body (${status})`, () => {
      const denial = { reason: 'r', headers: ['Location', '/x'] }
      const answer = refusalAnswer(exchangeOf(), HOOKS, refusal(denial, { status }))
      assert.equal(answer.status, status)
      assert.equal(answer.body, undefined)
      assert.equal(valueOf(answer.headers, 'content-type'), undefined)
      assert.equal(valueOf(answer.headers, 'location'), '/x')
    })
  }
})
