import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import type { EdgeLimits } from '../exchange/limits.ts'
import { eventually, httpUpstream, rawUpstream } from '../testing/edge-kit.ts'
import { FakeCore } from '../testing/fake-core.ts'
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  FrameClient,
  literals,
  requestBlock,
  u32,
} from '../testing/h2-frames.ts'
import type { H2World } from '../testing/h2-kit.ts'
import { h2Kit } from '../testing/h2-kit.ts'
import { H2_CODE } from './frames.ts'

const start = h2Kit()
const WHOLE = END_STREAM | END_HEADERS
const PADDED = 8
const PRIORITY = 32

const get = (id: number): Buffer => frame(FRAME.headers, WHOLE, id, requestBlock())
const post = (id: number, more: [string, string][] = []): Buffer =>
  frame(FRAME.headers, END_HEADERS, id, requestBlock('POST', more))
const data = (id: number, body: string | Buffer, flags = 0): Buffer =>
  frame(FRAME.data, flags, id, Buffer.from(body))
const setting = (id: number, value: number): Buffer =>
  Buffer.concat([Buffer.from([0, id]), u32(value)])

interface Served extends H2World {
  readonly core: FakeCore
  readonly client: FrameClient
}

/** A gateway whose API never answers, unless `origin` is said. */
async function served(
  t: TestContext,
  limits: Partial<EdgeLimits> = {},
  origin?: string,
): Promise<Served> {
  const core = new FakeCore(origin ?? (await rawUpstream(t, (socket) => socket.resume())))
  const world = await start(t, { core, limits })
  const client = new FrameClient(t, world.port)
  await eventually(() => client.settings > 0)
  return { ...world, core, client }
}

/** Frames, and the code of GOAWAY that they are met with (RFC 9113). */
const fatal: [name: string, frames: Buffer[], code: number][] = [
  ['DATA on the connection', [data(0, 'x')], H2_CODE.protocol],
  ['HEADERS on the connection', [get(0)], H2_CODE.protocol],
  ['PRIORITY on the connection', [frame(FRAME.priority, 0, 0, Buffer.alloc(5))], H2_CODE.protocol],
  ['RST_STREAM on the connection', [frame(FRAME.rst, 0, 0, u32(8))], H2_CODE.protocol],
  ['SETTINGS on a stream', [frame(FRAME.settings, 0, 1)], H2_CODE.protocol],
  ['PING on a stream', [frame(FRAME.ping, 0, 1, Buffer.alloc(8))], H2_CODE.protocol],
  ['GOAWAY on a stream', [frame(FRAME.goaway, 0, 1, Buffer.alloc(8))], H2_CODE.protocol],
  ['CONTINUATION of nothing', [frame(FRAME.continuation, 4, 1)], H2_CODE.protocol],
  ['PUSH_PROMISE', [frame(5, 4, 1, Buffer.alloc(8))], H2_CODE.protocol],
  ['a short PRIORITY', [frame(FRAME.priority, 0, 1, Buffer.alloc(4))], H2_CODE.frameSize],
  ['a short RST_STREAM', [post(1), frame(FRAME.rst, 0, 1, Buffer.alloc(3))], H2_CODE.frameSize],
  ['a long PING', [frame(FRAME.ping, 0, 0, Buffer.alloc(9))], H2_CODE.frameSize],
  ['a short GOAWAY', [frame(FRAME.goaway, 0, 0, Buffer.alloc(7))], H2_CODE.frameSize],
  ['a long WINDOW_UPDATE', [frame(FRAME.windowUpdate, 0, 0, Buffer.alloc(5))], H2_CODE.frameSize],
  ['half a setting', [frame(FRAME.settings, 0, 0, Buffer.alloc(7))], H2_CODE.frameSize],
  ['an ACK with settings', [frame(FRAME.settings, 1, 0, setting(3, 1))], H2_CODE.frameSize],
  ['a frame over its length', [frame(FRAME.data, 0, 1, Buffer.alloc(16_385))], H2_CODE.frameSize],
  ['ENABLE_PUSH 2', [frame(FRAME.settings, 0, 0, setting(2, 2))], H2_CODE.protocol],
  ['a window over 2^31-1', [frame(FRAME.settings, 0, 0, setting(4, 2 ** 31))], H2_CODE.flowControl],
  ['a frame size too small', [frame(FRAME.settings, 0, 0, setting(5, 16_383))], H2_CODE.protocol],
  ['a frame size too large', [frame(FRAME.settings, 0, 0, setting(5, 2 ** 24))], H2_CODE.protocol],
  [
    'more settings than there are',
    [frame(FRAME.settings, 0, 0, Buffer.alloc(33 * 6, setting(9, 1)))],
    H2_CODE.calm,
  ],
  [
    'a window of a stream that settings make too large',
    [
      post(1),
      frame(FRAME.windowUpdate, 0, 1, u32(0x7000_0000)),
      frame(FRAME.settings, 0, 0, setting(4, 0x7fff_ffff)),
    ],
    H2_CODE.flowControl,
  ],
  ['no more window', [frame(FRAME.windowUpdate, 0, 0, u32(0))], H2_CODE.protocol],
  [
    'a window that overflows',
    [frame(FRAME.windowUpdate, 0, 0, u32(0x7fff_ffff))],
    H2_CODE.flowControl,
  ],
  ['DATA on an idle stream', [data(1, 'x')], H2_CODE.protocol],
  ['RST_STREAM on an idle stream', [frame(FRAME.rst, 0, 1, u32(8))], H2_CODE.protocol],
  ['WINDOW_UPDATE on an idle stream', [frame(FRAME.windowUpdate, 0, 1, u32(1))], H2_CODE.protocol],
  ['an even stream', [get(2)], H2_CODE.protocol],
  ['a stream below the last', [post(5), get(3)], H2_CODE.protocol],
  [
    'HEADERS behind a reset of its own',
    [post(1), frame(FRAME.rst, 0, 1, u32(8)), get(1)],
    H2_CODE.streamClosed,
  ],
  [
    'DATA behind a reset of its own',
    [post(1), frame(FRAME.rst, 0, 1, u32(8)), data(1, 'x')],
    H2_CODE.streamClosed,
  ],
  [
    'padding over the frame',
    [post(1), frame(FRAME.data, PADDED, 1, Buffer.from([9, 1]))],
    H2_CODE.protocol,
  ],
  ['a padded head without its length', [frame(FRAME.headers, WHOLE | PADDED, 1)], H2_CODE.protocol],
  [
    'padding over the head',
    [frame(FRAME.headers, WHOLE | PADDED, 1, Buffer.from([5, 0x82]))],
    H2_CODE.protocol,
  ],
  [
    'half a priority',
    [frame(FRAME.headers, WHOLE | PRIORITY, 1, Buffer.alloc(4))],
    H2_CODE.frameSize,
  ],
  [
    'a stream that depends on itself',
    [frame(FRAME.priority, 0, 1, Buffer.from([0, 0, 0, 1, 0]))],
    H2_CODE.protocol,
  ],
  [
    'a frame between the frames of a head',
    [frame(FRAME.headers, 1, 1, requestBlock()), frame(FRAME.ping, 0, 0, Buffer.alloc(8))],
    H2_CODE.protocol,
  ],
  [
    'an unknown frame between them',
    [frame(FRAME.headers, 1, 1, requestBlock()), frame(0xbe, 0, 0)],
    H2_CODE.protocol,
  ],
  [
    'CONTINUATION of another stream',
    [frame(FRAME.headers, 1, 1, requestBlock()), frame(FRAME.continuation, 4, 3)],
    H2_CODE.protocol,
  ],
  [
    'HPACK of an index that is not there',
    [frame(FRAME.headers, WHOLE, 1, Buffer.from([0xbe]))],
    H2_CODE.compression,
  ],
  [
    'HPACK that breaks off',
    [frame(FRAME.headers, WHOLE, 1, Buffer.from([0, 5, 97]))],
    H2_CODE.compression,
  ],
  [
    'trailers that are no HPACK',
    [post(1), frame(FRAME.headers, WHOLE, 1, Buffer.from([0x80]))],
    H2_CODE.compression,
  ],
  [
    'more than the window of the connection, where too much is kept already',
    Array.from({ length: 26 }, (_, n) => [
      post(2 * n + 1),
      ...Array.from({ length: 4 }, () => data(2 * n + 1, Buffer.alloc(16_383))),
    ]).flat(),
    H2_CODE.flowControl,
  ],
]

describe('a connection ends', () => {
  for (const [name, frames, code] of fatal) {
    test(`on ${name}`, async (t) => {
      const { client, core, abuses } = await served(t)
      // Held back: nothing is given back to any window.
      core.head = () => new Promise(() => {})
      client.write(...frames)
      await eventually(() => client.isEnded)
      assert.equal(client.goaway, code)
      await eventually(() => client.isClosed)
      assert.deepEqual(
        abuses.map(({ kind }) => kind),
        ['protocol'],
      )
      await eventually(() => core.ended.length === core.begun)
    })
  }

  const first: [name: string, bytes: Buffer][] = [
    ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
    ['no SETTINGS first', Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), get(1)])],
    [
      'an ACK of settings first',
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(FRAME.settings, 1, 0)]),
    ],
  ]
  for (const [name, bytes] of first) {
    test(`on ${name}`, async (t) => {
      const { port, core } = await served(t)
      const socket = connect({
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ALPNProtocols: ['h2'],
      })
      t.after(() => socket.destroy())
      const got: Buffer[] = []
      socket.on('data', (chunk: Buffer) => got.push(chunk))
      socket.on('error', () => {})
      let isClosed = false
      socket.on('close', () => (isClosed = true))
      socket.write(bytes)
      await eventually(() => isClosed)
      assert.equal(Buffer.concat(got).at(-1), H2_CODE.protocol)
      assert.equal(core.begun, 0)
    })
  }

  test('where our settings are not acknowledged in time', async (t) => {
    const { port } = await served(t, { headersMs: 150 })
    const socket = connect({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
    })
    t.after(() => socket.destroy())
    let last: Buffer = Buffer.alloc(0)
    let isClosed = false
    socket
      .on('data', (chunk: Buffer) => (last = chunk))
      .on('error', () => {})
      .on('close', () => (isClosed = true))
    socket.write(
      Buffer.concat([
        Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
        frame(FRAME.settings, 0, 0),
        get(1),
      ]),
    )
    await eventually(() => isClosed)
    assert.equal(last.at(-1), H2_CODE.settingsTimeout)
  })

  test('where a head is begun and not ended in time', async (t) => {
    const { client } = await served(t, { headersMs: 150 })
    client.write(post(1), frame(FRAME.headers, 1, 3, requestBlock()))
    await eventually(() => client.isEnded)
    assert.equal(client.goaway, H2_CODE.calm)
  })

  test('where a client takes nothing of what is written', async (t) => {
    const { client, core } = await served(t, { writeStallMs: 150, heldBytes: 1e9 })
    core.head = () => ({
      kind: 'answer',
      answer: { status: 200, headers: ['x-a', 'b'.repeat(8_000)], body: 'x', close: false },
    })
    client.socket.pause()
    // Their answers are several times what the kernel takes.
    const asked = 3000
    for (let i = 0; i < asked; i += 1) client.write(get(2 * i + 1))
    await eventually(
      () => core.ended.some(({ abortedBy }) => abortedBy === 'client') || client.isClosed,
    )
    const { begun } = core
    await sleep(100)
    assert.ok(core.begun < asked && core.begun === begun, `${core.begun} requests were read`)
  })
})

/** Frames on stream 1, and the code of RST_STREAM that they are met with; the connection goes on. */
const reset: [name: string, frames: Buffer[], code: number][] = [
  [
    'more than its window',
    [post(1), ...Array.from({ length: 5 }, () => data(1, Buffer.alloc(16_384)))],
    H2_CODE.flowControl,
  ],
  ['no more window', [post(1), frame(FRAME.windowUpdate, 0, 1, u32(0))], H2_CODE.protocol],
  [
    'a window that overflows',
    [post(1), frame(FRAME.windowUpdate, 0, 1, u32(0x7fff_ffff))],
    H2_CODE.flowControl,
  ],
  [
    'a length with nothing behind it',
    [frame(FRAME.headers, WHOLE, 1, requestBlock('POST', [['content-length', '1']]))],
    H2_CODE.protocol,
  ],
  [
    'a body over its length',
    [post(1, [['content-length', '2']]), data(1, 'abc')],
    H2_CODE.protocol,
  ],
  [
    'a body under its length',
    [post(1, [['content-length', '2']]), data(1, 'a', END_STREAM)],
    H2_CODE.protocol,
  ],
  [
    'trailers before the length is reached',
    [post(1, [['content-length', '2']]), frame(FRAME.headers, WHOLE, 1, literals([['a', 'b']]))],
    H2_CODE.protocol,
  ],
  ['DATA behind the end', [get(1), data(1, 'x')], H2_CODE.streamClosed],
  ['HEADERS behind the end', [get(1), get(1)], H2_CODE.streamClosed],
  [
    'trailers that do not end',
    [post(1), frame(FRAME.headers, END_HEADERS, 1, literals([['a', 'b']]))],
    H2_CODE.protocol,
  ],
  [
    'trailers with a pseudo field',
    [post(1), frame(FRAME.headers, WHOLE, 1, literals([[':path', '/b']]))],
    H2_CODE.protocol,
  ],
  [
    'trailers of the connection',
    [post(1), frame(FRAME.headers, WHOLE, 1, literals([['upgrade', 'b']]))],
    H2_CODE.protocol,
  ],
  [
    'trailers with an upper-case name',
    [post(1), frame(FRAME.headers, WHOLE, 1, literals([['A', 'b']]))],
    H2_CODE.protocol,
  ],
  [
    'a head that depends on itself',
    [
      frame(
        FRAME.headers,
        WHOLE | PRIORITY,
        1,
        Buffer.concat([Buffer.from([0, 0, 0, 1, 0]), requestBlock()]),
      ),
    ],
    H2_CODE.protocol,
  ],
  [
    'a priority that depends on itself',
    [post(1), frame(FRAME.priority, 0, 1, Buffer.from([0, 0, 0, 1, 0]))],
    H2_CODE.protocol,
  ],
  [
    'too many fields',
    [
      frame(
        FRAME.headers,
        WHOLE,
        1,
        requestBlock(
          'GET',
          Array.from({ length: 120 }, (_, i) => [`x-${i}`, 'a'] as const),
        ),
      ),
    ],
    H2_CODE.calm,
  ],
  [
    'fields that are too long',
    [
      frame(FRAME.headers, END_STREAM, 1, requestBlock('GET', [['x-a', 'a'.repeat(15_000)]])),
      frame(FRAME.continuation, END_HEADERS, 1, literals([['x-b', 'b'.repeat(15_000)]])),
    ],
    H2_CODE.calm,
  ],
]

describe('a stream is reset', () => {
  for (const [name, frames, code] of reset) {
    test(`on ${name}`, async (t) => {
      const { client, core, resets } = await served(t)
      // Held back: nothing is given back to its window.
      core.head = () => new Promise(() => {})
      client.write(...frames)
      await eventually(() => client.resets.has(1) || client.isEnded)
      assert.deepEqual([client.resets.get(1), client.isEnded, resets()], [code, false, 1])
      await eventually(() => core.ended.length === core.begun)
      assert.ok(core.ended.every(({ abortedBy }) => abortedBy === 'client'))
      core.head = () => ({
        kind: 'answer',
        answer: { status: 200, headers: [], body: 'x', close: false },
      })
      client.write(get(3))
      await eventually(() => client.answered.has(3))
    })
  }

  test('where there are a hundred already', async (t) => {
    const { client, core } = await served(t)
    client.write(...Array.from({ length: 101 }, (_, i) => post(2 * i + 1)))
    await eventually(() => client.resets.has(201))
    assert.deepEqual(
      [client.resets.get(201), core.begun, client.resets.size],
      [H2_CODE.refused, 100, 1],
    )
  })

  test('and what was under way is read over', async (t) => {
    const { client, core } = await served(t)
    const block = literals([['x-late', 'a']])
    const indexed = Buffer.concat([Buffer.from([0x40]), block.subarray(1)])
    client.write(post(1), frame(FRAME.windowUpdate, 0, 1, u32(0)))
    await eventually(() => client.resets.has(1))
    client.write(
      data(1, 'late'),
      frame(FRAME.windowUpdate, 0, 1, u32(9)),
      frame(FRAME.headers, WHOLE, 1, indexed),
    )
    core.head = ({ head }) => ({
      kind: 'answer',
      answer: {
        status: 200,
        headers: ['x-got', head.headers.get('x-late') ?? ''],
        body: 'x',
        close: false,
      },
    })
    // What the late trailers put into the table is there.
    client.write(
      frame(FRAME.headers, WHOLE, 3, Buffer.concat([requestBlock(), Buffer.from([0xbe])])),
    )
    await eventually(() => client.answered.has(3))
    assert.equal(core.ended.at(-1)?.head.headers.get('x-late'), 'a')
  })
})

describe('what means nothing is passed over', () => {
  const frames: [name: string, frames: Buffer[]][] = [
    ['a frame of no known type', [frame(0xbe, 0xff, 0, Buffer.alloc(10))]],
    ['a setting of no known name', [frame(FRAME.settings, 0, 0, setting(200, 7))]],
    ['PRIORITY of an idle stream', [frame(FRAME.priority, 0, 9, Buffer.alloc(5))]],
    ['GOAWAY of the client', [frame(FRAME.goaway, 0, 0, Buffer.alloc(8))]],
    ['a PING that answers nothing', [frame(FRAME.ping, 1, 0, Buffer.alloc(8))]],
    ['an ACK of nothing', [frame(FRAME.settings, 1, 0)]],
    ['flags that a frame does not have', [frame(FRAME.windowUpdate, 0xff, 0, u32(1))]],
    ['the reserved bit', [frame(FRAME.windowUpdate, 0, 0, u32(0x8000_0001))]],
  ]
  for (const [name, sent] of frames) {
    test(name, async (t) => {
      const { client } = await served(t, {}, await httpUpstream(t, (_req, res) => res.end('x')))
      client.write(...sent, get(1))
      await eventually(() => client.answered.has(1))
      assert.equal(client.goaway, undefined)
    })
  }

  test('padding and priority of a head', async (t) => {
    const { client, core } = await served(t, {}, await httpUpstream(t, (_req, res) => res.end('x')))
    const block = Buffer.concat([Buffer.from([3, 0, 0, 0, 3, 16]), requestBlock(), Buffer.alloc(3)])
    client.write(frame(FRAME.headers, WHOLE | PADDED | PRIORITY, 1, block))
    await eventually(() => client.answered.has(1))
    assert.equal(core.ended[0]?.head.rawTarget, '/')
  })

  test('that a head comes in many pieces', async (t) => {
    const { client } = await served(t, {}, await httpUpstream(t, (_req, res) => res.end('x')))
    const block = requestBlock()
    const cut = [7, 20, 21, block.length]
    client.write(frame(FRAME.headers, END_STREAM, 1, block.subarray(0, 7)))
    for (const [i, from] of cut.slice(0, -1).entries())
      client.write(
        frame(FRAME.continuation, i === 2 ? END_HEADERS : 0, 1, block.subarray(from, cut[i + 1])),
      )
    await eventually(() => client.answered.has(1))
  })
})

describe('the end of a session', () => {
  test('waits until the client has heard of it, and takes what was under way', async (t) => {
    const { client, listener, core } = await served(
      t,
      { drainMs: 5_000 },
      await httpUpstream(t, (_req, res) => setTimeout(() => res.end('x'), 50)),
    )
    client.write(get(1))
    await eventually(() => core.begun === 1)
    const closed = listener.close(5_000)
    await eventually(() => client.goaways.length === 1)
    assert.deepEqual(client.goaways, [0x7fff_ffff])
    client.write(get(3), frame(FRAME.ping, 1, 0, client.pings[0] ?? Buffer.alloc(8)))
    await eventually(() => client.goaways.length === 2)
    assert.deepEqual(client.goaways, [0x7fff_ffff, 3])
    client.write(get(5))
    await eventually(() => client.isClosed)
    await closed
    assert.deepEqual([core.begun, [...client.answered]], [2, [1, 3]])
  })

  test('comes although the client hears nothing', async (t) => {
    const { client, listener } = await served(t)
    const closed = listener.close(5_000)
    await eventually(() => client.isClosed)
    await closed
    assert.deepEqual(client.goaways, [0x7fff_ffff, 0])
  })

  test('leaves nothing behind when the connection breaks anywhere', async (t) => {
    const origin = await httpUpstream(t, (req, res) => {
      req.resume()
      res.write('x'.repeat(100_000))
    })
    const { listener, port, core } = await served(t, {}, origin)
    for (let i = 0; i < 30; i += 1) {
      const client = new FrameClient(t, port)
      client.write(
        post(1),
        data(1, 'abc'),
        get(3),
        frame(FRAME.headers, 1, 5, requestBlock()).subarray(0, i * 3),
      )
      await sleep(i)
      client.socket.destroy()
    }
    await eventually(() => core.ended.length === core.begun && listener.inFlight() === 0)
    await eventually(() => listener.connections() === 1)
  })
})

test('node:http2 understands what is said, and is understood, over hundreds of streams', async (t) => {
  const core = new FakeCore('http://127.0.0.1:9')
  const { port, caFile } = await start(t, { core, limits: { requestsPerConnection: 10_000 } })
  core.head = ({ head }) => ({
    kind: 'answer',
    answer: {
      status: 200,
      headers: [
        'Vary',
        head.headers.get('x-vary') ?? '',
        'X-Echo',
        head.headers.get('x-echo') ?? '',
      ],
      body: head.rawTarget,
      close: false,
    },
  })
  const session = connectHttp2(`https://localhost:${port}`, { ca: readFileSync(caFile) })
  t.after(() => session.destroy())
  const visible = Array.from({ length: 223 }, (_, i) => String.fromCharCode(i + 33)).filter(
    (char) => char !== '\u007f',
  )
  for (let i = 0; i < 400; i += 1) {
    const echo = visible.slice(i % 200, (i % 200) + 1 + (i % 23)).join('') || 'a'
    const vary = `field-${i % 90}`
    const stream = session.request({
      ':path': `/${i}`,
      'x-echo': echo,
      'x-vary': vary,
      'x-again': 'b'.repeat(i % 70),
    })
    const [head, body] = await new Promise<[Record<string, unknown>, string]>((resolve, reject) => {
      let got = {}
      let text = ''
      stream.on('response', (fields) => (got = fields))
      stream.on('data', (chunk) => (text += String(chunk)))
      stream.on('end', () => resolve([got, text])).on('error', reject)
    })
    assert.deepEqual(
      [head['vary'], Buffer.from(String(head['x-echo']), 'latin1').toString('latin1'), body],
      [vary, echo, `/${i}`],
    )
  }
})
