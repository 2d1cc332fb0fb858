import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { frame } from '../testing/h2-frames.ts'
import { FrameReader } from './frame-reader.ts'
import type { FrameSink } from './frame-reader.ts'

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

class Heard implements FrameSink {
  readonly log: string[] = []
  takesFrames = true
  /** Frames after which no more are wanted. */
  pauseAfter = Infinity

  onFrame({ type, flags, id, bytes, from, to }: FrameReader): void {
    this.log.push(`${type} ${flags} ${id} ${bytes.toString('hex', from, to)}`)
    if (this.log.length >= this.pauseAfter) this.takesFrames = false
  }

  onFault(code: number): void {
    this.log.push(`fault ${code}`)
    this.takesFrames = false
  }
}

const FRAMES = [
  frame(4, 0, 0),
  frame(0, 1, 0x7fff_ffff, Buffer.from('body')),
  frame(200, 255, 1, Buffer.alloc(300, 7)),
  frame(8, 0, 3, Buffer.from([0, 0, 0, 1])),
]
const WHOLE = Buffer.concat([PREFACE, ...FRAMES])
const EXPECTED = [
  '4 0 0 ',
  '0 1 2147483647 626f6479',
  `200 255 1 ${'07'.repeat(300)}`,
  '8 0 3 00000001',
]

function logOf(chunks: readonly Buffer[]): string[] {
  const reader = new FrameReader()
  const heard = new Heard()
  for (const chunk of chunks) if (heard.takesFrames) reader.feed(chunk, heard)
  return heard.log
}

describe('frames', () => {
  test('are the same wherever their bytes are cut', () => {
    for (let at = 0; at <= WHOLE.length; at += 1)
      assert.deepEqual(logOf([WHOLE.subarray(0, at), WHOLE.subarray(at)]), EXPECTED, `cut at ${at}`)
  })

  test('are the same byte by byte, and in any pieces', () => {
    assert.deepEqual(logOf(Array.from(WHOLE, (byte) => Buffer.from([byte]))), EXPECTED)
    const cuts = fc.array(fc.nat(WHOLE.length), { maxLength: 30 })
    fc.assert(
      fc.property(cuts, (unordered) => {
        const ends = [0, ...unordered.toSorted((a, b) => a - b), WHOLE.length]
        assert.deepEqual(
          logOf(ends.slice(1).map((end, i) => WHOLE.subarray(ends[i], end))),
          EXPECTED,
        )
      }),
    )
  })

  test('wait while nobody wants them', () => {
    const reader = new FrameReader()
    const heard = new Heard()
    heard.pauseAfter = 2
    reader.feed(WHOLE.subarray(0, -5), heard)
    assert.deepEqual([heard.log.length, reader.hasMore], [2, true])
    reader.feed(WHOLE.subarray(-5), heard)
    assert.equal(heard.log.length, 2)
    heard.pauseAfter = Infinity
    heard.takesFrames = true
    reader.resume(heard)
    assert.deepEqual([heard.log, reader.hasMore], [EXPECTED, false])
  })

  test('longer than allowed are refused by their first three bytes', () => {
    const long = Buffer.from([0, 0x40, 1, 0, 0, 0, 0, 0, 1])
    for (const at of [0, 3, 8, 9])
      assert.deepEqual(
        logOf([PREFACE, long.subarray(0, at), Buffer.concat([long.subarray(at), Buffer.alloc(9)])]),
        ['fault 6'],
      )
    const longest = frame(0, 0, 1, Buffer.alloc(16_384))
    assert.equal(logOf([PREFACE, longest]).length, 1)
  })

  test('come after the first words of HTTP/2 and nothing else', () => {
    for (const text of ['GET / HTTP/1.1\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\t', '\0'])
      assert.deepEqual(logOf([Buffer.from(text)]), ['fault 1'])
    assert.deepEqual(logOf([PREFACE.subarray(0, 5), Buffer.from('x')]), ['fault 1'])
  })
})

describe('padding', () => {
  const rows: [name: string, payload: number[], flags: number, left: string | undefined][] = [
    ['is left out', [2, 65, 66, 0, 0], 8, '4142'],
    ['may be all there is', [3, 0, 0, 0], 8, ''],
    ['may be nothing', [0, 65], 8, '41'],
    ['must not be longer than the payload', [4, 0, 0, 0], 8, undefined],
    ['must have its length', [], 8, undefined],
    ['is only where its flag is', [2, 65], 0, '0241'],
  ]
  for (const [name, payload, flags, left] of rows) {
    test(name, () => {
      const reader = new FrameReader()
      let got: string | undefined
      const sink: FrameSink = {
        takesFrames: true,
        onFault: () => assert.fail('fault'),
        onFrame: (one) => {
          if (one.unpad()) got = one.bytes.toString('hex', one.from, one.to)
        },
      }
      reader.feed(Buffer.concat([PREFACE, frame(0, flags, 1, Buffer.from(payload))]), sink)
      assert.equal(got, left)
    })
  }
})
