import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { callContract } from '../testing/call-contract.ts'
import { rawUpstream } from '../testing/edge-kit.ts'
import { poolContract } from '../testing/pool-contract.ts'
import { askPool } from '../testing/pool-kit.ts'
import { tlsContract } from '../testing/tls-contract.ts'
import { UndiciPool } from './undici-pool.ts'

poolContract((target) => new UndiciPool(target))
callContract((target) => new UndiciPool(target))
tlsContract((target) => new UndiciPool(target))

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** An upstream that says `more` behind its first answer, and how many connections it saw. */
async function talkative(t: TestContext, more: string, lateMs: number) {
  const seen = { connections: 0 }
  let hasSaid = false
  const origin = await rawUpstream(t, (socket) => {
    seen.connections++
    socket.on('data', () => {
      const extra = hasSaid ? '' : more
      hasSaid = true
      socket.write(lateMs === 0 ? OK + extra : OK)
      if (lateMs > 0 && extra !== '') setTimeout(() => socket.write(extra), lateMs)
    })
  })
  return { origin, seen }
}

suite('undici: an upstream that says more than it was asked', () => {
  const ways: [name: string, more: string, lateMs: number][] = [
    ['another answer at once', OK, 0],
    ['another answer later', OK, 5],
    ['no HTTP', '\0\x01no HTTP at all\r\n\r\n', 5],
  ]
  for (const [name, more, lateMs] of ways) {
    test(`${name}: no connection is used twice for a while, then they are again`, async (t) => {
      const { origin, seen } = await talkative(t, more, lateMs)
      const pool = new UndiciPool({ origin, connectMs: 500, ca: undefined }, { waryMs: 150 })
      t.after(() => pool.destroy())
      const ask = async (): Promise<void> =>
        assert.equal((await askPool(pool)).outcome, 'ok 200 ok')
      await ask()
      await sleep(40)
      assert.equal(pool.isWary, true)
      for (let i = 0; i < 3; i++) await ask()
      assert.equal(seen.connections, 4)
      await sleep(200)
      assert.equal(pool.isWary, false)
      for (let i = 0; i < 6; i++) await ask()
      // One that is just coming free is not waited for.
      assert.ok(seen.connections <= 7, `${seen.connections} connections`)
    })
  }

  test('one that only closes idle connections is trusted', async (t) => {
    const origin = await rawUpstream(t, (socket) => {
      socket.once('data', () => {
        socket.write(OK)
        setTimeout(() => socket.end(), 10)
      })
    })
    const pool = new UndiciPool({ origin, connectMs: 500, ca: undefined })
    t.after(() => pool.destroy())
    await askPool(pool)
    await sleep(40)
    assert.equal(pool.isWary, false)
  })
})
