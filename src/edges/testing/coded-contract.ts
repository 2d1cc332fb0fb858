import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { brotliDecompressSync, createGunzip, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { ContentCoding } from '../../http/accept-encoding.ts'
import type { Edge, StartEdge } from './edge-kit.ts'
import { eventually, httpUpstream, RawClient } from './edge-kit.ts'
import { answerOf } from './fake-core.ts'

const UNDO: Readonly<Record<ContentCoding, (body: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
}
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

/** How every transport passes on an answer that is compressed on its way. */
export function codedContract(startEdge: StartEdge): void {
  /** An edge whose core has every answer compressed. */
  const open = async (
    t: TestContext,
    origin: string,
    coding: ContentCoding = 'gzip',
    limits: Parameters<StartEdge>[2] = {},
  ): Promise<Edge> => {
    const edge = await startEdge(t, origin, limits)
    edge.core.response = (status, headers) => {
      const answer = answerOf(status, headers)
      const coded = { ...answer, headers: [...answer.headers, 'Content-Encoding', coding] }
      return { kind: 'stream', answer, coded: { coding, answer: coded } }
    }
    return edge
  }

  const text = Buffer.from('all work and no play makes the gate a dull door\n'.repeat(40_000))
  const noise = Buffer.from(
    Array.from({ length: 900_000 }, (_, i) => (i * i * 2_654_435_761) % 251),
  )
  const bodies: [name: string, body: Buffer, isLengthSaid: boolean][] = [
    ['a large text with a length', text, true],
    ['a large text in chunks', text, false],
    ['what cannot be made shorter', noise, false],
    ['a body of one byte', Buffer.from('x'), true],
    ['an empty body', Buffer.alloc(0), false],
  ]
  for (const coding of ['gzip', 'br', 'zstd'] as const) {
    for (const [name, body, isLengthSaid] of bodies) {
      test(`${name} comes out of ${coding} as it was`, async (t) => {
        const origin = await httpUpstream(t, (_req, res) => {
          if (isLengthSaid) res.setHeader('content-length', body.length)
          res.end(body)
        })
        const { core, port } = await open(t, origin, coding)
        const { head, body: sent } = await ask(port)
        assert.match(head, new RegExp(`content-encoding: ${coding}`, 'i'))
        assert.match(head, /transfer-encoding: chunked/i)
        assert.doesNotMatch(head, /content-length/i)
        assert.ok(UNDO[coding](sent).equals(body))
        await eventually(() => core.ended.length === 1)
        assert.equal(core.ended[0]?.bytesOut, sent.length)
      })
    }
  }

  test('what the API said so far is heard before it says more', async (t) => {
    const origin = await httpUpstream(t, (_req, res) => {
      res.write('first')
      setTimeout(() => res.end(' second'), 2_000)
    })
    const { port } = await open(t, origin)
    const gunzip = createGunzip()
    let heard = ''
    gunzip.on('data', (chunk: Buffer) => (heard += chunk.toString()))
    const client = new RawClient(port).write(GET)
    await client.until(/\r\n\r\n[0-9a-f]+\r\n[\s\S]*\r\n[0-9a-f]+\r\n[\s\S]*\r\n$/)
    gunzip.write(unchunked(bodyOf(client.text)))
    await eventually(() => heard === 'first')
    client.socket.destroy()
  })

  test('an answer in many pieces, to pipelined requests, in order', async (t) => {
    const origin = await httpUpstream(t, (req, res) => {
      for (let i = 0; i < 200; i++) res.write(`${req.url ?? ''} ${i}\n`)
      res.end()
    })
    const { port } = await open(t, origin, 'br')
    const one = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n`
    const client = new RawClient(port)
    client.write(`${one('/a')}\r\n${one('/b')}Connection: close\r\n\r\n`)
    const whole = await client.closed()
    const [first = '', second = ''] = whole.split(/(?=HTTP\/1\.1 200)/)
    for (const [answer, path] of [
      [first, '/a'],
      [second, '/b'],
    ] as const) {
      const body = brotliDecompressSync(unchunked(bodyOf(answer))).toString()
      assert.equal(body.split('\n').length, 201)
      assert.ok(body.startsWith(`${path} 0\n`) && body.endsWith(`${path} 199\n`))
    }
  })

  test('a client that takes nothing holds the API back', async (t) => {
    let written = 0
    const origin = await httpUpstream(t, (_req, res) => {
      const more = (): void => {
        do written += noise.length
        while (written < 200_000_000 && res.write(noise))
      }
      res.on('drain', more)
      more()
    })
    const { port } = await open(t, origin)
    const client = new RawClient(port)
    client.socket.pause()
    client.write(GET)
    let before = -1
    // The buffers of three sockets fill; then nothing moves.
    await eventually(() => written > 0)
    for (let i = 0; i < 40 && before !== written; i++) {
      before = written
      await sleep(150)
    }
    assert.ok(written < 60_000_000, `${written} bytes were taken`)
    client.socket.destroy()
  })

  describe('an answer that breaks off', () => {
    test('is broken for the client too when the API dies', async (t) => {
      const origin = await httpUpstream(t, (_req, res) => {
        res.write(text)
        setTimeout(() => res.destroy(), 50)
      })
      const { core, port } = await open(t, origin)
      const whole = await new RawClient(port).write(GET).closed()
      assert.doesNotMatch(whole, /\r\n0\r\n\r\n$/)
      await eventually(() => core.ended.length === 1)
      assert.equal(core.ended[0]?.abortedBy, 'upstream')
    })

    test('ends at the API when the client goes', async (t) => {
      let isClosed = false
      const origin = await httpUpstream(t, (_req, res) => {
        const timer = setInterval(() => res.write(noise), 5)
        res.on('close', () => {
          clearInterval(timer)
          isClosed = true
        })
      })
      const { core, port } = await open(t, origin)
      const client = new RawClient(port).write(GET)
      await client.until(/\r\n\r\n/)
      client.socket.destroy()
      await eventually(() => isClosed && core.ended.length === 1)
      assert.equal(core.ended[0]?.abortedBy, 'client')
    })
  })

  test('where no room is left for a coder, the answer goes out as it came', async (t) => {
    const origin = await httpUpstream(t, (_req, res) => res.end('plain'))
    const { port } = await open(t, origin, 'gzip', { heldBytes: 1_000 })
    const { head, body } = await ask(port)
    assert.doesNotMatch(head, /content-encoding/i)
    assert.match(head, /content-length: 5/i)
    assert.equal(body.toString(), 'plain')
  })

  test('room for coders is given back', async (t) => {
    const origin = await httpUpstream(t, (_req, res) => res.end(text))
    const { port } = await open(t, origin, 'gzip', { heldBytes: 3_500_000 })
    for (let i = 0; i < 4; i++) {
      const { head } = await ask(port)
      assert.match(head, /content-encoding: gzip/i)
    }
  })
}

async function ask(port: number): Promise<{ readonly head: string; readonly body: Buffer }> {
  const client = new RawClient(port)
  client.write(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
  const whole = await client.closed()
  const head = whole.slice(0, whole.indexOf('\r\n\r\n'))
  const body = bodyOf(whole)
  return {
    head,
    body: /transfer-encoding/i.test(head) ? unchunked(body) : Buffer.from(body, 'latin1'),
  }
}

function bodyOf(whole: string): string {
  return whole.slice(whole.indexOf('\r\n\r\n') + 4)
}

/** The pieces of a chunked body, as far as they came. */
function unchunked(text: string): Buffer {
  const parts: string[] = []
  for (let at = 0; at < text.length;) {
    const line = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, line), 16)
    if (line < 0 || Number.isNaN(size) || size === 0) break
    parts.push(text.slice(line + 2, line + 2 + size))
    at = line + 4 + size
  }
  return Buffer.from(parts.join(''), 'latin1')
}
