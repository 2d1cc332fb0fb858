import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemJson } from './problem.ts'

const base = {
  status: 401,
  type: 'invalid_credential',
  title: 'Invalid credential',
  requestId: 'r1',
}

test('writes the four members and no other', () => {
  assert.deepEqual(JSON.parse(problemJson({ ...base, secret: 'x' } as typeof base)), {
    type: 'urn:sallyport:problem:invalid_credential',
    title: 'Invalid credential',
    status: 401,
    instance: 'r1',
  })
})

test('writes pointers and details of validation errors, and drops what else they carry', () => {
  const error = { pointer: '/items/0/sku', detail: 'must be a string', value: 'secret' }
  const parsed = JSON.parse(problemJson({ ...base, errors: [error] })) as { errors: unknown }
  assert.deepEqual(parsed.errors, [{ pointer: '/items/0/sku', detail: 'must be a string' }])
})

test('names the registered type and the policies when a quota is used up', () => {
  const text = problemJson({
    ...base,
    status: 429,
    type: 'quota_exceeded',
    violatedPolicies: ['ip'],
  })
  const parsed = JSON.parse(text) as Record<string, unknown>
  assert.equal(parsed['type'], 'https://iana.org/assignments/http-problem-types#quota-exceeded')
  assert.deepEqual(parsed['violated-policies'], ['ip'])
})
