import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { freePort } from '../src/base/testing/free-port.ts'
import { DOCUMENT, makeFolder, runCli, serve, startApi } from './testing/cli-process.ts'

interface Shop {
  readonly folder: string
  status(path: string, key?: string): Promise<number>
}

async function openShop(t: TestContext, workers: number): Promise<Shop> {
  const upstream = await startApi(t, { id: 7 })
  const port = await freePort()
  const yaml = `openapi: ./openapi.yaml
upstream: ${upstream}
listen: { http: ${port}, plain: serve }
limits: { ip: off, principal: off }
logs: { sinks: ["file:./gateway.log"] }
detect: { enumeration: { response: block, fast: 20/10min } }
workers: ${workers}
`
  const folder = makeFolder(t, { 'openapi.yaml': DOCUMENT, 'sallyport.yaml': yaml })
  return {
    folder,
    status: async (path, key) => {
      // A connection of its own, so that another thread may answer.
      const headers = { connection: 'close', ...(key && { authorization: `Bearer ${key}` }) }
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
      await answer.arrayBuffer()
      return answer.status
    },
  }
}

suite('bans', () => {
  for (const workers of [1, 3])
    test(`a walk is stopped, listed and lifted with ${workers} worker(s)`, async (t) => {
      const { folder, status } = await openShop(t, workers)
      await serve(t, folder)
      const none = await runCli(folder, 'bans', 'list')
      assert.match(none.stdout, /Nothing is in force/)
      const made = await runCli(folder, 'keys', 'create', '--owner', 'ann', '--json')
      const { id, key } = JSON.parse(made.stdout) as { readonly id: string; readonly key: string }
      let taken = 0
      for (let n = 1; n <= 100; n++) if ((await status(`/orders/${n}`, key)) === 200) taken += 1
      // Twenty, those over it until the score is high enough, and some that met in a bit.
      assert.ok(taken >= 20 && taken <= 32, `${taken} objects were taken`)
      const listed = await runCli(folder, 'bans', 'list', '--json')
      const rows = JSON.parse(listed.stdout) as readonly { subject: string; response: string }[]
      assert.equal(rows[0]?.subject, `key:${id}`)
      assert.equal(rows[0]?.response, 'challenge')
      assert.match((await runCli(folder, 'bans', 'list')).stdout, /challenge {2}many_ids {2}score/)
      const lifted = await runCli(folder, 'bans', 'lift', `key:${id}`)
      assert.equal(lifted.code, 0)
      for (let n = 0; n < 6; n++) assert.equal(await status('/orders/1', key), 200)
      assert.match((await runCli(folder, 'bans', 'list')).stdout, /Nothing is in force/)
    })

  test('says so where no gateway runs', async (t) => {
    const { folder } = await openShop(t, 1)
    const { code } = await runCli(folder, 'bans', 'list')
    assert.equal(code, 1)
  })
})
