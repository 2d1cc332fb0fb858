import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  cannedUpstream,
  edgesOf,
  eventually,
  exchangeRaw,
  httpUpstream,
  RawClient,
  rawUpstream,
} from '../testing/edge-kit.ts'

const startEdge = edgesOf('fast')
const HOST = 'Host: x\r\n'
const CLOSE = `GET /last HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`

const strict: [name: string, bytes: string, status: number][] = [
  ['two spaces before the target', `GET  / HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a lone CR before a request', `\rGET / HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['lone LF before a request', `\n\nGET / HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['two empty lines before a request', `\r\n\r\nGET / HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['HTTP/2.0 in a request line', `GET / HTTP/2.0\r\n${HOST}\r\n`, 505],
  ['HTTP/0.9', 'GET /\r\n\r\n', 505],
  ['a long target', `GET /${'a'.repeat(26_000)} HTTP/1.1\r\n${HOST}\r\n`, 414],
  ['very many fields', `GET / HTTP/1.1\r\n${HOST}${'a:\r\n'.repeat(520)}\r\n`, 431],
  [
    'a chunk extension beyond all measure',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1;${'a'.repeat(17_000)}\r\na\r\n0\r\n\r\n`,
    413,
  ],
  [
    'a trailer beyond all measure',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\nX: ${'a'.repeat(17_000)}\r\n\r\n`,
    431,
  ],
]

suite('what the parser would let pass', () => {
  for (const [name, bytes, status] of strict) {
    test(`refuses ${name}, whole or byte by byte`, async (t) => {
      const origin = await httpUpstream(t, (req) => req.resume())
      const { core, port } = await startEdge(t, origin)
      assert.match(await exchangeRaw(port, bytes + CLOSE), new RegExp(`^HTTP/1.1 ${status} `))
      const client = new RawClient(port)
      client.socket.setNoDelay(true)
      for (const part of bytes.match(/[^]{1,7}/g) ?? []) client.write(part)
      assert.match(await client.closed(), new RegExp(`^HTTP/1.1 ${status} `))
      assert.deepEqual(
        core.unparsed.map((refusal) => refusal.status),
        [status, status],
      )
    })
  }

  test('takes one empty line before a request', async (t) => {
    const { port } = await startEdge(t, await cannedUpstream(t, 'HTTP/1.1 204 N\r\n\r\n'))
    assert.match(await exchangeRaw(port, `\r\n${CLOSE}`), /^HTTP\/1.1 204 /)
  })
})

suite('requests one after the other', () => {
  test('a thousand at once are answered in order, one exchange at a time', async (t) => {
    let now = 0
    let most = 0
    const origin = await httpUpstream(t, (req, res) => {
      most = Math.max(most, ++now)
      setImmediate(() => {
        now--
        res.end(req.url)
      })
    })
    const { core, port } = await startEdge(t, origin)
    const many = Array.from({ length: 999 }, (_, i) => `GET /n${i}. HTTP/1.1\r\n${HOST}\r\n`)
    const text = await exchangeRaw(port, many.join('') + CLOSE)
    const seen = [...text.matchAll(/\/n(\d+)\./g)].map(([, number]) => Number(number))
    assert.deepEqual(seen, [...many.keys()])
    assert.deepEqual([most, core.ended.length], [1, 1000])
  })

  test('a thousand that are refused at once are answered without a deep stack', async (t) => {
    const { core, port } = await startEdge(t, 'http://127.0.0.1:9')
    core.head = () => ({
      kind: 'answer',
      answer: { status: 404, headers: [], body: 'no', close: false },
    })
    const many = `GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(999)
    const text = await exchangeRaw(port, many + CLOSE)
    assert.equal(text.match(/HTTP\/1\.1 404 /g)?.length, 1000)
  })

  test('a client that sends requests and reads no answers is not read either', async (t) => {
    const origin = await httpUpstream(t, (_req, res) => res.end('x'.repeat(100_000)))
    const { core, port } = await startEdge(t, origin, { requestsPerConnection: 1_000_000 })
    const client = new RawClient(port)
    client.socket.pause()
    const request = `GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(700_000)
    client.write(request)
    let before = -1
    while (core.ended.length > before) {
      before = core.ended.length
      await sleep(300)
    }
    // What the kernel holds of answers, and no more.
    assert.ok(before < 1_000, `${before} answers`)
    assert.ok(client.socket.writableLength > 0)
    client.socket.destroy()
  })

  test('what is kept of a request in the middle of another is bounded', async (t) => {
    const { port, listener } = await startEdge(t, await rawUpstream(t, () => {}))
    const client = new RawClient(port).write(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    await eventually(() => listener.inFlight() === 1)
    for (let i = 0; i < 100; i++) client.write('x'.repeat(100_000))
    await sleep(200)
    assert.ok(client.socket.writableLength > 1_000_000)
    client.socket.destroy()
  })

  test('garbage behind a request does not unsay its answer', async (t) => {
    const { port } = await startEdge(
      t,
      await cannedUpstream(t, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    )
    const text = await exchangeRaw(port, `GET / HTTP/1.1\r\n${HOST}\r\n)(\r\n\r\n`)
    assert.match(text, /^HTTP\/1.1 200 [^]*okHTTP\/1.1 400 [^]*Connection: close/)
  })

  const unread: [name: string, framing: string, keeps: boolean][] = [
    ['a small body keeps the connection', 'Content-Length: 3\r\n\r\nabc', true],
    ['a chunked body ends it', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n', false],
    [
      'a body that waits for 100 ends it',
      'Content-Length: 3\r\nExpect: 100-continue\r\n\r\n',
      false,
    ],
  ]
  for (const [name, bytes, keeps] of unread) {
    test(`after an early answer, ${name}, however it was cut`, async (t) => {
      const { core, port } = await startEdge(t, 'http://127.0.0.1:9')
      core.head = () => ({
        kind: 'answer',
        answer: { status: 401, headers: [], body: 'no', close: false },
      })
      const message = `POST / HTTP/1.1\r\n${HOST}${bytes}`
      for (let cut = message.indexOf('\r\n\r\n') + 4; cut <= message.length; cut++) {
        const client = new RawClient(port)
        client.socket.setNoDelay(true)
        client.write(message.slice(0, cut))
        await client.until(/no$/)
        if (cut < message.length) client.write(message.slice(cut))
        client.write(CLOSE)
        const text = await client.closed()
        assert.equal(text.match(/HTTP\/1\.1 401/g)?.length, keeps ? 2 : 1, text)
      }
    })
  }
})

suite('older clients', () => {
  test('HTTP/1.0 gets the connection closed, and no chunks', async (t) => {
    const { port } = await startEdge(t, await cannedUpstream(t, 'HTTP/1.1 200 OK\r\n\r\nabc'))
    const text = await exchangeRaw(port, 'GET / HTTP/1.0\r\n\r\n')
    assert.match(text, /^HTTP\/1.1 200 [^]*Connection: close\r\n(?!.*chunked)[^]*\r\n\r\nabc$/)
  })

  test('HTTP/1.0 may keep the connection where it asks and the length is known', async (t) => {
    const origin = await httpUpstream(t, (_req, res) => res.end('x'))
    const { port } = await startEdge(t, origin)
    const client = new RawClient(port)
    client.write('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    assert.match(await client.until(/x$/), /Connection: keep-alive/)
    assert.match(await client.write('GET / HTTP/1.0\r\n\r\n').closed(), /Connection: close/)
  })

  test('an expectation of HTTP/1.0 is not answered', async (t) => {
    const origin = await httpUpstream(t, (req, res) => {
      req.resume()
      req.on('end', () => res.end('done'))
    })
    const { port } = await startEdge(t, origin)
    const text = await exchangeRaw(
      port,
      'POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\na',
    )
    assert.match(text, /^HTTP\/1.1 200 /)
  })
})

suite('the end of a connection', () => {
  test('a silent connection is closed without a word', async (t) => {
    const { core, port } = await startEdge(t, 'http://127.0.0.1:9', { headersMs: 100 })
    assert.equal(await new RawClient(port).closed(), '')
    assert.equal(core.unparsed.length, 0)
  })

  test('half a head and the end of what the client sends is 400', async (t) => {
    const { core, port } = await startEdge(t, 'http://127.0.0.1:9')
    const client = new RawClient(port)
    client.socket.end('GET / HTTP/1.1\r\nHost')
    assert.match(await client.closed(), /^HTTP\/1.1 400 /)
    assert.equal(core.unparsed[0]?.detail, 'HPE_INVALID_EOF_STATE')
  })

  test('idle connections leave at once when the listener closes', async (t) => {
    const origin = await httpUpstream(t, (_req, res) => res.end('x'))
    const { port, listener } = await startEdge(t, origin)
    const client = new RawClient(port).write(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    await client.until(/x$/)
    const startedAt = performance.now()
    await listener.close(10_000)
    assert.ok(performance.now() - startedAt < 2_000)
    assert.equal(client.isClosed || client.socket.readableEnded, true)
  })

  test('a client that reads slowly gets the whole of its last answer', async (t) => {
    const body = 'x'.repeat(3_000_000)
    const origin = await httpUpstream(t, (_req, res) => res.end(body))
    const { port } = await startEdge(t, origin, { drainMs: 50 })
    const client = new RawClient(port).write(CLOSE)
    client.socket.pause()
    await sleep(400)
    client.socket.resume()
    assert.ok((await client.closed()).endsWith(`\r\n\r\n${body}`))
  })
})

test('trailers of an answer go to those who asked for them', async (t) => {
  const answer =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n'
  const { port } = await startEdge(t, await cannedUpstream(t, answer))
  const asking = CLOSE.replace('\r\n\r\n', '\r\nTE: gzip, trailers\r\n\r\n')
  const [without, withThem] = [await exchangeRaw(port, CLOSE), await exchangeRaw(port, asking)]
  assert.match(without, /\r\n1\r\na\r\n0\r\n\r\n$/)
  assert.match(withThem, /\r\n1\r\na\r\n0\r\nx-t: 1\r\n\r\n$/i)
})

test('a thousand requests in one read do not hold up anybody else', async (t) => {
  const { core, port } = await startEdge(t, 'http://127.0.0.1:9')
  const order: string[] = []
  core.head = ({ head }) => {
    if (order.push(head.rawTarget) === 2) other.write(`GET /other HTTP/1.1\r\n${HOST}\r\n`)
    return { kind: 'answer', answer: { status: 404, headers: [], body: 'no', close: false } }
  }
  const other = new RawClient(port).write(`GET /first HTTP/1.1\r\n${HOST}\r\n`)
  await other.until(/no$/)
  const flood = new RawClient(port).write(`GET /flood HTTP/1.1\r\n${HOST}\r\n`.repeat(500) + CLOSE)
  const text = await flood.closed()
  assert.equal(text.match(/HTTP\/1.1 404 /g)?.length, 501)
  assert.ok(order.indexOf('/other') < 100, `after ${order.indexOf('/other')} others`)
})
