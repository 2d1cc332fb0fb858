import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { linesOf } from './kit/gateway.ts'
import type { LogLine } from './kit/gateway.ts'
import { until } from './kit/until.ts'
import { ask, NO_LIMITS, startRange } from './workers/range.ts'

const ROOM = { maxBytes: 64 * 1024, reserveBytes: 64 * 1024 }

/** A named pipe whose reader copies it into a file, and can be frozen. */
function startReader(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-room-'))
  const [pipe, copy] = [join(folder, 'pipe'), join(folder, 'copy')]
  execFileSync('mkfifo', [pipe])
  const into = openSync(copy, 'w')
  const reader = spawn('cat', [pipe], { stdio: ['ignore', into, 'inherit'] })
  closeSync(into)
  t.after(async () => {
    if (reader.exitCode === null) {
      const gone = once(reader, 'exit')
      reader.kill('SIGKILL')
      await gone
    }
    rmSync(folder, { recursive: true })
  })
  return {
    pipe,
    freeze: () => void reader.kill('SIGSTOP'),
    thaw: () => void reader.kill('SIGCONT'),
    told: (reason: string): readonly LogLine[] => {
      const text = readFileSync(copy, 'utf8')
      // What comes through a pipe may end within a line.
      const lines = linesOf(text.slice(0, text.lastIndexOf('\n') + 1))
      return lines.filter((line) => line['sallyport.reason'] === reason)
    },
  }
}

async function startFull(t: TestContext, whenFull: 'open' | 'closed') {
  const reader = startReader(t)
  const range = await startRange(`${NO_LIMITS}\nstore: 'memory:'`, {
    threads: 2,
    change: (loaded) => {
      const sinks = [{ kind: 'file', path: reader.pipe }] as const
      return { ...loaded, settings: { ...loaded.settings, logs: { sinks, whenFull, room: ROOM } } }
    },
  })
  t.after(() => range.close())
  const statuses = async (path: string): Promise<string> => {
    const asked = Array.from({ length: 60 }, () => ask(range.port, path))
    const found = (await Promise.all(asked)).map((one) => ('status' in one ? one.status : 0))
    return [...new Set(found)].toSorted((a, b) => a - b).join()
  }
  return {
    reader,
    range,
    statuses,
    log: () => range.running.gateway.dependencyStates().find(({ name }) => name === 'log'),
  }
}

// CONTROLS 3.3, local log disk full: whoever takes the lines is frozen, under load, and let go on.
suite('a log whose reserve is used up', { timeout: 90_000 }, () => {
  test('closes everything where that is said, and opens when there is room again', async (t) => {
    const { reader, range, statuses, log } = await startFull(t, 'closed')
    assert.equal(await statuses('/open'), '200')
    assert.deepEqual(log(), { name: 'log', isUp: true, closes: 'all' })
    reader.freeze()
    assert.ok(await until(async () => (await statuses('/keyed')) === '503', 30_000))
    assert.equal(await statuses('/open'), '503')
    assert.equal(log()?.isUp, false)
    assert.ok(range.metric('sallyport_denied_total{control="log-room",reason="log_full"') > 0)
    assert.equal(range.metric('sallyport_dependency_up{dependency="log"}'), 0)
    reader.thaw()
    assert.ok(await until(async () => (await statuses('/open')) === '200', 10_000))
    assert.ok(await until(() => log()?.isUp === true))
    assert.equal(range.metric('sallyport_dependency_up{dependency="log"}'), 1)
    const events = (): readonly unknown[] =>
      reader.told('log_full').flatMap((line) => line['event.action'] ?? [])
    assert.ok(await until(() => events().length === 2))
    assert.deepEqual(events(), ['sp_dependency_down', 'sp_dependency_up'])
  })

  test('closes nothing unless that is said, and is told of all the same', async (t) => {
    const { reader, statuses, log } = await startFull(t, 'open')
    reader.freeze()
    assert.ok(
      await until(async () => {
        assert.equal(await statuses('/keyed'), '401')
        return log()?.isUp === false
      }, 30_000),
    )
    assert.equal(log()?.closes, 'nothing')
    assert.equal(await statuses('/open'), '200')
    reader.thaw()
    assert.ok(await until(() => reader.told('log_full').length === 2, 10_000))
  })
})
