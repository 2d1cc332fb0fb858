import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupFaults } from './group-faults.ts'

const fault = (message: string, cure = 'c'): { path: string; message: string; cure: string } => ({
  path: message,
  message,
  cure,
})
const unmet = (label: string): ReturnType<typeof fault> =>
  fault(`no credential can meet the security of ${label}: bearer (http)`)

test('what is said of many operations is told once', () => {
  const many = [unmet('GET /a'), fault('else'), unmet('PUT /a/{id}'), unmet('POST /b')]
  assert.deepEqual(
    groupFaults(many).map(({ first, others }) => [first.message, others]),
    [
      [many[0]?.message, 2],
      ['else', 0],
    ],
  )
})

test('two alike are shown, and so is what differs in its cure or says the same word for word', () => {
  assert.equal(groupFaults([unmet('GET /a'), unmet('GET /b')]).length, 2)
  const cures = ['1', '2', '3'].map((cure) => fault('of GET /a', cure))
  assert.equal(groupFaults(cures).length, 3)
  assert.equal(groupFaults([fault('x'), fault('x'), fault('x')]).length, 3)
})
