import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { openSqlite } from '../sqlite-records.ts'
import { relationsContract, tuple } from '../testing/relations-contract.ts'
import { RelationChecks } from './relation-checks.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-relations-'))
after(() => rmSync(folder, { recursive: true }))
let files = 0
const newPath = (): string => join(folder, `db-${files++}.sqlite`)

relationsContract('sqlite', () => openSqlite(newPath(), 0))

test('another connection sees what was written, and that it was', () => {
  const path = newPath()
  const [one, two] = [openSqlite(path, 0), openSqlite(path, 0)]
  const checks = new RelationChecks(two.relations)
  const question = tuple('doc:1#viewer@ann')
  assert.equal(checks.check(question, 0), false)
  one.relations.write({ add: [question] })
  assert.equal(checks.check(question, 100), true)
  one.relations.write({ remove: [question] })
  assert.equal(checks.check(question, 200), false)
  one.close()
  two.close()
})

test('a tuple that is taken away by hand moves the change token', () => {
  const path = newPath()
  const records = openSqlite(path, 0)
  records.relations.write({ add: [tuple('doc:1#viewer@ann')] })
  const before = records.relations.changeToken()
  const hand = new DatabaseSync(path)
  hand.exec('DELETE FROM relation_tuple')
  hand.close()
  assert.notEqual(records.relations.changeToken(), before)
  records.close()
})

test('a closed store throws, so that nothing is told', () => {
  const records = openSqlite(newPath(), 0)
  const checks = new RelationChecks(records.relations)
  records.close()
  assert.throws(() => checks.check(tuple('doc:1#viewer@ann'), 0))
})
