import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeFolder } from './config-fixture.ts'
import type { Watch } from './watch.ts'
import { watchFiles } from './watch.ts'

interface Watched {
  readonly watch: Watch
  readonly changes: (readonly string[])[]
  /** Resolves when something was reported; fails after two seconds. */
  next(): Promise<readonly string[]>
}

async function start(t: TestContext, files: readonly string[], pollMs = 60_000): Promise<Watched> {
  const changes: (readonly string[])[] = []
  let seen = 0
  const onChange = (changed: readonly string[]): void => void changes.push(changed)
  const watch = await watchFiles(files, { onChange, debounceMs: 30, pollMs })
  t.after(() => watch.close())
  const next = async (): Promise<readonly string[]> => {
    for (let i = 0; i < 200 && changes.length === seen; i++) await sleep(10)
    const change = changes[seen]
    assert.ok(change !== undefined, 'no change was reported')
    seen++
    return change
  }
  return { watch, changes, next }
}

test('a file that is written again is reported', async (t) => {
  const folder = makeFolder(t, { a: '1', b: '1' })
  const { next } = await start(t, [join(folder, 'a'), join(folder, 'b')])
  writeFileSync(join(folder, 'b'), '2')
  assert.deepEqual(await next(), [join(folder, 'b')])
})

test('a file that is replaced by a rename is reported, again and again', async (t) => {
  const folder = makeFolder(t, { a: '1' })
  const { next } = await start(t, [join(folder, 'a')])
  for (const text of ['2', '3']) {
    writeFileSync(join(folder, 'a.tmp'), text)
    renameSync(join(folder, 'a.tmp'), join(folder, 'a'))
    assert.deepEqual(await next(), [join(folder, 'a')])
  }
})

test('a Kubernetes volume that switches its link is reported', async (t) => {
  const folder = makeFolder(t, { '..v1/a': '1', '..v2/a': '2', '..v3/a': '3' })
  symlinkSync('..v1', join(folder, '..data'))
  symlinkSync('..data/a', join(folder, 'a'))
  const { next } = await start(t, [join(folder, 'a')])
  for (const version of ['..v2', '..v3']) {
    symlinkSync(version, join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    assert.deepEqual(await next(), [join(folder, 'a')])
  }
})

test('a file behind a link is reported when it is written where it stands', async (t) => {
  const folder = makeFolder(t, { 'real/a': '1', 'link/b': '' })
  symlinkSync(join(folder, 'real/a'), join(folder, 'link/a'))
  const { next } = await start(t, [join(folder, 'link/a')])
  writeFileSync(join(folder, 'real/a'), '2')
  assert.deepEqual(await next(), [join(folder, 'link/a')])
})

test('a touch, a neighbor and the same content are no change', async (t) => {
  const folder = makeFolder(t, { a: '1' })
  const { changes, next } = await start(t, [join(folder, 'a')])
  utimesSync(join(folder, 'a'), 1, 1)
  writeFileSync(join(folder, 'neighbor'), '1')
  writeFileSync(join(folder, 'a'), '1')
  await sleep(150)
  assert.deepEqual(changes, [])
  writeFileSync(join(folder, 'a'), '2')
  await next()
})

test('several writes in a row are one change', async (t) => {
  const folder = makeFolder(t, { a: '1', b: '1' })
  const files = [join(folder, 'a'), join(folder, 'b')]
  const { changes, next } = await start(t, files)
  for (const file of files) writeFileSync(file, '2')
  assert.deepEqual(await next(), files)
  await sleep(100)
  assert.equal(changes.length, 1)
})

test('a file that goes away is reported, and when it comes back', async (t) => {
  const folder = makeFolder(t, { a: '1' })
  const { next } = await start(t, [join(folder, 'a')])
  rmSync(join(folder, 'a'))
  await next()
  writeFileSync(join(folder, 'a'), '1')
  await next()
})

test('what the system does not report is found by looking', async (t) => {
  const folder = makeFolder(t, { 'real1/a': '1', 'real2/a': '2' })
  symlinkSync(join(folder, 'real1'), join(folder, 'current'))
  const deep = makeFolder(t, {})
  symlinkSync(join(folder, 'current'), join(deep, 'link'))
  const { next } = await start(t, [join(deep, 'link/a')], 40)
  symlinkSync(join(folder, 'real2'), join(folder, 'new'))
  renameSync(join(folder, 'new'), join(folder, 'current'))
  assert.deepEqual(await next(), [join(deep, 'link/a')])
})

test('a list that is replaced is watched from then on', async (t) => {
  const folder = makeFolder(t, { a: '1', 'sub/b': '1' })
  const { watch, changes, next } = await start(t, [join(folder, 'a')])
  watch.setFiles([join(folder, 'sub/b')])
  await sleep(50)
  writeFileSync(join(folder, 'a'), '2')
  await sleep(100)
  assert.deepEqual(changes, [])
  writeFileSync(join(folder, 'sub/b'), '2')
  assert.deepEqual(await next(), [join(folder, 'sub/b')])
})

test('nothing is reported after the end', async (t) => {
  const folder = makeFolder(t, { a: '1' })
  const { watch, changes } = await start(t, [join(folder, 'a')], 20)
  watch.close()
  writeFileSync(join(folder, 'a'), '2')
  await sleep(100)
  assert.deepEqual(changes, [])
})

test('a folder that does not exist yet is found once it does', async (t) => {
  const folder = makeFolder(t, {})
  const { next } = await start(t, [join(folder, 'later/a')], 40)
  mkdirSync(join(folder, 'later'))
  writeFileSync(join(folder, 'later/a'), '1')
  await next()
})
