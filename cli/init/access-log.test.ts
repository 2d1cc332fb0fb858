import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { readAccessLog } from './access-log.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-log-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const LINE = '192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "GET /orders HTTP/1.1" 200 5'

function logOf(text: string): string {
  const path = join(folder, 'access.log')
  writeFileSync(path, text)
  return path
}

suite('an access log', () => {
  test('is read line by line, whatever ends them', async () => {
    const { lines, unreadable, usages } = await readAccessLog(
      logOf(`${LINE}\r\n\n${LINE}\nnothing\n${LINE}`),
      () => {},
    )
    assert.deepEqual([lines, unreadable], [4, 1])
    assert.equal(usages[0]?.count, 3)
  })

  test('goes on behind a line that is too long', async () => {
    const long = 'x'.repeat(1_000_000)
    const { unreadable, usages } = await readAccessLog(logOf(`${long}\n${LINE}\n`), () => {})
    assert.equal(unreadable, 1)
    assert.equal(usages[0]?.count, 1)
  })

  // Such as a device, or a disk image: reading would never end.
  test('that has no lines is given up', { timeout: 30_000 }, async () => {
    const fifo = join(folder, 'endless')
    await new Promise((resolve) => spawn('mkfifo', [fifo]).once('close', resolve))
    const source = spawn('sh', ['-c', `cat /dev/zero > ${fifo}`])
    try {
      await assert.rejects(
        readAccessLog(fifo, () => {}),
        /16 MB without a line break/,
      )
    } finally {
      source.kill()
    }
  })
})
