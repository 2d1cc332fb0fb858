import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StreamVerdict } from '../../gateway/core.ts'
import { AnswerRelay } from './answer-relay.ts'
import type { AnswerHost } from './answer-relay.ts'
import { EDGE_LIMITS } from './limits.ts'

/** A relay that streams to a client which takes everything, and what it was given. */
function streaming(rawHeaders: readonly string[]): { relay: AnswerRelay; given: Buffer[] } {
  const given: Buffer[] = []
  const verdict: StreamVerdict = {
    kind: 'stream',
    answer: { status: 200, headers: [], body: undefined, close: false },
  }
  const take = (piece: Buffer | undefined): boolean => {
    if (piece !== undefined) given.push(piece)
    return true
  }
  const host = {
    edge: {
      core: { decideResponseHead: () => verdict, responseTrailers: () => [] },
      limits: EDGE_LIMITS,
    },
    client: { head: () => undefined, write: take, end: take },
    share: { leave: () => undefined },
    clocks: { moved: () => undefined, hold: () => undefined },
    phase: 'waiting',
    isDuplex: false,
    begun: () => ({}),
    enter: (phase: 'waiting' | 'streaming') => void (host.phase = phase),
    decide: (self: AnswerRelay, verdict: never, next: (self: AnswerRelay, it: never) => void) =>
      next(self, verdict),
    attempt: (step: () => void) => step(),
    close: () => void (host.phase = 'answered'),
  }
  const relay = new AnswerRelay(host as unknown as AnswerHost)
  relay.upstreamHead(200, rawHeaders)
  return { relay, given }
}

const SMALL = Buffer.from('small')
const LARGE = Buffer.alloc(65_536, 'x')

test('a large piece leaves as it came, behind the small ones that waited', () => {
  const { relay, given } = streaming([])
  for (const piece of [SMALL, SMALL, LARGE]) relay.upstreamData(piece)
  assert.ok(given[0]?.equals(Buffer.concat([SMALL, SMALL])))
  assert.ok(given[1] === LARGE)
})

test('so does the last one of an answer whose length was said', () => {
  const { relay, given } = streaming(['content-length', String(LARGE.length + SMALL.length)])
  for (const piece of [SMALL, LARGE]) relay.upstreamData(piece)
  assert.ok(given[0]?.equals(SMALL))
  assert.ok(given[1] === LARGE)
})

test('pieces of some kilobytes are joined with what waits', () => {
  const { relay, given } = streaming([])
  const some = Buffer.alloc(8_192, 'y')
  for (const piece of [SMALL, some]) relay.upstreamData(piece)
  assert.deepEqual(given, [Buffer.concat([SMALL, some])])
})
