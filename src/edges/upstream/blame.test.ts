import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Edge } from '../testing/edge-kit.ts'
import { edgesOf, eventually, exchangeRaw, RawClient, rawUpstream } from '../testing/edge-kit.ts'
import { serviceOf } from '../testing/fake-core.ts'
import type { UpstreamNotice } from './origin.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const GET = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
const LIMITS = { failureRatio: 0.5, minimum: 4, windowMs: 10_000, openMs: 60_000, probes: 1 }

for (const transport of ['node', 'fast'] as const) {
  suite(`${transport}: no caller can have the API shut off for all`, () => {
    const begin = async (
      t: TestContext,
      handle: (socket: Socket, head: string) => void,
    ): Promise<Edge & { readonly notices: UpstreamNotice[] }> => {
      const notices: UpstreamNotice[] = []
      const origin = await rawUpstream(t, (socket) => {
        socket.once('data', (data: Buffer) => handle(socket, data.toString('latin1')))
      })
      const edge = await edgesOf(transport)(t, origin, { sweepMs: 10 }, (notice) =>
        notices.push(notice),
      )
      const { origins } = serviceOf({ origin, connectMs: 500, ca: undefined })
      const service = { origins, retries: false, breaker: LIMITS, health: undefined }
      edge.core.upstreams = new Map([['main', service]])
      edge.core.firstByteMs = 150
      return { ...edge, notices }
    }
    const answerGets = (socket: Socket, head: string): void => {
      if (head.startsWith('GET')) socket.write(OK)
    }

    const uploads: [name: string, bytes: string][] = [
      ['that stop in the middle', 'Content-Length: 900\r\n\r\nabc'],
      ['whose first byte never comes', 'Content-Length: 900\r\n\r\n'],
      ['of chunks that stop', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
    ]
    for (const [name, bytes] of uploads) {
      test(`with uploads ${name}`, async (t) => {
        const { port, core, notices } = await begin(t, answerGets)
        const clients = Array.from({ length: 8 }, () =>
          new RawClient(port).write(`POST / HTTP/1.1\r\nHost: x\r\n${bytes}`),
        )
        for (const client of clients) assert.match(await client.closed(), /^HTTP\/1.1 408 /)
        assert.deepEqual(notices, [])
        assert.ok(core.failures.every(({ cause }) => cause === 'client_too_slow'))
        assert.match(await exchangeRaw(port, GET), /ok$/)
      })
    }

    test('with requests that are cut', async (t) => {
      const { port, core, notices } = await begin(t, answerGets)
      for (let i = 0; i < 8; i++) {
        const client = new RawClient(port)
        client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nabc')
        await eventually(() => core.ended.length === i && client.socket.bytesWritten > 0)
        setTimeout(() => client.socket.resetAndDestroy(), 20)
        await eventually(() => core.ended.length === i + 1)
      }
      assert.deepEqual(notices, [])
      assert.match(await exchangeRaw(port, GET), /ok$/)
    })

    test('with uploads that the API breaks off', async (t) => {
      const { port, core, notices } = await begin(t, (socket, head) => {
        if (head.startsWith('GET')) socket.write(OK)
        else socket.resetAndDestroy()
      })
      for (let i = 0; i < 8; i++) {
        const upload = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nabc'
        assert.match(await new RawClient(port).write(upload).until(/\r\n\r\n/), / 502 /)
      }
      assert.ok(core.failures.every(({ cause }) => cause === 'upstream_protocol'))
      assert.deepEqual(notices, [])
      assert.match(await exchangeRaw(port, GET), /ok$/)
    })

    test('although an API that breaks off requests that are whole is left alone', async (t) => {
      const { port, notices } = await begin(t, (socket) => socket.resetAndDestroy())
      const post = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc'
      for (let i = 0; i < 4; i++)
        assert.match(await new RawClient(port).write(post).until(/\r\n\r\n/), / 502 /)
      assert.equal(notices.length, 1)
    })

    test('although an API that takes all of a request and says nothing is left alone', async (t) => {
      const { port, notices } = await begin(t, () => {})
      const post = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc'
      const clients = Array.from({ length: 4 }, () => new RawClient(port).write(post))
      for (const client of clients) assert.match(await client.until(/\r\n\r\n/), / 504 /)
      assert.deepEqual(
        notices.map(({ state }) => state),
        ['open'],
      )
    })

    const statuses: [status: number, states: readonly string[]][] = [
      [500, []],
      [501, []],
      [429, []],
      [502, ['open']],
      [503, ['open']],
      [504, ['open']],
    ]
    for (const [status, states] of statuses) {
      test(`an API that answers ${status} is ${states.length > 0 ? '' : 'not '}left alone`, async (t) => {
        const { port, notices } = await begin(t, (socket) =>
          socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`),
        )
        for (let i = 0; i < 4; i++) await exchangeRaw(port, GET)
        assert.deepEqual(
          notices.map(({ state }) => state),
          states,
        )
      })
    }
  })
}
