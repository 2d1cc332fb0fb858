import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ClosedStreams } from './closed-streams.ts'
import { ContentQueue } from './content-queue.ts'
import { HeadMemory } from './head-memory.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { requestFields } from './request-fields.ts'
import { SessionCounts } from './session-counts.ts'
import { StallWatch } from './stall-watch.ts'
import { StreamBody } from './stream-body.ts'

const HEAD = [':method', 'GET', ':scheme', 'https', ':path', '/a', ':authority', 'b']

describe('the fields of a request', () => {
  test('are its parts and the rest, with one cookie', () => {
    const fields = requestFields([
      ...HEAD,
      'cookie',
      'a=1',
      'te',
      'trailers',
      'cookie',
      'b=2',
      'expect',
      'x',
    ])
    assert.deepEqual(
      [
        fields?.method,
        fields?.rawTarget,
        fields?.authority,
        fields?.headers.get('cookie'),
        fields?.headers.size,
      ],
      ['GET', '/a', 'b', 'a=1; b=2', 3],
    )
    assert.deepEqual(
      [fields?.takesTrailers, fields?.expectsContinue, fields?.bodyLength],
      [true, true, undefined],
    )
  })

  const right: [name: string, fields: string[]][] = [
    [
      'pseudo fields in any order',
      [':path', '/', ':authority', 'b', ':scheme', 'https', ':method', 'GET'],
    ],
    ['a host in place of the authority', [...HEAD.slice(0, 6), 'host', 'b']],
    [
      'OPTIONS of everything',
      [':method', 'OPTIONS', ':scheme', 'https', ':path', '*', ':authority', 'b'],
    ],
    ['CONNECT of an authority', [':method', 'CONNECT', ':authority', 'b:1']],
    ['a length', [...HEAD, 'content-length', '0']],
  ]
  for (const [name, fields] of right)
    test(`may be ${name}`, () => assert.ok(requestFields(fields) !== undefined))

  const malformed: [name: string, fields: string[]][] = [
    ['a pseudo field twice', [...HEAD, ':path', '/b']],
    ['a pseudo field behind another', [...HEAD.slice(0, 6), 'x', 'y', ':authority', 'b']],
    ['a pseudo field of an answer', [...HEAD, ':status', '200']],
    [
      'a protocol that was not offered',
      [':method', 'CONNECT', ':protocol', 'websocket', ...HEAD.slice(2)],
    ],
    ['CONNECT with a path', [':method', 'CONNECT', ...HEAD.slice(2)]],
    ['CONNECT of nothing', [':method', 'CONNECT']],
    ['GET of everything', [':method', 'GET', ':scheme', 'https', ':path', '*', ':authority', 'b']],
    [
      'a path with a space',
      [':method', 'GET', ':scheme', 'https', ':path', '/ b', ':authority', 'b'],
    ],
    ['a user in the authority', [...HEAD.slice(0, 6), ':authority', 'u@b']],
    ['no authority', HEAD.slice(0, 6)],
    ['an empty authority', [...HEAD.slice(0, 6), ':authority', '']],
    ['an empty authority beside a host', [...HEAD.slice(0, 6), ':authority', '', 'host', 'b']],
    ['two hosts beside the authority', [...HEAD, 'host', 'b', 'host', 'c']],
    ['one host said twice', [...HEAD.slice(0, 6), 'host', 'b', 'host', 'b']],
    ['an upgrade', [...HEAD, 'upgrade', 'h2c']],
    ['a coding', [...HEAD, 'transfer-encoding', 'chunked']],
    ['te: gzip', [...HEAD, 'te', 'gzip']],
    ['a length twice', [...HEAD, 'content-length', '1', 'content-length', '1']],
    ['a length in a list', [...HEAD, 'content-length', '1, 1']],
    ['a length beyond numbers', [...HEAD, 'content-length', '1'.repeat(16)]],
  ]
  for (const [name, fields] of malformed)
    test(`must not be ${name}`, () => assert.equal(requestFields(fields), undefined))
})

describe('the memory of heads', () => {
  // GET https / of one authority that stands in the table.
  const asking = Buffer.from('828784be', 'hex')
  const adding = (authority: string): Buffer =>
    Buffer.concat([
      Buffer.from('82878441', 'hex'),
      Buffer.from([authority.length]),
      Buffer.from(authority),
    ])
  const read = (memory: HeadMemory, block: Buffer): unknown => {
    const fields = memory.read(block, 0, block.length)
    return typeof fields === 'string' ? fields : fields.authority
  }

  test('gives the same for the same bytes, until the table changes what they mean', () => {
    const memory = new HeadMemory(new HpackDecoder({ maxFields: 10, maxBytes: 1_000 }))
    assert.equal(read(memory, adding('first')), 'first')
    assert.equal(memory.read(asking, 0, 4), memory.read(asking, 0, 4))
    assert.equal(read(memory, asking), 'first')
    assert.equal(read(memory, adding('second')), 'second')
    assert.equal(read(memory, asking), 'second')
    assert.equal(read(memory, Buffer.from('20828784be', 'hex')), 'broken')
    // Broken is broken for ever; a session ends there. Another one begins anew.
    assert.equal(
      read(new HeadMemory(new HpackDecoder({ maxFields: 10, maxBytes: 1_000 })), asking),
      'broken',
    )
  })

  test('does not remember what it refused', () => {
    const memory = new HeadMemory(new HpackDecoder({ maxFields: 3, maxBytes: 1_000 }))
    for (let i = 0; i < 2; i += 1) {
      assert.equal(read(memory, Buffer.from('8287', 'hex')), 'malformed')
      assert.equal(read(memory, Buffer.from('82878482', 'hex')), 'too large')
    }
  })
})

describe('closed streams', () => {
  test('are told apart by who closed them, as long as they are remembered', () => {
    const closed = new ClosedStreams()
    closed.drop(1, 10)
    closed.end(3)
    assert.deepEqual(
      [1, 3, 5].map((id) => closed.kindOf(id)),
      ['dropped', 'ended', 'unknown'],
    )
    assert.deepEqual([closed.take(1, 6), closed.take(1, 4), closed.take(1, 1)], [true, true, false])
    assert.equal(closed.take(3, 0), false)
    for (let id = 5; id < 5 + 2 * 255; id += 2) closed.end(id)
    assert.deepEqual([closed.kindOf(1), closed.kindOf(3)], ['unknown', 'ended'])
  })
})

describe('content that waits', () => {
  test('comes out in the order it came, in pieces of any length', () => {
    const queue = new ContentQueue()
    for (const piece of ['ab', Buffer.from('cde'), '', 'f']) queue.add(piece)
    assert.equal(queue.bytes, 6)
    assert.deepEqual(
      [1, 5, 2, 9, 9].map((most) => queue.take(most)),
      ['a', 'b', 'cd', 'e', 'f'],
    )
    assert.deepEqual([queue.bytes, queue.take(1)], [0, ''])
  })
})

describe('a client that takes', () => {
  const limits = { writeStallMs: 1_000, answerBytesPerSecond: 100 }
  const rows: [name: string, sentEachMs: number, isSlow: boolean][] = [
    ['nothing', 0, true],
    ['a byte now and then', 0.01, true],
    ['as much as it must', 0.11, false],
  ]
  for (const [name, sentEachMs, isSlow] of rows) {
    test(`${name} is ${isSlow ? 'too slow' : 'in time'}`, () => {
      const watch = new StallWatch(limits)
      let wasSlow = false
      for (let nowMs = 1; nowMs < 5_000; nowMs += 100) {
        wasSlow ||= watch.isTooSlow(nowMs, 500)
        watch.sent(sentEachMs * 100)
      }
      assert.equal(wasSlow, isSlow)
    })
  }

  test('all there is has all the time until more comes', () => {
    const watch = new StallWatch(limits)
    for (let nowMs = 1; nowMs < 5_000; nowMs += 500) assert.equal(watch.isTooSlow(nowMs, 0), false)
    assert.equal(watch.isTooSlow(5_000, 10), false)
    assert.equal(watch.isTooSlow(5_900, 10), false)
    assert.equal(watch.isTooSlow(6_000, 10), true)
  })
})

describe('the body of a request', () => {
  const heard: string[] = []
  const taker = {
    bodyData: (chunk: Buffer) => void heard.push(chunk.toString()),
    bodyEnd: (trailers?: readonly string[]) => void heard.push(`end ${(trailers ?? []).join()}`),
  }

  test('is kept until somebody takes it, and while it is held', () => {
    heard.length = 0
    let taken = 0
    const body = new StreamBody({
      length: undefined,
      window: 100,
      isEmpty: false,
      onTaken: (bytes) => (taken += bytes),
    })
    assert.equal(body.add(Buffer.from('a')), false)
    body.open(taker)
    assert.equal(body.add(Buffer.from('b')), true)
    body.hold()
    assert.equal(body.add(Buffer.from('c')), false)
    body.end(['x', 'y'])
    assert.deepEqual([heard, taken, body.isWhole, body.isRead], [['a', 'b'], 1, true, false])
    body.resume()
    assert.deepEqual([heard, taken, body.isRead], [['a', 'b', 'c', 'end x,y'], 2, true])
  })

  test('gives back what nobody will take', () => {
    let taken = 0
    const body = new StreamBody({
      length: 3,
      window: 100,
      isEmpty: false,
      onTaken: (bytes) => (taken += bytes),
    })
    body.add(Buffer.from('ab'))
    body.drop()
    body.drop()
    assert.equal(taken, 2)
  })

  const rows: [
    name: string,
    frames: [bytes: number, isLast: boolean][],
    fault: string | undefined,
  ][] = [
    [
      'as long as it said',
      [
        [2, false],
        [1, true],
      ],
      undefined,
    ],
    [
      'longer',
      [
        [2, false],
        [2, false],
      ],
      'length',
    ],
    ['shorter', [[2, true]], 'length'],
    [
      'over its window',
      [
        [3, false],
        [0, false],
        [101, false],
      ],
      'window',
    ],
  ]
  for (const [name, frames, fault] of rows) {
    test(`that is ${name}`, () => {
      const body = new StreamBody({ length: 3, window: 100, isEmpty: false, onTaken: () => {} })
      let found: string | undefined
      for (const [bytes, isLast] of frames) {
        found = body.check(bytes, bytes, isLast)
        if (found === undefined) body.add(Buffer.alloc(bytes))
      }
      assert.equal(found, fault)
    })
  }
})

describe('what is counted of a session', () => {
  const over: [
    name: string,
    spend: (counts: SessionCounts) => void,
    allowed: number,
    kind: string,
  ][] = [
    ['resets', (counts) => counts.reset(), 100, 'resets'],
    ['PINGs', (counts) => counts.ping(), 100, 'pings'],
    ['SETTINGS', (counts) => counts.settings(), 20, 'settings'],
    ['bytes of nothing', (counts) => counts.overhead(1_024), 64, 'overhead'],
    [
      'heads that were mostly nothing',
      (counts) => counts.head(1_024 + 128 + 50, 50),
      64,
      'overhead',
    ],
  ]
  for (const [name, spend, allowed, kind] of over) {
    test(`${name} have a limit, and come back with time`, () => {
      const told: string[] = []
      const counts = new SessionCounts((one) => told.push(one))
      for (let i = 0; i < allowed; i += 1) spend(counts)
      assert.deepEqual(told, [])
      spend(counts)
      assert.deepEqual(told, [kind])
      counts.refill(3_000)
      spend(counts)
      assert.deepEqual(told, [kind])
    })
  }

  test('an answer in pieces may be met with words about each', () => {
    const counts = new SessionCounts((one) => assert.fail(one))
    for (let i = 0; i < 5_000; i += 1) {
      counts.sent()
      counts.ping()
      counts.overhead(17 + 13 + 13)
    }
  })

  test('a head that HPACK made shorter costs nothing, and saves nothing up', () => {
    const told: string[] = []
    const counts = new SessionCounts((one) => told.push(one))
    for (let i = 0; i < 1_000; i += 1) counts.head(20, 900)
    for (let i = 0; i < 65; i += 1) counts.overhead(1_024)
    assert.equal(told[0], 'overhead')
  })
})
