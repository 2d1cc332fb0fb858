import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { HealthListener } from './health.ts'
import { startHealth } from './health.ts'
import { serveUnix } from './unix.ts'

describe('the health listener', () => {
  let health: HealthListener
  let isReady = true
  before(async () => {
    const source = {
      ready: () => ({ ok: isReady, details: { store: isReady ? 'ok' : 'down' } }),
      metrics: () => {
        if (!isReady) throw new Error('no metrics')
        return 'sallyport_up 1\n'
      },
    }
    health = await startHealth({ port: 0, address: '127.0.0.1', source })
  })
  after(() => health.close())

  const cases: [
    name: string,
    method: string,
    path: string,
    ready: boolean,
    status: number,
    body: RegExp,
  ][] = [
    ['is live', 'GET', '/live', false, 200, /^live\n$/],
    ['is ready', 'GET', '/ready', true, 200, /"ready":true/],
    ['says why it is not ready', 'GET', '/ready', false, 503, /"ready":false,"store":"down"/],
    ['shows metrics', 'GET', '/metrics', true, 200, /^sallyport_up 1\n$/],
    ['survives a source that fails', 'GET', '/metrics', false, 500, /failed/],
    ['answers HEAD without body', 'HEAD', '/live', true, 200, /^$/],
    ['has no other path', 'GET', '/', true, 404, /not found/],
    ['has no query', 'GET', '/live?a=b', true, 404, /not found/],
    ['has no other method', 'POST', '/live', true, 405, /GET/],
  ]
  for (const [name, method, path, ready, status, body] of cases) {
    test(name, async () => {
      isReady = ready
      const answer = await fetch(`http://127.0.0.1:${health.port}${path}`, { method })
      assert.equal(answer.status, status)
      assert.match(await answer.text(), body)
    })
  }
})

describe('a Unix socket', () => {
  const place = (): string => join(mkdtempSync(join(tmpdir(), 'sp-')), 'a.sock')

  const ask = (socketPath: string): Promise<number> =>
    new Promise((resolve, reject) => {
      request({ socketPath, path: '/' }, (res) => {
        res.resume()
        resolve(res.statusCode ?? 0)
      })
        .on('error', reject)
        .end()
    })

  for (const mode of [0o600, 0o660] as const) {
    test(`serves with mode ${mode.toString(8)} and leaves nothing behind`, async () => {
      const path = place()
      const listener = await serveUnix(path, (_req, res) => res.end(), mode)
      assert.equal(statSync(path).mode & 0o777, mode)
      assert.equal(await ask(path), 200)
      await listener.close()
      assert.equal(existsSync(path), false)
    })
  }

  test('replaces a socket nobody serves', async () => {
    const path = place()
    const dead = createServer()
    await new Promise<void>((resolve) => dead.listen(path, resolve))
    const { renameSync } = await import('node:fs')
    renameSync(path, `${path}.kept`)
    await new Promise((resolve) => dead.close(resolve))
    renameSync(`${path}.kept`, path)
    const listener = await serveUnix(path, (_req, res) => res.end())
    assert.equal(await ask(path), 200)
    await listener.close()
  })

  test('leaves a served socket and a file alone, and refuses a path that is too long', async () => {
    const path = place()
    const listener = await serveUnix(path, (_req, res) => res.end())
    await assert.rejects(
      serveUnix(path, () => {}),
      /served by another process/,
    )
    assert.equal(await ask(path), 200)
    await listener.close()
    writeFileSync(path, 'precious')
    await assert.rejects(
      serveUnix(path, () => {}),
      /not a socket/,
    )
    await assert.rejects(
      serveUnix(`/tmp/${'a'.repeat(120)}`, () => {}),
      /longer than/,
    )
  })
})
