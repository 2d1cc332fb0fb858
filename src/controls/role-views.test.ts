import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RoleViews } from './role-views.ts'

test('a view is made once for each set of roles that matter, also where it is nothing', () => {
  const made: (readonly string[])[] = []
  const views = new RoleViews(['a', 'b'], (roles) => {
    made.push(roles)
    return roles.length === 0 ? undefined : roles.join()
  })
  const list = ['x', 'b', 'a', 'b']
  assert.equal(views.of(list), 'a,b')
  assert.equal(views.of(list), 'a,b')
  assert.equal(views.of(['a', 'b']), 'a,b')
  assert.equal(views.of(['x']), undefined)
  assert.equal(views.of([]), undefined)
  assert.deepEqual(made, [['a', 'b'], []])
})

test('no number of sets is kept', () => {
  const names = Array.from({ length: 1000 }, (_, index) => `r${index}`)
  const views = new RoleViews(names, (roles) => roles.join())
  for (const name of names) assert.equal(views.of([name]), name)
  assert.equal(views.of(['r0', 'r1']), 'r0,r1')
})
