import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createJailedRead, JailError, MAX_DOCUMENT_BYTES } from './jailed-read.ts'

const base: string = mkdtempSync(join(tmpdir(), 'sallyport-jail-'))
const root: string = join(base, 'docs')
after(() => rmSync(base, { recursive: true }))

mkdirSync(join(root, 'sub'), { recursive: true })
mkdirSync(join(base, 'docs-other'))
writeFileSync(join(root, 'a.yaml'), '\ufeffa: 1')
writeFileSync(join(root, 'sub', 'b.yaml'), 'b: 2')
writeFileSync(join(root, 'latin1.yaml'), Buffer.from([0x61, 0xe9]))
writeFileSync(join(root, 'huge.yaml'), '')
truncateSync(join(root, 'huge.yaml'), MAX_DOCUMENT_BYTES + 1)
writeFileSync(join(base, 'secret.yaml'), 'secret: true')
writeFileSync(join(base, 'overlay.yaml'), 'overlay: 1.0.0')
writeFileSync(join(base, 'docs-other', 'c.yaml'), 'c: 3')
symlinkSync(join(base, 'secret.yaml'), join(root, 'link-out.yaml'))
symlinkSync(join(root, 'sub', 'b.yaml'), join(root, 'link-in.yaml'))
symlinkSync(base, join(root, 'up'))
symlinkSync(root, join(base, 'entry'))
execFileSync('mkfifo', [join(root, 'pipe.yaml')])

const read = createJailedRead(root, [join(base, 'overlay.yaml')])

const cases: [name: string, path: string, expected: string][] = [
  ['reads a file of the folder, without byte order mark', join(root, 'a.yaml'), 'a: 1'],
  ['reads a file of a folder below', join(root, 'sub', 'b.yaml'), 'b: 2'],
  ['follows a link that stays inside', join(root, 'link-in.yaml'), 'b: 2'],
  ['reads through another name of the folder', join(base, 'entry', 'a.yaml'), 'a: 1'],
  ['reads a file that was named beside the folder', join(base, 'overlay.yaml'), 'overlay: 1.0.0'],
  ['refuses a path above', join(root, '..', 'secret.yaml'), 'outside-folder'],
  ['refuses a link that leads out', join(root, 'link-out.yaml'), 'outside-folder'],
  ['refuses a folder that is a link out', join(root, 'up', 'secret.yaml'), 'outside-folder'],
  [
    'refuses a folder whose name starts alike',
    join(base, 'docs-other', 'c.yaml'),
    'outside-folder',
  ],
  ['refuses a file of the system', '/etc/passwd', 'outside-folder'],
  ['refuses without a look whether it exists', '/nowhere/at/all', 'outside-folder'],
  ['refuses a relative path', 'a.yaml', 'outside-folder'],
  ['refuses a zero byte', join(root, 'a.yaml') + '\0', 'outside-folder'],
  ['says what is missing', join(root, 'missing.yaml'), 'not-found'],
  ['refuses a folder', join(root, 'sub'), 'not-a-file'],
  ['refuses a pipe without waiting for it', join(root, 'pipe.yaml'), 'not-a-file'],
  ['refuses more than 64 MiB', join(root, 'huge.yaml'), 'too-large'],
  ['refuses what is not UTF-8', join(root, 'latin1.yaml'), 'not-utf8'],
]
for (const [name, path, expected] of cases) {
  test(name, () => assert.equal(attempt(path), expected))
}

function attempt(path: string): string {
  try {
    return read(path)
  } catch (error) {
    assert.ok(error instanceof JailError)
    assert.ok(!error.message.includes(base), 'the message names no path of the machine')
    return error.reason
  }
}
