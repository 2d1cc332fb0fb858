import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { edgesOf, eventually, exchangeRaw, httpUpstream, RawClient } from '../testing/edge-kit.ts'
import { answerOf } from '../testing/fake-core.ts'
import type { FakeCore } from '../testing/fake-core.ts'

const POST = 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc'

/** A verdict that comes when `settle` is called, if ever. */
function pending<T>(): { readonly verdict: Promise<T>; readonly settle: (verdict: T) => void } {
  const { promise, resolve } = Promise.withResolvers<T>()
  return { verdict: promise, settle: resolve }
}

const FORWARD = { kind: 'forward', body: 'buffer', maxBodyBytes: 100 } as const

/** Makes one verdict wait. @returns gives the verdict after all. */
type Bend = (core: FakeCore) => () => void

const places: [place: string, reaches: number, bend: Bend][] = [
  [
    'the head of a request',
    0,
    (core) => {
      const { verdict, settle } = pending<typeof FORWARD>()
      core.head = () => verdict
      return () => settle(FORWARD)
    },
  ],
  [
    'its body',
    0,
    (core) => {
      const { verdict, settle } = pending<{ kind: 'forward' }>()
      core.head = () => FORWARD
      core.body = () => verdict
      return () => settle({ kind: 'forward' })
    },
  ],
  [
    'the head of an answer',
    1,
    (core) => {
      const { verdict, settle } = pending<{
        kind: 'stream'
        answer: ReturnType<typeof answerOf>
      }>()
      core.response = () => verdict
      return () => settle({ kind: 'stream', answer: answerOf(200, []) })
    },
  ],
  [
    'its body, read whole',
    1,
    (core) => {
      const { verdict, settle } = pending<ReturnType<typeof answerOf>>()
      core.response = () => ({ kind: 'buffer', maxBodyBytes: 1_000 })
      core.responseBody = () => verdict
      return () => settle(answerOf(200, []))
    },
  ],
]

for (const transport of ['node', 'fast'] as const) {
  suite(`${transport}: controls that never answer`, () => {
    const startEdge = edgesOf(transport)

    for (const [place, reaches, bend] of places) {
      test(`who waits for a verdict on ${place} is refused in time, and it is too late then`, async (t) => {
        let seen = 0
        const origin = await httpUpstream(t, (req, res) => {
          seen++
          req.resume()
          res.end('secret')
        })
        const { core, port, listener } = await startEdge(t, origin, { decisionMs: 150 })
        const settle = bend(core)
        const startedAt = performance.now()
        const text = await exchangeRaw(port, POST)
        assert.match(text, /^HTTP\/1\.1 503 [^]*decision_timeout$/)
        assert.ok(performance.now() - startedAt < 1_500)
        settle()
        await sleep(30)
        assert.equal(seen, reaches)
        assert.deepEqual(
          [core.ended.length, core.failures.map(({ cause }) => cause), listener.inFlight()],
          [1, ['decision_timeout'], 0],
        )
        assert.equal(core.ended[0]?.isAbandoned, true)
        assert.equal(core.ended[0]?.signal.aborted, true)
      })
    }

    test('verdicts that come in time are waited for, each and together', async (t) => {
      const origin = await httpUpstream(t, (req, res) => {
        req.resume()
        res.end('good')
      })
      const { core, port } = await startEdge(t, origin, { decisionMs: 400 })
      core.head = () => sleep(60, FORWARD)
      core.body = () => sleep(60, { kind: 'forward' } as const)
      core.response = (status, headers) =>
        sleep(60, { kind: 'stream', answer: answerOf(status, headers) } as const)
      assert.match(await exchangeRaw(port, POST), /^HTTP\/1\.1 200 [^]*good/)
      assert.equal(core.ended[0]?.isAbandoned, false)
    })

    test('many verdicts, each in time, are too slow together', async (t) => {
      const origin = await httpUpstream(t, (req, res) => {
        req.resume()
        res.end('good')
      })
      const { core, port } = await startEdge(t, origin, { decisionMs: 400 })
      core.head = () => sleep(200, FORWARD)
      core.body = () => sleep(200, { kind: 'forward' } as const)
      core.response = (status, headers) =>
        sleep(200, { kind: 'stream', answer: answerOf(status, headers) } as const)
      assert.match(await exchangeRaw(port, POST), /^HTTP\/1\.1 503 /)
    })

    test('a hook is told when its client goes', async (t) => {
      const { core, port } = await startEdge(t, 'http://127.0.0.1:9')
      let signal: AbortSignal | undefined
      core.head = (exchange) => {
        ;({ signal } = exchange)
        return new Promise(() => {})
      }
      const client = new RawClient(port).write(POST)
      await eventually(() => signal !== undefined)
      client.socket.destroy()
      await eventually(() => signal?.aborted === true)
      assert.equal(core.ended[0]?.abortedBy, 'client')
    })
  })
}
