import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { schemaComment } from './schema-comment.ts'

const root = join(import.meta.dirname, '../../..')
for (const folder of ['.', 'examples', 'examples/shop']) {
  test(`a file in ${folder} points editors to the schema`, () => {
    const comment = schemaComment(join(root, folder))
    const path = /^# yaml-language-server: \$schema=(\.\S+)$/.exec(comment)?.[1] ?? ''
    assert.ok(existsSync(join(root, folder, path)), comment)
  })
}
