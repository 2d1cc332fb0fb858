import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'

const ROOT = join(import.meta.dirname, '../..')
const rows = readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| T\d+ \|/.test(line))
  .map((line) => line.split(' | '))

suite('the threat model', () => {
  test('has every threat once, in order', () => {
    const expected = Array.from({ length: 38 }, (_, index) => `| T${index + 1}`)
    assert.deepEqual(
      rows.map(([number]) => number),
      expected,
    )
  })

  for (const cells of rows) {
    test(`${cells[0]?.slice(2)} names a test that exists, or says that it is open`, () => {
      const proof = cells.at(-1) ?? ''
      const files = [...proof.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')
      assert.ok(files.length > 0 || proof.includes('**open**'), proof)
      for (const file of files) {
        assert.match(file, /\.test\.ts$|\/proof\.ts$/)
        assert.ok(existsSync(join(ROOT, file)), `${file} does not exist`)
      }
    })
  }
})
