import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { UpstreamRequest } from '../../gateway/core.ts'
import type { CallEvents, CallPlan } from './upstream-port.ts'
import { wholeSender } from './send-whole.ts'

const REQUEST: UpstreamRequest = {
  upstream: 'api',
  method: 'GET',
  path: '/a',
  headers: [],
  firstByteMs: 20,
}

/** An upstream that does what a row says; tells whether the call was ended by us. */
function edgeOf(act: ((events: CallEvents) => void) | undefined) {
  const services = new Map()
  const state = { isAborted: false }
  const upstreams = {
    services,
    update: () => undefined,
    call: ({ events }: CallPlan) =>
      act === undefined
        ? undefined
        : {
            start: () => act(events),
            abort: () => void (state.isAborted = true),
            pause: () => undefined,
            resume: () => undefined,
          },
  }
  const edge = { core: { upstreams: services }, upstreams, limits: { bufferedResponseMs: 20 } }
  return { edge: edge as unknown as Parameters<typeof wholeSender>[0], state }
}

const whole =
  (...chunks: string[]) =>
  (events: CallEvents): void => {
    events.upstreamHead(200, ['a', 'b'])
    for (const chunk of chunks) events.upstreamData(Buffer.from(chunk))
    events.upstreamEnd()
  }

const rows: [
  name: string,
  act: Parameters<typeof edgeOf>[0],
  body: string | undefined,
  isAborted: boolean,
][] = [
  ['gives a whole answer', whole('ab', 'cd'), 'abcd', false],
  ['gives an empty answer', whole(), '', false],
  ['gives nothing of a larger one', whole('abc', 'def'), undefined, true],
  [
    'gives nothing where the call fails',
    (events) => events.upstreamError('upstream_refused', ''),
    undefined,
    false,
  ],
  ['gives nothing where nobody answers', () => undefined, undefined, true],
  [
    'gives nothing where the answer does not end',
    (events) => events.upstreamHead(200, []),
    undefined,
    true,
  ],
  ['gives nothing of an upstream that is not there', undefined, undefined, false],
]

suite('a request of the gateway itself', () => {
  for (const [name, act, body, isAborted] of rows) {
    test(name, async () => {
      const { edge, state } = edgeOf(act)
      const answer = await wholeSender(edge)(REQUEST, 5)
      assert.equal(answer?.body.toString(), body)
      assert.equal(state.isAborted, isAborted)
    })
  }

  test('is ended when nobody waits for it any more, and not begun when nobody does', async () => {
    const { edge, state } = edgeOf(() => undefined)
    const unwanted = new AbortController()
    const send = wholeSender(edge)
    const answer = send({ ...REQUEST, firstByteMs: 60_000 }, 5, unwanted.signal)
    unwanted.abort()
    assert.equal(await answer, undefined)
    assert.equal(state.isAborted, true)
    let calls = 0
    const late = edgeOf(() => void calls++)
    assert.equal(await wholeSender(late.edge)(REQUEST, 5, unwanted.signal), undefined)
    assert.equal(calls, 0)
  })
})
