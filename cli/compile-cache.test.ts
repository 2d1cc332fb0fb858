import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { codeFolder, configFile } from './compile-cache.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'compile-cache-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

suite('the configuration file of a command line', () => {
  const cases: [name: string, args: readonly string[], file: string | undefined][] = [
    ['is the usual one when nothing is said', [], 'sallyport.yaml'],
    ['follows -c', ['--role', 'edge', '-c', '/etc/a.yaml'], '/etc/a.yaml'],
    ['stands right behind -c', ['-c/etc/a.yaml'], '/etc/a.yaml'],
    ['follows --config', ['--config', 'b.yaml'], 'b.yaml'],
    ['stands behind an equals sign', ['--config=b.yaml'], 'b.yaml'],
    ['is none where a document is named', ['--openapi', 'a.yaml', '--upstream', 'u'], undefined],
    ['is none where a flag has no value', ['-c'], undefined],
  ]
  for (const [name, args, file] of cases) test(name, () => assert.equal(configFile(args), file))
})

suite('the folder for compiled code', () => {
  test('is made for its owner alone', (t) => {
    const parent = folder(t)
    const made = codeFolder(parent)
    assert.equal(made, join(parent, '.sallyport/code'))
    assert.equal(statSync(made ?? '').mode & 0o777, 0o700)
  })

  const refused: [name: string, prepare: (parent: string) => void][] = [
    [
      'is not used where a group may write into it',
      (parent) => {
        mkdirSync(join(parent, '.sallyport/code'), { recursive: true })
        chmodSync(join(parent, '.sallyport/code'), 0o770)
      },
    ],
    [
      'is not used where others may put another in its place',
      (parent) => {
        mkdirSync(join(parent, '.sallyport'))
        chmodSync(join(parent, '.sallyport'), 0o777)
      },
    ],
    [
      'is not used where a link leads to it',
      (parent) => {
        mkdirSync(join(parent, 'other'))
        symlinkSync(join(parent, 'other'), join(parent, '.sallyport'))
      },
    ],
  ]
  for (const [name, prepare] of refused)
    test(name, (t) => {
      const parent = folder(t)
      prepare(parent)
      assert.equal(codeFolder(parent), undefined)
    })

  for (const parent of ['/nowhere', '/dev/fd', '/proc/self'])
    test(`is none in ${parent}, where it cannot be made`, () =>
      assert.equal(codeFolder(parent), undefined))
})

test('code of the program and of its threads is kept there', (t) => {
  const parent = folder(t)
  const script = `
    const { keepCompiledCode } = await import('${import.meta.resolve('./compile-cache.ts')}')
    keepCompiledCode(['-c', '${parent}/sallyport.yaml'])
    const { Worker } = await import('node:worker_threads')
    new Worker("import('node:module').then((it) => console.log(it.getCompileCacheDir()))", { eval: true })
  `
  const { NODE_COMPILE_CACHE: _own, ...env } = process.env
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    env,
  })
  const code = join(parent, '.sallyport/code')
  assert.ok(run.stdout.startsWith(code), run.stdout + run.stderr)
  assert.equal(readdirSync(code).length, 1)
})
