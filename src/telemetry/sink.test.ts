import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigError } from '../base/config-error.ts'
import type { Outlet, Written } from './outlet.ts'
import { createSink, openSink, parseSink, SINK_LIMITS } from './sink.ts'
import type { SinkLimits, SinkWatch } from './sink.ts'

const folder = mkdtempSync(join(tmpdir(), 'sink-'))
after(() => rmSync(folder, { recursive: true }))

const SMALL: SinkLimits = {
  batchBytes: 64,
  flushMs: 5,
  maxBytes: 200,
  reserveBytes: 300,
  retryMs: 10,
}

/** An outlet that takes what it is told to take. */
class Tap implements Outlet {
  taken = ''
  closed = 0
  answer: (chunk: Buffer) => { error?: NodeJS.ErrnoException; written: number } | undefined = (
    chunk,
  ) => ({
    written: chunk.length,
  })
  write(chunk: Buffer, done: Written): void {
    const answer = this.answer(chunk)
    if (answer === undefined) return
    if (answer.error === undefined) this.taken += chunk.subarray(0, answer.written).toString()
    setImmediate(() => done(answer.error, answer.written))
  }
  close(): void {
    this.closed++
  }
}

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code })
}

/** Waits for what a timer does, on a busy machine too; at most five seconds. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !isTrue(); turn += 1) await sleep(5)
}

function sinkOf(tap: Tap, watch: SinkWatch = {}, limits: SinkLimits = SMALL) {
  return createSink({ name: 'tap', limits, watch, open: () => tap })
}

test('parseSink knows stdout, stderr and files, and nothing else', () => {
  assert.deepEqual(parseSink('stdout', 'p'), { kind: 'stdout' })
  assert.deepEqual(parseSink('stderr', 'p'), { kind: 'stderr' })
  assert.deepEqual(parseSink('file:/a/b', 'p'), { kind: 'file', path: '/a/b' })
  for (const bad of ['file:', 'syslog:x', '', 'STDOUT'])
    assert.throws(
      () => parseSink(bad, 'logs.sinks[0]'),
      (error) => error instanceof ConfigError && error.faults[0]?.path === 'logs.sinks[0]',
    )
})

test('lines are written after the flush time, together, in order', async () => {
  const tap = new Tap()
  const sink = sinkOf(tap)
  sink.write('a', 'access')
  sink.write('b', 'security')
  assert.equal(tap.taken, '')
  await until(() => sink.state.bufferedBytes === 0)
  assert.equal(tap.taken, 'a\nb\n')
  assert.equal(sink.state.bufferedBytes, 0)
})

test('a full batch does not wait for the time', async () => {
  const tap = new Tap()
  const sink = sinkOf(tap, {}, { ...SMALL, flushMs: 100_000 })
  sink.write('x'.repeat(70), 'access')
  await until(() => tap.taken !== '')
  assert.equal(tap.taken.length, 71)
})

test('memory that is used again shows no old line, whatever the lengths of the lines', async () => {
  const tap = new Tap()
  const limits = { ...SMALL, maxBytes: 10_000_000 }
  const sink = sinkOf(tap, {}, limits)
  const lengths = [9000, 3, 9000, 40_000, 1, 16_000, 16_400, 16_447, 16_448, 16_449, 5, 9000, 20]
  let expected = ''
  for (let round = 0; round < 5; round += 1) {
    for (const [index, length] of lengths.entries()) {
      const line = String.fromCharCode(97 + ((index + round) % 26)).repeat(length)
      sink.write(line, 'access')
      expected += `${line}\n`
      if (index % 3 === round % 3) await sink.flush()
    }
  }
  assert.equal(await sink.flush(), true)
  assert.ok(tap.taken === expected, 'what was written is what came')
})

test('a short write goes on where it stopped', async () => {
  const tap = new Tap()
  tap.answer = () => ({ written: 1 })
  const sink = sinkOf(tap)
  sink.write('hello', 'access')
  assert.equal(await sink.flush(), true)
  assert.equal(tap.taken, 'hello\n')
})

test('a blocked outlet costs access lines first, then security lines, never more memory', async () => {
  const tap = new Tap()
  tap.answer = () => undefined
  const lost: unknown[] = []
  const sink = sinkOf(tap, { up: (_, counts) => lost.push(counts) })
  for (let i = 0; i < 30; i++) sink.write('0123456789012345678', 'access')
  assert.deepEqual(sink.state.dropped, { access: 20, security: 0 })
  for (let i = 0; i < 30; i++) sink.write('0123456789012345678', 'security')
  assert.deepEqual(sink.state.dropped, { access: 20, security: 15 })
  assert.ok(sink.state.bufferedBytes <= SMALL.maxBytes + SMALL.reserveBytes)
  assert.equal(await sink.flush(10), false)
  assert.deepEqual(lost, [])
})

test('a sink says that its reserve is used up while there is room to say so, and that half of it is free', async () => {
  const tap = new Tap()
  let release: (() => void) | undefined
  const write = tap.write.bind(tap)
  tap.write = (chunk, done) => {
    release = () => write(chunk, done)
  }
  const told: string[] = []
  const sink = sinkOf(tap, {
    room: () => {
      told.push(`full ${sink.isFull}`)
      sink.write('told', 'security')
    },
  })
  for (let i = 0; i < 30; i++) sink.write('0123456789012345678', 'access')
  assert.deepEqual(told, [], 'what may be lost fills nothing')
  for (let i = 0; i < 28; i++) sink.write('012345678', 'security')
  assert.equal(sink.isFull, false)
  sink.write('012345678', 'security')
  assert.deepEqual(told, ['full true'])
  assert.ok(sink.isFull)
  assert.deepEqual(sink.state.dropped, { access: 20, security: 0 })
  tap.write = write
  release?.()
  assert.equal(await sink.flush(), true)
  assert.deepEqual(told, ['full true', 'full false'])
  await until(() => tap.taken.split('told').length === 3)
  assert.equal(sink.isFull, false)
})

test('what a slow outlet cost is reported when it is over', async () => {
  const tap = new Tap()
  let release: (() => void) | undefined
  const write = tap.write.bind(tap)
  tap.write = (chunk, done) => {
    release = () => write(chunk, done)
  }
  const lost: unknown[] = []
  const sink = sinkOf(tap, { up: (name, counts) => lost.push([name, counts]) })
  for (let i = 0; i < 12; i++) sink.write('0123456789012345678', 'access')
  tap.write = write
  release?.()
  assert.equal(await sink.flush(), true)
  assert.deepEqual(lost, [['tap', { access: 2, security: 0 }]])
  assert.equal(tap.taken.length, 200)
})

test('a full disk is told once, lines wait, and the sink recovers by itself', async () => {
  const tap = new Tap()
  const told: string[] = []
  tap.answer = () => ({ error: failure('ENOSPC'), written: 0 })
  const sink = sinkOf(tap, {
    down: (_, error) => told.push(error.code ?? ''),
    up: () => told.push('up'),
  })
  sink.write('a', 'security')
  await until(() => tap.closed > 1)
  assert.equal(sink.state.bufferedBytes, 2)
  assert.deepEqual(told, ['ENOSPC'])
  assert.ok(tap.closed > 1, 'it was tried again')
  tap.answer = (chunk) => ({ written: chunk.length })
  assert.equal(await sink.flush(), true)
  assert.equal(tap.taken, 'a\n')
  assert.deepEqual(told, ['ENOSPC', 'up'])
  assert.equal(sink.state.isUp, true)
})

test('a watcher that writes from its report does not confuse the sink', async () => {
  const tap = new Tap()
  tap.answer = () => ({ error: failure('EPIPE'), written: 0 })
  const sink = sinkOf(tap, { down: () => sink.write('x'.repeat(80), 'security') })
  sink.write('a', 'access')
  await until(() => tap.closed > 0)
  tap.answer = (chunk) => ({ written: chunk.length })
  assert.equal(await sink.flush(), true)
  assert.equal(tap.taken, `a\n${'x'.repeat(80)}\n`)
})

test('after close lines are dropped and counted', async () => {
  const tap = new Tap()
  const sink = sinkOf(tap)
  sink.write('a', 'access')
  await sink.close()
  sink.write('b', 'security')
  sink.reopen()
  assert.equal(tap.taken, 'a\n')
  assert.deepEqual(sink.state.dropped, { access: 0, security: 1 })
  assert.equal(tap.closed, 1)
})

test('a file is appended to, private to owner and group, and reopened after rotation', async () => {
  const path = join(folder, 'a.log')
  const sink = openSink(parseSink(`file:${path}`, 'p'))
  sink.write('one', 'access')
  await sink.flush()
  assert.equal(statSync(path).mode & 0o137, 0, 'nobody else may read or write it')
  renameSync(path, `${path}.1`)
  sink.write('two', 'access')
  await sink.flush()
  sink.reopen()
  sink.write('three', 'access')
  await sink.close()
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'one\ntwo\n')
  assert.equal(readFileSync(path, 'utf8'), 'three\n')
  const again = openSink(parseSink(`file:${path}`, 'p'))
  again.write('four', 'access')
  await again.close()
  assert.equal(readFileSync(path, 'utf8'), 'three\nfour\n')
})

test('a file that cannot be opened stops the start', () => {
  assert.throws(() => openSink({ kind: 'file', path: join(folder, 'no', 'such') }), {
    code: 'ENOENT',
  })
})

test('a rotation into a vanished folder keeps the lines until it is back', async () => {
  const sub = mkdtempSync(join(folder, 'sub-'))
  const told: string[] = []
  const sink = openSink({ kind: 'file', path: join(sub, 'a.log') }, SMALL, {
    down: (_, e) => told.push(e.code ?? ''),
  })
  renameSync(sub, `${sub}.gone`)
  sink.reopen()
  sink.write('kept', 'access')
  assert.equal(await sink.flush(30), false)
  renameSync(`${sub}.gone`, sub)
  assert.equal(await sink.flush(), true)
  await sink.close()
  assert.deepEqual(told, ['ENOENT'])
  assert.equal(readFileSync(join(sub, 'a.log'), 'utf8'), 'kept\n')
})

test('a really full disk stops nobody', async () => {
  const told: string[] = []
  const sink = openSink({ kind: 'file', path: '/dev/full' }, SMALL, {
    down: (_, e) => told.push(e.code ?? ''),
  })
  sink.write('a', 'access')
  assert.equal(await sink.flush(50), false)
  await sink.close(10)
  assert.deepEqual(told, ['ENOSPC'])
})

test('a named pipe nobody reads stops the start; a reader that sleeps blocks nothing; one that goes is told', async () => {
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  assert.throws(() => openSink({ kind: 'file', path }), { code: 'ENXIO' })
  const reader = spawn('sh', ['-c', 'exec 3<"$0"; exec sleep 30', path], { stdio: 'ignore' })
  const told: string[] = []
  const limits = { ...SINK_LIMITS, maxBytes: 400_000, reserveBytes: 0, retryMs: 20 }
  let sink: ReturnType<typeof openSink> | undefined
  for (let i = 0; sink === undefined && i < 100; i++) {
    try {
      sink = openSink({ kind: 'file', path }, limits, {
        down: (_, error) => told.push(error.code ?? ''),
      })
    } catch {
      await sleep(20) // the reader has not opened it yet
    }
  }
  assert.ok(sink !== undefined)
  const line = 'x'.repeat(999)
  const start = performance.now()
  for (let i = 0; i < 1000; i++) sink.write(line, 'access')
  assert.equal(await sink.flush(50), false)
  assert.ok(performance.now() - start < 2000)
  assert.ok(sink.state.dropped.access > 0)
  reader.kill('SIGKILL')
  await once(reader, 'exit')
  await until(() => told.length > 0)
  assert.deepEqual(told, ['EPIPE'])
  await sink.close(10)
})

const CHILD = `
import { openSink } from ${JSON.stringify(new URL('sink.ts', import.meta.url).href)}
const sink = openSink({ kind: 'stdout' })
for (let i = 0; i < 3000; i++) sink.write('x'.repeat(99), 'access')
await sink.close(200)
process.stderr.write('stopped ' + JSON.stringify(sink.state))
`
const runChild = (stdout: 'pipe' | 'ignore') =>
  spawn(process.execPath, ['--input-type=module-typescript', '-e', CHILD], {
    stdio: ['ignore', stdout, 'pipe'],
  })

test('all lines reach a reader of stdout', async () => {
  const child = runChild('pipe')
  let bytes = 0
  child.stdout?.on('data', (chunk: Buffer) => (bytes += chunk.length))
  const [code] = (await once(child, 'close')) as [number]
  assert.equal(code, 0)
  assert.equal(bytes, 300_000)
})

test('a process whose stdout nobody empties still stops', async () => {
  // A shell pipe with a sleeping reader: the reader is told apart by its own id and ended here.
  const child = spawn(
    'sh',
    [
      '-c',
      '"$0" --input-type=module-typescript -e "$1" | { read line; exec sleep 20; }',
      process.execPath,
      CHILD,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  )
  let told = ''
  child.stderr?.on('data', (chunk: Buffer) => (told += chunk.toString()))
  for (let i = 0; i < 200 && !told.includes('stopped'); i++) await sleep(25)
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  assert.match(told, /stopped/)
})

test('a process whose reader is gone still stops', async () => {
  const child = runChild('pipe')
  child.stdout?.destroy()
  let told = ''
  child.stderr?.on('data', (chunk: Buffer) => (told += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  assert.equal(code, 0, told)
  assert.match(told, /stopped/)
})
