import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { edgesOf, eventually, exchangeRaw } from '../testing/edge-kit.ts'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

for (const transport of ['node', 'fast'] as const) {
  suite(`${transport}: a client that resets its connection behind its request`, () => {
    test('is not served as nobody', async (t) => {
      const { core, listener, port } = await edgesOf(transport)(t, 'http://127.0.0.1:9')
      const addresses: string[] = []
      core.head = ({ head }) => {
        addresses.push(head.peerAddress)
        return { kind: 'answer', answer: { status: 200, headers: [], body: 'ok', close: false } }
      }
      for (let round = 0; round < 10; round++) {
        for (let i = 0; i < 20; i++) {
          const socket = connect(port, '127.0.0.1', () =>
            socket.write(GET, () => socket.resetAndDestroy()),
          )
          socket.on('error', () => socket.destroy())
        }
        await sleep(5)
      }
      assert.match(await exchangeRaw(port, GET), /ok$/)
      await eventually(() => listener.connections() === 0)
      assert.deepEqual(new Set(addresses), new Set(['127.0.0.1']))
    })
  })
}
