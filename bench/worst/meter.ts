import { isPromise } from '../../src/base/maybe-promise.ts'
import type { GatewayCore } from '../../src/gateway/gateway-core.ts'
import { HeaderTable } from '../../src/http/header-table.ts'
import { freshBody } from './attack.ts'
import type { Attack } from './attack.ts'
import type { Calibration } from './calibration.ts'

/** What one request cost. */
export interface Reading {
  /** Microseconds of the whole request, best of all rounds. */
  readonly us: number
  /** Microseconds for which nothing else could run, at the longest, best of all rounds. */
  readonly sliceUs: number
  /** As `us`, in calibration loops that ran right before. */
  readonly loops: number
  /** As `sliceUs`, in such loops. */
  readonly sliceLoops: number
  /** `forward`, or status and reason of the refusal. */
  readonly verdict: string
}

/** A dear request is not asked again and again. */
const ENOUGH_US = 1_000_000

const NOTHING: Reading = {
  us: Infinity,
  sliceUs: Infinity,
  loops: Infinity,
  sliceLoops: Infinity,
  verdict: '',
}

let sent = 0

/** How to measure. */
export interface Measuring {
  readonly rounds: number
  readonly calibration: Calibration
}

/** Sends one request to the core `rounds` times and gives the best time. */
export async function measure(
  core: GatewayCore,
  attack: Attack,
  { rounds, calibration }: Measuring,
): Promise<Reading> {
  let best: Reading = NOTHING
  let spent = 0
  for (let round = 0; round < rounds && spent < ENOUGH_US; round += 1) {
    const loopUs = Math.min(calibration.take(), calibration.take())
    const reading = await once(core, attack)
    spent += reading.us
    best = {
      us: Math.min(best.us, reading.us),
      sliceUs: Math.min(best.sliceUs, reading.sliceUs),
      loops: Math.min(best.loops, reading.us / loopUs),
      sliceLoops: Math.min(best.sliceLoops, reading.sliceUs / loopUs),
      verdict: reading.verdict,
    }
    await new Promise(setImmediate)
  }
  return best
}

/** Strings of their own, as a parser makes them. */
function fresh(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

async function once(
  core: GatewayCore,
  attack: Attack,
): Promise<Pick<Reading, 'us' | 'sliceUs' | 'verdict'>> {
  const headers = attack.headers.map(fresh)
  const rawTarget = fresh(attack.target)
  const body = freshBody(attack, sent++)
  const start = performance.now()
  const watch = watchSlices(start)
  const exchange = core.begin({
    method: attack.method,
    rawTarget,
    httpVersion: '1.1',
    headers: new HeaderTable(headers),
    authority: undefined,
    peerAddress: '127.0.0.1',
    peerPort: 40_000,
    listener: 'http',
    tls: undefined,
    hasBody: body !== undefined,
  })
  const head = core.decideHead(exchange)
  let verdict: { readonly kind: string } = isPromise(head) ? await head : head
  if (verdict.kind === 'forward' && body !== undefined) {
    const judged = core.decideBody(exchange, body)
    verdict = isPromise(judged) ? await judged : judged
  }
  if (verdict.kind === 'forward') core.upstreamRequest(exchange)
  core.end(exchange)
  const us = (performance.now() - start) * 1000
  const { decision } = exchange
  const refused = decision === undefined ? verdict.kind : `${decision.status} ${decision.reason}`
  return { us, sliceUs: watch(), verdict: refused }
}

/** The longest time between two turns of the event loop from `start` on, in microseconds. */
function watchSlices(start: number): () => number {
  let last = start
  let longest = 0
  let isOver = false
  const turn = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  return () => {
    isOver = true
    return Math.max(longest, performance.now() - last) * 1000
  }
}
