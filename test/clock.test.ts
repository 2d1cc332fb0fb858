import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { freePort } from '../src/base/testing/free-port.ts'
import { makeFolder, runCli, startCli } from '../cli/testing/cli-process.ts'
import { linesOf } from './kit/gateway.ts'
import type { LogLine } from './kit/gateway.ts'
import { makeIssuer } from './kit/issuer.ts'
import { pause, until } from './kit/until.ts'
import { startUpstream } from './kit/upstream.ts'
import { shiftedClock } from './outage/shifted-clock.ts'
import { ask, NO_LIMITS } from './workers/range.ts'

const DOCUMENT = `openapi: 3.1.0
info: { title: t, version: '1' }
components:
  securitySchemes: { id: { type: http, scheme: bearer }, key: { type: apiKey, in: header, name: X-API-Key } }
paths:
  /mine: { get: { security: [{ id: [] }], responses: { '200': { description: ok } } } }
  /keyed: { get: { security: [{ key: [] }], responses: { '200': { description: ok } } } }
`
const MINUTE = 60_000

/** A gateway of two threads in a process of its own, whose clock the test sets. */
async function startShifted(t: TestContext) {
  const issuer = await makeIssuer('https://id.example.com', 'api')
  const upstream = await startUpstream((_, response) => response.end())
  t.after(() => upstream.close())
  const [port, health] = [await freePort(), await freePort()]
  const config = [
    'openapi: ./openapi.yaml',
    `upstream: ${upstream.url}`,
    `listen: { http: ${port}, plain: serve, health: ${health} }`,
    'workers: 2',
    `auth: { jwt: { issuers: { ${issuer.yaml('./jwks.json')} } } }`,
    'logs: { sinks: ["file:./gateway.log"] }',
    NO_LIMITS,
  ]
  const folder = makeFolder(t, {
    'openapi.yaml': DOCUMENT,
    'jwks.json': issuer.jwks,
    'sallyport.yaml': `${config.join('\n')}\n`,
  })
  const clock = shiftedClock(folder)
  const child = startCli(folder, ['serve'], { NODE_OPTIONS: clock.nodeOptions })
  child.stdout?.resume()
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGTERM')
    await ended
  })
  assert.ok(await until(() => said.includes('sallyport: http://'), 20_000), said)
  const { key } = JSON.parse((await runCli(folder, 'keys', 'create', '--json')).stdout) as {
    key: string
  }
  /** Statuses of many at once, so that both threads answer. */
  const statuses = async (path: string, headers: Record<string, string>): Promise<string> => {
    const asked = Array.from({ length: 24 }, () => ask(port, path, { headers }))
    const found = (await Promise.all(asked)).map((one) => ('status' in one ? one.status : 0))
    return [...new Set(found)].join()
  }
  return {
    issuer,
    /** Sets it, and lets every thread see. */
    shift: async (ms: number) => {
      clock.shift(ms)
      await pause(100)
    },
    bearer: (token: string) => statuses('/mine', { authorization: `Bearer ${token}` }),
    keyed: () => statuses('/keyed', { 'x-api-key': key }),
    ready: async (): Promise<string> => {
      const outcome = await ask(health, '/ready')
      const { dependencies } = JSON.parse('body' in outcome ? outcome.body : '{}') as {
        dependencies: { name: string; state: string; closes: string }[]
      }
      const { state, closes } = dependencies.find(({ name }) => name === 'clock') ?? {}
      return `${state} ${closes}`
    },
    told: (): readonly LogLine[] =>
      linesOf(readFileSync(join(folder, 'gateway.log'), 'utf8')).filter(
        (line) => line['event.action'] === 'sp_clock_skew',
      ),
  }
}

// CONTROLS 3.3, clock: held after a jump of more than 30 s, closed after one of more than 5 min.
suite('the clock of the machine is set', { timeout: 90_000 }, () => {
  test('by more than 5 min: tokens are 503, keys go on; back again: all is well', async (t) => {
    const at = await startShifted(t)
    const token = await at.issuer.mint('ann')
    const over = await at.issuer.mint('ann', { lifeSeconds: -120 })
    assert.equal(await at.bearer(token), '200')
    assert.equal(await at.bearer(over), '401')
    assert.equal(await at.ready(), 'up some')
    for (const [jump, shiftMs] of [6 * MINUTE, -10 * MINUTE].entries()) {
      await at.shift(shiftMs)
      assert.equal(await at.bearer(token), '503', 'a token that was verified before')
      assert.equal(await at.bearer(await at.issuer.mint('bob')), '503')
      assert.equal(await at.bearer(over), '503', 'what is over does not come back to life')
      assert.equal(await at.keyed(), '200')
      assert.ok(await until(async () => (await at.ready()) === 'away some'))
      assert.ok(await until(() => at.told().length === 2 * jump + 1))
      assert.equal(at.told().at(-1)?.['log.level'], 'critical')
      await at.shift(0)
      assert.equal(await at.bearer(token), '200')
      assert.equal(await at.bearer(over), '401')
      assert.ok(await until(() => at.told().length === 2 * jump + 2))
    }
    assert.equal(await at.ready(), 'up some')
  })

  test('by less: tokens are judged by the time that ran on', async (t) => {
    const at = await startShifted(t)
    const soon = await at.issuer.mint('ann', { lifeSeconds: 60 })
    const over = await at.issuer.mint('ann', { lifeSeconds: -60 })
    await at.shift(4 * MINUTE)
    assert.equal(await at.bearer(soon), '200', 'over by the clock of the machine')
    assert.ok(await until(async () => (await at.ready()) === 'away nothing'))
    await at.shift(-4 * MINUTE)
    // From one to the other it is more than 5 min, but not from where it was.
    assert.equal(await at.bearer(over), '401', 'still good by the clock of the machine')
    assert.equal(await at.bearer(soon), '200')
  })
})
