import assert from 'node:assert/strict'
import { test } from 'node:test'
import { junit } from './report.ts'
import type { ProofRow } from './result.ts'

const row: ProofRow = {
  kind: 'attack',
  control: 'body',
  id: 'VAL-03',
  name: 'assigns "isAdmin" & <more>\u0000',
  without: 'succeeds',
  with: 'fails',
  isProven: true,
  ms: 1500,
}

test('JUnit has a suite for each control, a case for each row, and text that XML can hold', () => {
  const rows = [row, { ...row, control: 'wire', isProven: false, reason: 'a < b' }]
  const xml = junit({ ok: false, proven: 1, notProven: 1, seconds: 3, rows })
  assert.equal(xml.match(/<testsuite /g)?.length, 2)
  assert.match(xml, /<testsuites name="sallyport prove" tests="2" failures="1" time="3">/)
  assert.match(xml, /name="VAL-03 assigns &quot;isAdmin&quot; &amp; &lt;more&gt; " time="1.5"\/>/)
  assert.match(xml, /<failure message="a &lt; b"\/>/)
  assert.equal(xml.includes('\u0000'), false)
})
