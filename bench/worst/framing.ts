import { BodyPieces } from '../../src/edges/exchange/body-pieces.ts'
import { acquireParser, releaseParser } from '../../src/edges/fast/parser-pool.ts'
import { SMALL_BYTES } from './attack.ts'
import type { Attack } from './attack.ts'
import type { Measuring, Reading } from './meter.ts'

/** Of `edges/fast`, by default. */
const RULES = { maxHeadBytes: 16_384, maxChunkExtraBytes: 16_384, copiesBody: false }
/** Room for the head and the end of a message. */
const FRAME_BYTES = 256
const HEAD = 'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n'
/** Bytes that come with one read at most. */
const READ_BYTES = 65_536

/** Whole messages whose framing is the attack. */
export function framingAttacks(): readonly Attack[] {
  const room = SMALL_BYTES - FRAME_BYTES
  const chunked = (name: string, chunk: string): Attack => {
    const chunks = chunk.repeat(room / chunk.length)
    return message(`framing: ${name}`, `${HEAD}${chunks}0\r\n\r\n`)
  }
  return [
    chunked('chunks of one byte', '1\r\na\r\n'),
    chunked('chunks of 16 bytes', '10\r\n0123456789abcdef\r\n'),
    chunked('chunks of one byte, zeros in front of the size', '0000000000000001\r\na\r\n'),
    chunked('chunks of 33 bytes', `21\r\n${'a'.repeat(33)}\r\n`),
    message(
      'framing: trailer fields',
      `${HEAD}0\r\n${'a: b\r\n'.repeat((RULES.maxChunkExtraBytes - FRAME_BYTES) / 6)}\r\n`,
    ),
    message('framing: a long trailer field', `${HEAD}0\r\na: ${'b'.repeat(16_000)}\r\n\r\n`),
    message(
      'framing: many short fields',
      `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat((RULES.maxHeadBytes - FRAME_BYTES) / 6)}\r\n`,
    ),
  ]
}

function message(name: string, text: string): Attack {
  return { name, method: 'POST', target: '', headers: [], body: Buffer.from(text, 'latin1') }
}

/** Parses a message `rounds` times, as it comes in reads, and gives the best time. */
export function measureFraming(
  { body = Buffer.alloc(0) }: Attack,
  { rounds, calibration }: Measuring,
): Reading {
  let us = Infinity
  let loops = Infinity
  let verdict = ''
  for (let round = 0; round < rounds; round += 1) {
    const loopUs = Math.min(calibration.take(), calibration.take())
    const start = performance.now()
    verdict = parse(body)
    const spent = (performance.now() - start) * 1000
    us = Math.min(us, spent)
    loops = Math.min(loops, spent / loopUs)
  }
  return { us, sliceUs: us, loops, sliceLoops: loops, verdict }
}

function parse(message: Buffer): string {
  const parser = acquireParser('request', RULES)
  const pieces = new BodyPieces()
  for (let at = 0; at < message.length && !parser.isComplete && parser.fault === undefined;) {
    const read = message.subarray(at, at + READ_BYTES)
    at += parser.execute(read, 0)
    if (parser.body !== undefined) pieces.add(parser.body)
  }
  const { isComplete, fault } = parser
  pieces.take()
  releaseParser(parser)
  return isComplete ? 'parsed' : (fault?.code ?? 'cut')
}
