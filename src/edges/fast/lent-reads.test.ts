import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BytesTaker } from './lent-reads.ts'
import { holdReads, lendReads } from './lent-reads.ts'

/** A reader that copies what it gets and keeps a view of it. */
class Reader implements BytesTaker {
  text = ''
  reads: { chunk: Buffer; isLent: boolean }[] = []
  isReadByOther = false
  readonly onData = (chunk: Buffer): void => this.takeBytes(Buffer.from(chunk), false)
  takeBytes(chunk: Buffer, isLent: boolean): void {
    this.text += chunk.toString('latin1')
    this.reads.push({ chunk, isLent })
  }
}

/** Both ends of a connection; what is accepted is read by `reader` too. */
async function pair(t: TestContext, reader: Reader): Promise<{ client: Socket; socket: Socket }> {
  const server = createServer({ allowHalfOpen: true })
  t.after(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.setNoDelay(true)
  const [socket] = (await once(server, 'connection')) as [Socket]
  t.after(() => {
    client.destroy()
    socket.destroy()
  })
  socket.on('data', reader.onData)
  assert.equal(lendReads(socket, reader), true, 'this Node is one that was tested')
  return { client, socket }
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !isTrue(); turn += 1) await sleep(5)
  assert.ok(isTrue())
}

suite('reads of an accepted socket', () => {
  test('come in memory that all sockets share and that is cleared behind them', async (t) => {
    const [one, two] = [new Reader(), new Reader()]
    const a = await pair(t, one)
    const b = await pair(t, two)
    a.client.write('first')
    await until(() => one.text === 'first')
    b.client.write('other client')
    await until(() => two.text === 'other client')
    const [first, other] = [one.reads[0], two.reads[0]]
    assert.deepEqual([first?.isLent, other?.isLent], [true, true])
    assert.equal(first?.chunk.buffer, other?.chunk.buffer)
    assert.deepEqual([...new Set(other?.chunk)], [0])
  })

  test('of a large body come as those of a stream, every byte of it in order', async (t) => {
    const reader = new Reader()
    const { client } = await pair(t, reader)
    const body = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => i % 251))
    client.write(body)
    await until(() => reader.text.length === body.length)
    assert.ok(reader.text === body.toString('latin1'))
    assert.ok(reader.reads.some(({ isLent }) => !isLent))
  })

  test('are held and go on like those of a stream, and the end is told', async (t) => {
    const reader = new Reader()
    const { client, socket } = await pair(t, reader)
    let hasEnded = false
    socket.on('end', () => (hasEnded = true))
    client.write('a')
    await until(() => reader.text === 'a')
    holdReads(socket)
    client.write('b')
    await sleep(20)
    client.end('c')
    await sleep(20)
    assert.equal(reader.text, 'a')
    socket.resume()
    await until(() => reader.text === 'abc' && hasEnded)
  })

  test('that are held still tell that the other side is gone', async (t) => {
    const { client, socket } = await pair(t, new Reader())
    let isGone = false
    socket.on('error', () => undefined)
    socket.on('close', () => (isGone = true))
    holdReads(socket)
    client.write('more')
    await sleep(20)
    client.resetAndDestroy()
    await until(() => isGone)
  })

  test('are those of a stream again for another reader, with back-pressure', async (t) => {
    const reader = new Reader()
    const { client, socket } = await pair(t, reader)
    client.write('mine')
    await until(() => reader.text === 'mine')
    reader.isReadByOther = true
    socket.off('data', reader.onData)
    holdReads(socket)
    const bytes = Buffer.alloc(3_000_000, 'theirs')
    client.write(bytes)
    await sleep(50)
    assert.ok(socket.readableLength < 1_000_000, 'a stream that nobody reads is not filled')
    const parts: Buffer[] = []
    for await (const part of socket as AsyncIterable<Buffer>) {
      parts.push(part)
      if (Buffer.concat(parts).length === bytes.length) break
    }
    assert.ok(Buffer.concat(parts).equals(bytes))
    assert.equal(reader.text, 'mine')
  })
})

const others: [name: string, socket: () => Socket][] = [
  ['a socket without a handle', () => new Socket()],
  [
    'a socket that somebody reads into memory of their own',
    () => new Socket({ onread: { buffer: Buffer.alloc(8), callback: () => true } }),
  ],
  ['a kind of socket of its own', () => new (class Own extends Socket {})()],
]
for (const [name, make] of others)
  test(`${name} is left alone`, () => {
    const socket = make()
    Object.assign(socket, { _handle: { useUserBuffer: () => assert.fail('touched') } })
    if (name === 'a socket without a handle') Object.assign(socket, { _handle: null })
    assert.equal(lendReads(socket, new Reader()), false)
  })
