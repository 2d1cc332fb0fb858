import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, createServer, TLSSocket } from 'node:tls'
import { systemClock } from '../../base/clock.ts'
import { eventually } from '../testing/edge-kit.ts'
import type { AutoTls } from '../tls/auto.ts'
import { openAutoTls } from '../tls/auto.ts'
import type { BytesTaker } from './bytes-taker.ts'
import { lendReads } from './lent-reads.ts'
import { TlsSource } from './tls-source.ts'

let tls: AutoTls
before(() => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-tls-source-'))
  tls = openAutoTls({ folder, names: [], min: '1.2', clock: systemClock })
})
after(() => tls.close())

/** A reader that copies what it gets and keeps a view of it. */
class Reader implements BytesTaker {
  text = ''
  readonly reads: { chunk: Buffer; isLent: boolean }[] = []
  takeBytes(chunk: Buffer, isLent: boolean): void {
    this.text += chunk.toString('latin1')
    this.reads.push({ chunk, isLent })
  }
}

interface Pair {
  readonly client: TLSSocket
  readonly socket: TLSSocket
}

/** Both ends of a connection, and nobody reads what was accepted. */
async function pair(t: TestContext): Promise<Pair> {
  const server = createServer({ ...tls.options, noDelay: true })
  t.after(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect({ port, host: 'localhost', ca: readFileSync(tls.caFile) })
  client.setNoDelay(true)
  client.on('error', () => undefined)
  const [socket] = (await once(server, 'secureConnection')) as [TLSSocket]
  socket.on('error', () => undefined)
  t.after(() => {
    client.destroy()
    socket.destroy()
  })
  return { client, socket }
}

async function open(t: TestContext, reader: Reader): Promise<Pair & { source: TlsSource }> {
  const { client, socket } = await pair(t)
  const source = new TlsSource(socket, reader)
  source.open()
  return { client, socket, source }
}

suite('memory that is lent to TLS sockets', () => {
  test('is one for all of them and is cleared behind each read', async (t) => {
    const chunks: { chunk: Buffer; text: string }[] = []
    const takeLent = (chunk: Buffer): void => {
      chunks.push({ chunk, text: chunk.toString('latin1') })
    }
    for (const said of ['first', 'other client']) {
      const { client, socket } = await pair(t)
      const isLent = lendReads(socket, { takeLent, isReadByOther: false })
      assert.equal(isLent, true, 'this Node is one that was tested')
      socket.resume()
      client.write(said)
      await eventually(() => chunks.at(-1)?.text === said)
    }
    const [first, other] = chunks
    assert.equal(first?.chunk.buffer, other?.chunk.buffer)
    assert.deepEqual([...new Set(other?.chunk)], [0])
  })

  const others: [name: string, make: () => object][] = [
    ['a plain socket', () => new Socket()],
    ['a kind of socket of its own', () => new (class Own extends TLSSocket {})(new Socket())],
    [
      'a socket that somebody reads into memory of their own',
      () => {
        const onread = { buffer: Buffer.alloc(8), callback: () => true }
        return connect({ socket: undefined, port: 9, host: '127.0.0.1', onread } as object)
      },
    ],
  ]
  for (const [name, make] of others)
    test(`is not lent to ${name}`, () => {
      const socket = make() as TLSSocket
      socket.on('error', () => undefined)
      const { _handle: handle } = socket as unknown as { _handle: object | null }
      const touched = { useUserBuffer: () => assert.fail('touched') }
      if (handle === null) Object.assign(socket, { _handle: touched })
      else Object.assign(handle, touched)
      assert.equal(lendReads(socket, { takeLent: () => undefined, isReadByOther: false }), false)
      if (handle !== null) socket.destroy()
    })
})

suite('what a client sends over TLS', () => {
  test('comes in order, however many records came at once, in memory of its own', async (t) => {
    const reader = new Reader()
    const { client } = await open(t, reader)
    client.cork()
    for (let i = 0; i < 200; i++) client.write(`<${i}>`)
    client.uncork()
    client.write('then ')
    client.write('more')
    const all = `${Array.from({ length: 200 }, (_, i) => `<${i}>`).join('')}then more`
    await eventually(() => reader.text.length >= all.length)
    assert.equal(reader.text, all)
    const [first] = reader.reads
    assert.equal(first?.isLent, false)
    assert.ok(first?.chunk.toString('latin1').startsWith('<0>'))
  })

  test('of a large body is lent, every byte of it in order', async (t) => {
    const reader = new Reader()
    const { client } = await open(t, reader)
    const body = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => i % 251))
    client.write(body)
    await eventually(() => reader.text.length >= body.length)
    assert.ok(reader.text === body.toString('latin1'))
    assert.ok(reader.reads.some(({ isLent }) => isLent))
  })

  test('is held and goes on', async (t) => {
    const reader = new Reader()
    const { client, source } = await open(t, reader)
    client.write('a')
    await eventually(() => reader.text === 'a')
    source.pause()
    client.write('b')
    await sleep(20)
    client.write('c')
    await sleep(20)
    assert.equal(reader.text, 'a')
    source.resume()
    await eventually(() => reader.text === 'abc')
  })

  test('is there before the end is told', async (t) => {
    const reader = new Reader()
    const { client, socket } = await open(t, reader)
    let before = ''
    socket.prependListener('finish', () => (before = reader.text))
    socket.on('end', () => (before ||= reader.text))
    client.end('last words')
    await once(socket, 'close')
    assert.equal(before, 'last words')
  })

  test('is not told any more when the connection broke behind it', async (t) => {
    const reader = new Reader()
    const { client, socket, source } = await open(t, reader)
    source.takeLent(Buffer.from('GET'))
    socket.destroy()
    await once(client, 'close')
    assert.equal(reader.text, '')
  })

  test('waits until the turn, and is told at once to who asks for it', async (t) => {
    const reader = new Reader()
    const { source } = await open(t, reader)
    source.takeLent(Buffer.from('one'))
    assert.equal(reader.text, '')
    source.flush()
    assert.equal(reader.text, 'one')
    await sleep(5)
    assert.equal(reader.text, 'one')
    source.takeLent(Buffer.from('two'))
    await sleep(5)
    assert.equal(reader.text, 'onetwo')
  })

  test('goes to another reader as a stream, with back-pressure', async (t) => {
    const reader = new Reader()
    const { client, socket, source } = await open(t, reader)
    client.write('mine')
    await eventually(() => reader.text === 'mine')
    source.release()
    source.pause()
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
