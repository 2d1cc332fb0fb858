import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EdgeLimits } from '../exchange/limits.ts'
import { eventually, httpUpstream, rawUpstream } from '../testing/edge-kit.ts'
import { FakeCore } from '../testing/fake-core.ts'
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  FrameClient,
  requestBlock,
  u32,
} from '../testing/h2-frames.ts'
import { h2Kit } from '../testing/h2-kit.ts'
import type { H2World } from '../testing/h2-kit.ts'

const start = h2Kit()
const get = (id: number): Buffer =>
  frame(FRAME.headers, END_STREAM | END_HEADERS, id, requestBlock())
const post = (id: number): Buffer => frame(FRAME.headers, END_HEADERS, id, requestBlock('POST'))
const data = (id: number, bytes: number, flags = 0): Buffer =>
  frame(FRAME.data, flags, id, Buffer.alloc(bytes, 97))
const grant = (id: number, bytes: number): Buffer => frame(FRAME.windowUpdate, 0, id, u32(bytes))
/** SETTINGS_INITIAL_WINDOW_SIZE. */
const firstWindow = (bytes: number): Buffer =>
  frame(FRAME.settings, 0, 0, Buffer.concat([Buffer.from([0, 4]), u32(bytes)]))

interface Served extends H2World {
  readonly core: FakeCore
  readonly client: FrameClient
}

async function served(
  t: TestContext,
  origin: string,
  limits: Partial<EdgeLimits> = {},
): Promise<Served> {
  const core = new FakeCore(origin)
  const world = await start(t, { core, limits })
  const client = new FrameClient(t, world.port)
  await eventually(() => client.settings > 0)
  return { ...world, core, client }
}

/** An API that answers with so many bytes. */
const large = (t: TestContext, bytes: number): Promise<string> =>
  httpUpstream(t, (_req, res) => res.end(Buffer.alloc(bytes, 98)))

/** Becomes so much, and no more. */
async function stays(read: () => number | undefined, expected: number): Promise<void> {
  await eventually(() => (read() ?? 0) >= expected)
  await sleep(60)
  assert.equal(read() ?? 0, expected)
}

/** What does not change any more. */
async function settled(read: () => number | undefined): Promise<number> {
  let last = -1
  while ((read() ?? 0) !== last) {
    last = read() ?? 0
    await sleep(100)
  }
  return last
}

describe('an answer', () => {
  for (const mode of ['streamed', 'whole'] as const) {
    test(`${mode}, takes no more than the windows, to the byte`, async (t) => {
      const { client, core } = await served(t, await large(t, 300_000))
      if (mode === 'whole') {
        core.response = () => ({ kind: 'buffer', maxBodyBytes: 1_000_000 })
      }
      const got = (): number | undefined => client.content.get(1)
      client.write(get(1))
      await stays(got, 65_535)
      client.write(grant(1, 10_000))
      await stays(got, 65_535)
      client.write(grant(0, 7_000))
      await stays(got, 72_535)
      client.write(grant(0, 1_000_000))
      await stays(got, 75_535)
      client.write(grant(1, 1_000_000))
      await eventually(() => client.ended.has(1))
      assert.equal(got(), 300_000)
      await eventually(() => core.ended.length === 1)
      assert.equal(core.ended[0]?.abortedBy, undefined)
    })
  }

  test('follows the window that settings change, below zero too', async (t) => {
    const { client } = await served(t, await large(t, 200_000))
    const got = (): number | undefined => client.content.get(1)
    client.write(grant(0, 1_000_000), get(1))
    await stays(got, 65_535)
    client.write(firstWindow(10_000), grant(1, 50_000))
    await stays(got, 65_535)
    client.write(firstWindow(65_535))
    await stays(got, 115_535)
    client.write(firstWindow(300_000))
    await eventually(() => client.ended.has(1))
    assert.equal(got(), 200_000)
  })

  test('begins although its window is closed, and ends when it opens', async (t) => {
    const { client, core } = await served(t, await large(t, 10))
    client.write(firstWindow(0), get(1))
    await eventually(() => client.answered.has(1))
    await stays(() => client.content.get(1), 0)
    client.write(grant(1, 10))
    await eventually(() => client.ended.has(1))
    await eventually(() => core.ended.length === 1)
  })

  test('without content needs no window', async (t) => {
    const origin = await httpUpstream(t, (_req, res) => res.writeHead(204).end())
    const { client } = await served(t, origin)
    client.write(firstWindow(0), get(1))
    await eventually(() => client.ended.has(1))
  })

  test('shares the window of the connection fairly with others', async (t) => {
    const { client } = await served(t, await large(t, 300_000))
    client.write(firstWindow(1_000_000), ...[1, 3, 5, 7].map(get))
    await settled(() => client.content.get(1))
    for (let i = 0; i < 20; i += 1) {
      client.write(grant(0, 32_768))
      await sleep(10)
    }
    const shares = [1, 3, 5, 7].map((id) => client.content.get(id) ?? 0)
    assert.ok(Math.min(...shares) > 100_000, shares.join(' '))
    client.write(grant(0, 2_000_000))
    await eventually(() => client.ended.size === 4)
    for (const id of [1, 3, 5, 7]) assert.equal(client.content.get(id), 300_000)
  })

  test('that nobody takes is broken off, and the others go on', async (t) => {
    const { client, core } = await served(t, await large(t, 300_000), { writeStallMs: 200 })
    client.write(grant(0, 10_000_000), get(1), get(3))
    // It takes a byte at a time: no progress.
    const dribble = setInterval(() => client.write(grant(1, 1)), 20)
    const honest = setInterval(() => client.write(grant(3, 20_000)), 20)
    t.after(() => [dribble, honest].forEach((timer) => clearInterval(timer)))
    await eventually(() => client.resets.has(1) && client.ended.has(3))
    assert.deepEqual(
      [client.resets.get(1), client.content.get(3), client.resets.has(3)],
      [2, 300_000, false],
    )
    await eventually(() => core.ended.length === 2)
    const broken = core.ended.filter(({ abortedBy }) => abortedBy === 'client')
    assert.equal(broken.length, 1)
  })

  test('whose window is opened byte by byte, as fast as can be, ends the session', async (t) => {
    const { client, abuses } = await served(t, await large(t, 300_000))
    client.write(firstWindow(0), grant(0, 1_000_000), get(1))
    await eventually(() => client.answered.has(1))
    await client.flood(30_000, () => grant(1, 1))
    assert.deepEqual([client.goaway, abuses.map(({ kind }) => kind)], [11, ['overhead']])
  })

  test('that is still on its way when its session ends comes whole', async (t) => {
    const { client, core, listener } = await served(t, await large(t, 20_000_000))
    client.write(firstWindow(0x7fff_ffff), grant(0, 0x7000_0000), get(1))
    await eventually(() => client.answered.has(1))
    client.socket.pause()
    const closed = listener.close(8_000)
    await sleep(500)
    client.socket.resume()
    await closed
    await eventually(() => client.isClosed)
    assert.deepEqual([client.content.get(1), client.ended.has(1)], [20_000_000, true])
    assert.deepEqual([core.ended.length, core.ended[0]?.abortedBy], [1, undefined])
  })

  test('waits for the socket of a slow client, and holds little', async (t) => {
    let sent = 0
    const origin = await rawUpstream(t, (socket) => {
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
        const pump = (): void => {
          while (sent < 80_000_000 && socket.write(`10000\r\n${'c'.repeat(65_536)}\r\n`))
            sent += 65_536
          socket.once('drain', pump)
        }
        pump()
      })
    })
    const { client, core } = await served(t, origin)
    client.write(firstWindow(0x7fff_ffff), grant(0, 0x7000_0000), get(1))
    await eventually(() => client.answered.has(1))
    client.socket.pause()
    await sleep(300)
    const held = await settled(() => sent)
    assert.ok(held < 40_000_000, `${held} bytes`)
    client.socket.destroy()
    await eventually(() => core.ended.length === 1)
    assert.equal(core.ended[0]?.abortedBy, 'client')
  })
})

describe('the body of a request', () => {
  test('opens its windows as it is taken', async (t) => {
    const origin = await httpUpstream(t, (req, res) => {
      let bytes = 0
      req.on('data', (chunk: Buffer) => (bytes += chunk.length))
      req.on('end', () => res.end(String(bytes)))
    })
    const { client } = await served(t, origin)
    client.write(post(1))
    let sent = 0
    while (sent < 500_000) {
      const room = Math.min(...[0, 1].map((id) => 65_535 + (client.granted.get(id) ?? 0)))
      await eventually(
        () =>
          Math.min(...[0, 1].map((id) => 65_535 + (client.granted.get(id) ?? 0))) - sent >= 10_000,
      )
      assert.ok(room >= 0)
      client.write(data(1, 10_000))
      sent += 10_000
    }
    client.write(data(1, 0, END_STREAM))
    await eventually(() => client.ended.has(1))
    assert.equal(client.content.get(1), 6)
  })

  test('that nobody takes keeps its own window shut, not that of the connection', async (t) => {
    const { client, core } = await served(t, 'http://127.0.0.1:9')
    core.head = () => new Promise(() => {})
    client.write(post(1), ...Array.from({ length: 4 }, () => data(1, 15_000)))
    await eventually(() => (client.granted.get(0) ?? 0) > 0)
    assert.equal(client.granted.get(1), undefined)
  })

  test('of many streams that nobody takes ends the patience of the connection at a megabyte', async (t) => {
    const { client, core } = await served(t, 'http://127.0.0.1:9')
    core.head = () => new Promise(() => {})
    let sent = 0
    const room = (): number => 65_535 + (client.granted.get(0) ?? 0) - sent
    let isStuck = false
    for (let id = 1; id < 160 && !isStuck; id += 2) {
      client.write(post(id))
      for (let i = 0; i < 4 && !isStuck; i += 1) {
        for (let tries = 0; room() < 15_000 && tries < 40; tries += 1) await sleep(5)
        isStuck = room() < 15_000
        if (isStuck) break
        client.write(data(id, 15_000))
        sent += 15_000
      }
    }
    assert.ok(sent > 1_000_000 && sent < 1_200_000, `${sent} bytes`)
    assert.equal(client.isEnded, false)
    for (let id = 1; id <= core.begun * 2; id += 2) client.write(frame(FRAME.rst, 0, id, u32(8)))
    await eventually(() => (client.granted.get(0) ?? 0) >= sent - 65_535)
  })

  test('is read over once its answer is out', async (t) => {
    const { client, core } = await served(t, 'http://127.0.0.1:9')
    core.head = () => ({
      kind: 'answer',
      answer: { status: 413, headers: [], body: 'no', close: false },
    })
    client.write(post(1), data(1, 15_000), data(1, 15_000))
    await eventually(() => client.resets.has(1))
    client.write(data(1, 15_000), data(1, 15_000, END_STREAM), get(3))
    await eventually(() => client.answered.has(3))
    assert.deepEqual([client.resets.get(1), client.isEnded], [0, false])
  })
})
