import assert from 'node:assert/strict'
import { connect } from 'node:tls'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { eventually, httpUpstream } from '../testing/edge-kit.ts'
import { FakeCore } from '../testing/fake-core.ts'
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  literals,
  requestBlock,
  u32,
} from '../testing/h2-frames.ts'
import { h2Kit } from '../testing/h2-kit.ts'
import type { H2World } from '../testing/h2-kit.ts'

// H2_FUZZ_RUNS makes it longer, H2_FUZZ_SEED repeats it.
const RUNS = Number(process.env['H2_FUZZ_RUNS'] ?? 250)
const SEED = Number(process.env['H2_FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

const start = h2Kit()

const id = fc.constantFrom(0, 1, 1, 1, 3, 3, 5, 7, 2, 0x7fff_ffff)
const flags = fc.oneof(fc.constantFrom(0, 1, 4, 5), fc.nat(255))
const u31 = fc.constantFrom(0, 1, 100, 65_535, 0x7fff_ffff)

const head = fc
  .tuple(id, fc.constantFrom('GET', 'POST', 'HEAD', 'CONNECT'), flags)
  .map(([on, method, flag]) => frame(FRAME.headers, flag | END_HEADERS, on, requestBlock(method)))
const body = fc
  .tuple(id, fc.constantFrom(0, 0, 1, 8), fc.nat(16_384))
  .map(([on, flag, bytes]) => frame(FRAME.data, flag, on, Buffer.alloc(bytes, 3)))
const trailers = fc
  .tuple(id, flags)
  .map(([on, flag]) =>
    frame(FRAME.headers, flag | END_HEADERS | END_STREAM, on, literals([['x-t', 'a']])),
  )
const window = fc.tuple(id, u31).map(([on, value]) => frame(FRAME.windowUpdate, 0, on, u32(value)))
const resets = fc.tuple(id, u31).map(([on, value]) => frame(FRAME.rst, 0, on, u32(value)))
const settings = fc
  .tuple(fc.nat(8), u31)
  .map(([name, value]) =>
    frame(FRAME.settings, 0, 0, Buffer.concat([Buffer.from([0, name]), u32(value)])),
  )
const ping = fc.tuple(flags, id).map(([flag, on]) => frame(FRAME.ping, flag, on, Buffer.alloc(8)))
const odd = fc
  .tuple(fc.nat(12), flags, id, fc.uint8Array({ maxLength: 60 }))
  .map(([type, flag, on, bytes]) => frame(type, flag, on, Buffer.from(bytes)))
const noise = fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes))

/** Frames that are right more often than not. */
const anyFrame = fc.oneof(
  { arbitrary: head, weight: 6 },
  { arbitrary: body, weight: 5 },
  { arbitrary: trailers, weight: 2 },
  { arbitrary: window, weight: 2 },
  { arbitrary: resets, weight: 2 },
  { arbitrary: settings, weight: 1 },
  { arbitrary: ping, weight: 1 },
  { arbitrary: odd, weight: 2 },
  { arbitrary: noise, weight: 1 },
)

/** Honest requests: without a body, and with one that is not over yet. */
const opening = fc.constantFrom(
  [],
  [frame(FRAME.headers, END_HEADERS, 1, requestBlock('POST'))],
  [
    frame(FRAME.headers, END_HEADERS | END_STREAM, 1, requestBlock()),
    frame(FRAME.headers, END_HEADERS, 3, requestBlock('POST')),
    frame(FRAME.data, 0, 3, Buffer.alloc(5_000)),
  ],
)

const session = fc.record({
  opened: opening,
  frames: fc.array(anyFrame, { maxLength: 20 }),
  /** Bytes that are changed afterwards. */
  changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
  cuts: fc.array(fc.nat(), { maxLength: 4 }),
  breaks: fc.boolean(),
})

function bytesOf(frames: readonly Buffer[], changes: readonly [number, number][]): Buffer {
  const bytes = Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0), ...frames])
  for (const [at, value] of changes)
    // The preface stays: what comes behind it is what is tried.
    bytes[PREFACE.length + 9 + (at % Math.max(1, bytes.length - PREFACE.length - 9))] = value
  return bytes
}

/** Says the bytes in pieces, waits a moment, and leaves. */
async function say(port: number, pieces: readonly Buffer[], breaks: boolean): Promise<void> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
  })
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.on('error', () => socket.destroy())
  socket.resume()
  await new Promise<void>((resolve) =>
    socket.once('secureConnect', () => resolve()).once('close', () => resolve()),
  )
  for (const piece of pieces) {
    if (!socket.writable) break
    socket.write(piece)
    await sleep(1)
  }
  await sleep(breaks ? 1 : 15)
  if (breaks) socket.destroy()
  else socket.end()
  setTimeout(() => socket.destroy(), 100).unref()
  await closed
}

async function world(t: TestContext): Promise<H2World & { core: FakeCore }> {
  const origin = await httpUpstream(t, (req, res) => {
    req.on('error', () => {})
    res.setHeader('x-framing', 'any')
    req.pipe(res)
  })
  const core = new FakeCore(origin)
  const limits = { handshakesPerSecond: 1e6, handshakeBurst: 1e6, connectionsPerAddress: 1e4 }
  return { ...(await start(t, { core, limits })), core }
}

test(`no frames, random or changed, crash it, hang it, or leave anything behind (seed ${SEED})`, async (t) => {
  const { port, core, listener } = await world(t)
  await fc.assert(
    fc.asyncProperty(session, async ({ opened, frames, changes, cuts, breaks }) => {
      const bytes = bytesOf([...opened, ...frames], changes)
      const ends = [
        0,
        ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b),
        bytes.length,
      ]
      await say(
        port,
        ends.slice(1).map((end, i) => bytes.subarray(ends[i], end)),
        breaks,
      )
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  )
  await eventually(() => listener.connections() === 0 && listener.inFlight() === 0)
  await eventually(() => core.ended.length === core.begun)
  assert.equal(new Set(core.ended).size, core.begun, 'an exchange ended twice')
  assert.ok(core.begun > RUNS / 20, `only ${core.begun} exchanges began`)
  assert.ok(
    core.failures.every(({ cause }) => cause !== 'defect'),
    JSON.stringify(core.failures.find(({ cause }) => cause === 'defect')),
  )
})
