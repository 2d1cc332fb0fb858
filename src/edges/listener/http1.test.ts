import assert from 'node:assert/strict'
import { Agent, get, request } from 'node:http'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  cannedUpstream,
  eventually,
  exchangeRaw,
  httpUpstream,
  RawClient,
  rawUpstream,
  edgesOf,
} from '../testing/edge-kit.ts'
import { answerOf } from '../testing/fake-core.ts'

for (const transport of ['node', 'fast'] as const) {
  suite(`${transport}: HTTP/1.1`, () => {
    const startEdge = edgesOf(transport)

    const GET = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n'
    const CHUNKED = 'POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
    const GET_CLOSE = 'GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

    test('passes a request and its answer, and ends the exchange once', async (t) => {
      const origin = await httpUpstream(t, (req, res) => {
        res.writeHead(201, [
          'X-Seen',
          `${req.method} ${req.url} ${req.headersDistinct['x-a']?.join()}`,
          'Set-Cookie',
          'a=1',
          'Set-Cookie',
          'b=2',
          'Content-Length',
          '5',
        ])
        res.end('hello')
      })
      const { core, url } = await startEdge(t, origin)
      const answer = await fetch(`${url}/orders?x=1`, { headers: { 'x-a': 'b' } })
      assert.equal(answer.status, 201)
      assert.equal(await answer.text(), 'hello')
      assert.equal(answer.headers.get('x-seen'), 'GET /orders?x=1 b')
      assert.equal(answer.headers.get('content-length'), '5')
      assert.deepEqual(answer.headers.getSetCookie(), ['a=1', 'b=2'])
      assert.equal(core.ended.length, 1)
      assert.equal(core.ended[0]?.bytesOut, 5)
      assert.ok((core.ended[0]?.upstreamMs ?? 0) > 0)
      assert.equal(core.ended[0]?.abortedBy, undefined)
    })

    const uploads: [name: string, mode: 'stream' | 'buffer', framing: 'length' | 'chunked'][] = [
      ['streams a body with its length', 'stream', 'length'],
      ['streams a body of unknown length as chunks', 'stream', 'chunked'],
      ['buffers a body with its length', 'buffer', 'length'],
      ['buffers a chunked body and sends it with its length', 'buffer', 'chunked'],
    ]
    for (const [name, body, framing] of uploads) {
      test(name, async (t) => {
        const origin = await httpUpstream(t, (req, res) => {
          let text = ''
          req.on('data', (chunk) => (text += String(chunk)))
          req.on('end', () => {
            const { 'content-length': length, 'transfer-encoding': coding } = req.headers
            res.end(JSON.stringify({ length, coding, bytes: text.length }))
          })
        })
        const { core, url } = await startEdge(t, origin)
        core.head = () => ({ kind: 'forward', body, maxBodyBytes: 1_000_000 })
        const text = 'x'.repeat(300_000)
        const sent: RequestInit & { duplex?: 'half' } =
          framing === 'length'
            ? { body: text }
            : { body: new Blob([text]).stream(), duplex: 'half' }
        const answer = await fetch(url, { method: 'POST', ...sent })
        const isChunked = body === 'stream' && framing === 'chunked'
        assert.deepEqual(await answer.json(), {
          bytes: 300_000,
          ...(isChunked ? { coding: 'chunked' } : { length: '300000' }),
        })
        assert.equal(core.ended[0]?.bytesIn, 300_000)
        assert.equal(core.ended[0]?.bodyBytes?.length, body === 'buffer' ? 300_000 : undefined)
      })
    }

    test('gives the whole response body to the core where it asks for it', async (t) => {
      const origin = await httpUpstream(t, (_req, res) => {
        res.write('a'.repeat(70_000))
        setTimeout(() => res.end('b'), 10)
      })
      const { core, url } = await startEdge(t, origin)
      core.response = () => ({ kind: 'buffer', maxBodyBytes: 80_000 })
      const answer = await fetch(url)
      assert.equal((await answer.text()).length, 70_001)
      assert.equal(answer.headers.get('x-buffered'), 'yes')
      assert.equal(answer.headers.get('content-length'), '70001')
    })

    for (const framing of ['length', 'chunked'] as const) {
      test(`refuses a response over the buffer limit, ${framing}`, async (t) => {
        const origin = await httpUpstream(t, (_req, res) => {
          if (framing === 'length') res.end('a'.repeat(5_000))
          else res.write('a'.repeat(5_000))
        })
        const { core, url } = await startEdge(t, origin)
        core.response = () => ({ kind: 'buffer', maxBodyBytes: 4_999 })
        const answer = await fetch(url)
        assert.equal(answer.status, 502)
        assert.equal(answer.headers.get('x-cause'), 'response_too_large')
        assert.equal(core.ended.length, 1)
      })
    }

    test('waits for verdicts that are promises, also when the answer came meanwhile', async (t) => {
      const origin = await cannedUpstream(t, 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody')
      const { core, url } = await startEdge(t, origin)
      core.head = async () => {
        await sleep(5)
        return { kind: 'forward', body: 'none', maxBodyBytes: 0 }
      }
      core.response = async (status, headers) => {
        await sleep(50)
        return { kind: 'stream', answer: answerOf(status, headers) }
      }
      assert.equal(await (await fetch(url)).text(), 'body')
      assert.equal(core.ended.length, 1)
    })

    test('HEAD says nothing of a length that is hidden', async (t) => {
      const origin = await cannedUpstream(t, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n')
      const { core, port } = await startEdge(t, origin)
      core.response = (status, headers) => ({
        kind: 'stream',
        answer: answerOf(status, headers),
        hidesLength: true,
      })
      const text = await exchangeRaw(port, GET_CLOSE.replace('GET', 'HEAD'))
      assert.match(text, /^HTTP\/1\.1 200 OK\r\n(?:[^\r]+\r\n)+\r\n$/)
      assert.doesNotMatch(text, /content-length|transfer-encoding/i)
    })

    const framings: [name: string, request: string, upstream: string, expected: RegExp][] = [
      [
        'HEAD keeps the length and has no body',
        'HEAD',
        'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n',
        /^HTTP\/1.1 200 OK\r\nContent-Length: 9\r\n(?:[^\r]+\r\n)*\r\n$/,
      ],
      [
        '204 has neither length nor body',
        'GET',
        'HTTP/1.1 204 No Content\r\n\r\n',
        /^HTTP\/1.1 204 No Content\r\n(?!.*(?:content-length|transfer-encoding))(?:[^\r]+\r\n)*\r\n$/is,
      ],
      [
        '304 has neither length nor body',
        'GET',
        'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
        /^HTTP\/1.1 304 Not Modified\r\nETag: "a"\r\n(?!.*(?:content-length|transfer-encoding))(?:[^\r]+\r\n)*\r\n$/is,
      ],
      [
        'an empty answer says length 0',
        'GET',
        'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
        /Content-Length: 0\r\n/,
      ],
      [
        'an answer without length is chunked anew',
        'GET',
        'HTTP/1.1 200 OK\r\n\r\nabc',
        /Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/,
      ],
      [
        'a chunked answer is chunked anew',
        'GET',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
        /\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/,
      ],
      [
        'informational answers are swallowed',
        'GET',
        'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
        /^HTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\nx$/,
      ],
    ]
    for (const [name, method, upstream, expected] of framings) {
      test(name, async (t) => {
        const { port } = await startEdge(t, await cannedUpstream(t, upstream))
        const text = await exchangeRaw(port, GET_CLOSE.replace('GET', method))
        assert.match(text, expected)
      })
    }

    test('does not follow a redirect', async (t) => {
      const origin = await cannedUpstream(
        t,
        'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n',
      )
      const { url } = await startEdge(t, origin)
      const answer = await fetch(url, { redirect: 'manual' })
      assert.equal(answer.status, 302)
      assert.equal(answer.headers.get('location'), 'http://127.0.0.1:1/')
    })

    test('answers pipelined requests in order', async (t) => {
      const origin = await httpUpstream(t, (req, res) => {
        setTimeout(() => res.end(req.url), req.url === '/a' ? 60 : 0)
      })
      const { core, port } = await startEdge(t, origin)
      const text = await exchangeRaw(port, GET + GET_CLOSE.replace('/a', '/b'))
      assert.match(text, /\r\n\r\n\/aHTTP\/1.1 200 OK[\s\S]*\r\n\r\n\/b$/)
      assert.equal(core.ended.length, 2)
    })

    test('sends events as they come', async (t) => {
      let push: (text: string) => void = () => {}
      const origin = await httpUpstream(t, (_req, res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' })
        res.flushHeaders()
        push = (text) => void res.write(text)
      })
      const { port } = await startEdge(t, origin, { responseIdleMs: 60 })
      const client = new RawClient(port).write(GET)
      await client.until(/\r\n\r\n/)
      // Longer than other answers may be silent.
      await sleep(150)
      push('data: 1\n\n')
      assert.match(await client.until(/data: 1/), /data: 1/)
      client.socket.destroy()
    })

    // ---- refusals ----

    const malformed: [name: string, bytes: string, status: number][] = [
      [
        'two ways to tell the length',
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
        400,
      ],
      ['a list of lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc', 400],
      [
        'two lengths',
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc',
        400,
      ],
      ['bare LF', 'GET / HTTP/1.1\nHost: x\n\n', 400],
      ['a folded field', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n', 400],
      ['space before the colon', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n', 400],
      ['NUL in a value', 'GET / HTTP/1.1\r\nHost: x\0\r\n\r\n', 400],
      ['bytes that are no HTTP', '\x16\x03\x01\x02\0\x01\0\x01', 400],
      [
        'a header block over the limit',
        `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(26_000)}\r\n\r\n`,
        431,
      ],
      ['a target over the limit', `GET /${'a'.repeat(26_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414],
      ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: x\r\n\r\n', 505],
      ['HTTP/0.9', 'GET /\r\n\r\n', 505],
      ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
      ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 501],
      ['a second space before the target', 'GET  /a HTTP/1.1\r\nHost: x\r\n\r\n', 400],
      ['a second space behind the target', 'GET /a  HTTP/1.1\r\nHost: x\r\n\r\n', 400],
      ['a second space before the version, no field', 'GET /a  HTTP/1.1\r\n\r\n', 400],
      ['a tab before the target', 'GET\t/a HTTP/1.1\r\nHost: x\r\n\r\n', 400],
      ['a tab behind the target', 'GET /a\tHTTP/1.1\r\nHost: x\r\n\r\n', 400],
      ['a space behind the version', 'GET /a HTTP/1.1 \r\nHost: x\r\n\r\n', 400],
      ['a lone CR before a request', `\r${GET}`, 400],
      ['a lone LF before a request', `\n${GET}`, 400],
      ['two empty lines before a request', `\r\n\r\n${GET}`, 400],
      [
        'a tab behind a length',
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\t\r\n\r\nabc',
        400,
      ],
    ]
    for (const [name, bytes, status] of malformed) {
      test(`refuses ${name} and closes`, async (t) => {
        let seen = 0
        const { core, port } = await startEdge(t, await rawUpstream(t, () => seen++))
        const text = await exchangeRaw(port, bytes + GET)
        assert.match(text, new RegExp(`^HTTP/1.1 ${status} `))
        assert.match(text, /Connection: close\r\n/)
        assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1)
        assert.equal(core.unparsed[0]?.status, status)
        assert.deepEqual([core.unparsed.length, seen], [1, 0])
      })
    }

    const behind: [name: string, bytes: string][] = [
      ['a second space before the target', 'GET  /b HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['a lone CR', `\r${GET}`],
      ['a chunk size that is none', `${CHUNKED}1\r\na\r\nZZ\r\n`],
    ]
    for (const [name, bytes] of behind) {
      for (const size of [1, 7, 1_000]) {
        test(`${name} behind an answered request, in pieces of ${size}, is the only thing refused`, async (t) => {
          const origin = await httpUpstream(t, (req, res) => {
            req.resume()
            req.on('end', () => res.end('good'))
          })
          const { core, port } = await startEdge(t, origin)
          const client = new RawClient(port)
          client.write(GET)
          await client.until(/good/)
          for (let at = 0; at < bytes.length; at += size) {
            client.write(bytes.slice(at, at + size))
            await sleep(1)
          }
          assert.match(await client.closed(), /^HTTP\/1\.1 200 [^]*good[^]*HTTP\/1\.1 400 /)
          assert.equal(core.unparsed.length, 1)
          assert.ok(core.ended.length <= 2)
        })
      }
    }

    for (const body of ['stream', 'buffer'] as const) {
      test(`trailers of a request that is passed on by ${body} reach nobody`, async (t) => {
        const seen: unknown[] = []
        const origin = await httpUpstream(t, (req, res) => {
          req.resume()
          req.on('end', () => {
            seen.push(req.rawTrailers, req.headers.trailer, req.headers.te)
            res.end('ok')
          })
        })
        const { core, port } = await startEdge(t, origin)
        core.head = () => ({ kind: 'forward', body, maxBodyBytes: 100 })
        const head = CHUNKED.replace('\r\n\r\n', '\r\nTrailer: X-User\r\nTE: trailers\r\n\r\n')
        const text = `${head}1\r\na\r\n0\r\nX-User: admin\r\nAuthorization: x\r\n\r\n${GET_CLOSE}`
        const answers = (await exchangeRaw(port, text)).match(/HTTP\/1\.1 200 /g)
        assert.equal(answers?.length, 2)
        assert.deepEqual(seen.slice(0, 3), [[], undefined, undefined])
        assert.equal(core.ended[0]?.bytesIn, 1)
      })
    }

    test('a body is the same however it is cut, with what is pipelined behind it', async (t) => {
      const origin = await httpUpstream(t, (req, res) => {
        let text = ''
        req.on('data', (chunk) => (text += String(chunk)))
        req.on('end', () => res.end(`${req.method}=${text};`))
      })
      const whole = `\r\n${CHUNKED}3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n${GET_CLOSE}`
      for (const size of [1, 2, 5, 1_000]) {
        const { port } = await startEdge(t, origin)
        const client = new RawClient(port)
        for (let at = 0; at < whole.length; at += size) {
          client.write(whole.slice(at, at + size))
          if (size < 1_000) await sleep(0)
        }
        assert.match(await client.closed(), /POST=abcde;[^]*GET=;/)
      }
    })

    for (const [name, pieces] of [
      ['at once', ['ZZ\r\n']],
      ['later', ['1\r\na\r\n', 'ZZ\r\n']],
    ] as const) {
      test(`refuses a body that turns out to be malformed ${name}, as the one exchange that it is`, async (t) => {
        const origin = await httpUpstream(t, (req) => req.resume())
        const { core, port } = await startEdge(t, origin)
        const client = new RawClient(port)
        client.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
        for (const piece of pieces) {
          await sleep(30)
          client.write(piece)
        }
        const text = await client.closed()
        assert.match(text, /^HTTP\/1.1 400 /)
        assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1)
        assert.deepEqual([core.ended.length, core.unparsed.length], [1, 1])
        assert.equal(core.ended[0]?.abortedBy, undefined)
        assert.equal(core.unparsed[0]?.begun, core.ended[0])
      })
    }

    test('breaks off when the body turns out to be malformed after the answer began', async (t) => {
      const origin = await httpUpstream(t, (req, res) => {
        req.resume()
        res.write('begun')
      })
      const { core, port } = await startEdge(t, origin)
      const client = new RawClient(port)
      client.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n')
      await client.until(/begun/)
      const text = await client.write('ZZ\r\n').closed()
      assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1)
      assert.equal(core.ended.length, 1)
    })

    test('breaks an answer off at a piece that must not go on', async (t) => {
      const origin = await httpUpstream(t, (_req, res) => {
        res.write('good')
        setTimeout(() => res.write('evil'), 50)
      })
      const { core, port } = await startEdge(t, origin)
      core.response = (status, headers) => ({
        kind: 'stream',
        answer: answerOf(status, headers),
        watch: (chunk) => (chunk.includes('evil') ? undefined : chunk),
      })
      const text = await exchangeRaw(port, GET)
      assert.match(text, /good/)
      assert.doesNotMatch(text, /evil|\r\n0\r\n/)
      await eventually(() => core.ended.length === 1)
      assert.deepEqual(
        [core.failures[0]?.cause, core.ended[0]?.abortedBy],
        ['upstream_leak', 'upstream'],
      )
    })

    for (const length of ['unknown', 'known'] as const) {
      test(`sends what was covered, and what waited, of an answer of ${length} length`, async (t) => {
        const origin = await httpUpstream(t, (_req, res) => {
          if (length === 'known') res.setHeader('Content-Length', 11)
          res.write('good')
          setTimeout(() => res.end(' secret'), 50)
        })
        const { core, port } = await startEdge(t, origin)
        core.response = (status, headers) => {
          let held = ''
          return {
            kind: 'stream',
            answer: answerOf(status, headers),
            watch: (chunk, isLast) => {
              const text = (held + chunk.toString()).replace('secret', '******')
              held = isLast ? '' : text.slice(-3)
              return Buffer.from(isLast ? text : text.slice(0, -3))
            },
          }
        }
        const text = (await exchangeRaw(port, GET)).replaceAll(/\r\n[\da-f]+\r\n/g, '')
        assert.match(text, length === 'known' ? /\r\n\r\ngood \*{6}$/ : /good \*{6}/)
      })
    }

    test('a refusal by the core is not followed by one of the parser', async (t) => {
      const { core, port } = await startEdge(t, 'http://127.0.0.1:9')
      core.head = () => ({
        kind: 'answer',
        answer: { status: 400, headers: [], body: 'mine', close: true },
      })
      const text = await exchangeRaw(
        port,
        `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n${GET}`,
      )
      assert.match(text, /^HTTP\/1.1 400 [\s\S]*mine$/)
      assert.deepEqual([core.unparsed.length, core.ended.length], [0, 1])
    })

    test('leaves a missing Host, and what Upgrade it does not know, to the core', async (t) => {
      const origin = await httpUpstream(t, (req, res) => res.end(`${req.headers.upgrade}`))
      const { core, port } = await startEdge(t, origin)
      const text = await exchangeRaw(
        port,
        'GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n',
      )
      assert.match(text, /undefined$/)
      assert.equal(core.ended[0]?.head.headers.has('host'), false)
    })

    // ---- bodies nobody wants, 100-continue ----

    test('an answer before the body closes the connection, and the client still reads it', async (t) => {
      const { core, port } = await startEdge(t, 'http://127.0.0.1:9')
      core.head = () => ({
        kind: 'answer',
        answer: { status: 401, headers: [], body: 'who?', close: false },
      })
      const client = new RawClient(port)
      client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n')
      for (let i = 0; i < 20; i++) client.write('x'.repeat(100_000))
      const text = await client.closed()
      assert.match(text, /^HTTP\/1.1 401 [\s\S]*Connection: close\r\n[\s\S]*\r\n\r\nwho\?$/)
      assert.ok(client.socket.bytesWritten < 9_000_000)
      assert.equal(core.ended.length, 1)
    })

    test('an answer before a small body keeps the connection', async (t) => {
      const { core, port } = await startEdge(t, 'http://127.0.0.1:9')
      core.head = ({ head }) => ({
        kind: 'answer',
        answer: { status: 401, headers: [], body: head.rawTarget, close: false },
      })
      const client = new RawClient(port).write(
        'POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc',
      )
      await client.until(/\/1$/)
      client.write(GET_CLOSE)
      assert.match(await client.closed(), /\/1HTTP\/1.1 401 [\s\S]*\/a$/)
    })

    test('a small body that never comes does not hold the connection', async (t) => {
      const { core, port } = await startEdge(t, 'http://127.0.0.1:9', { keepAliveMs: 100 })
      core.head = () => ({
        kind: 'answer',
        answer: { status: 401, headers: [], body: 'no', close: false },
      })
      const client = new RawClient(port).write(
        'POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na',
      )
      assert.match(await client.closed(), /no$/)
    })

    test('sends 100 Continue only when the body is wanted', async (t) => {
      const origin = await httpUpstream(t, (req, res) => {
        req.resume()
        req.on('end', () => res.end('done'))
      })
      const { core, port } = await startEdge(t, origin)
      const head =
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n'
      const wanted = new RawClient(port).write(head)
      await wanted.until(/100 Continue\r\n\r\n/)
      assert.match(
        await wanted.write('abc').closed(),
        /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK[\s\S]*done$/,
      )
      core.head = () => ({
        kind: 'answer',
        answer: { status: 403, headers: [], body: 'no', close: false },
      })
      const refused = await exchangeRaw(port, head.replace('Connection: close\r\n', ''))
      assert.match(refused, /^HTTP\/1.1 403 [\s\S]*Connection: close\r\n/)
    })

    test('shows an unknown expectation to the core', async (t) => {
      const { core, port } = await startEdge(t, 'http://127.0.0.1:9')
      core.head = ({ head }) => ({
        kind: 'answer',
        answer: { status: 417, headers: [], body: head.headers.get('expect'), close: true },
      })
      assert.match(
        await exchangeRaw(port, GET.replace('Host', 'Expect: wonders\r\nHost')),
        /^HTTP\/1.1 417 [\s\S]*wonders$/,
      )
    })

    const tooLarge: [name: string, mode: 'stream' | 'buffer', bytes: string][] = [
      ['by its length, before a byte of it is read', 'stream', 'Content-Length: 1001\r\n\r\n'],
      ['by its length, when it would be buffered', 'buffer', 'Content-Length: 1001\r\n\r\n'],
      [
        'in the middle of a stream',
        'stream',
        `Transfer-Encoding: chunked\r\n\r\n3e8\r\n${'a'.repeat(1000)}\r\n1\r\na\r\n`,
      ],
      [
        'in the middle of buffering',
        'buffer',
        `Transfer-Encoding: chunked\r\n\r\n3e8\r\n${'a'.repeat(1000)}\r\n1\r\na\r\n`,
      ],
    ]
    for (const [name, body, bytes] of tooLarge) {
      test(`a body over the limit gets 413 ${name}`, async (t) => {
        let finished = 0
        const origin = await httpUpstream(t, (req) => {
          req.resume()
          req.on('end', () => finished++)
        })
        const { core, port } = await startEdge(t, origin)
        core.head = () => ({ kind: 'forward', body, maxBodyBytes: 1000 })
        const text = await exchangeRaw(port, `POST / HTTP/1.1\r\nHost: x\r\n${bytes}`)
        assert.match(text, /^HTTP\/1.1 413 [\s\S]*Connection: close\r\n/)
        assert.deepEqual([core.ended.length, finished], [1, 0])
      })
    }

    // ---- time ----

    test('a slow head gets 408', async (t) => {
      const { core, port } = await startEdge(t, 'http://127.0.0.1:9', { headersMs: 200 })
      const text = await exchangeRaw(port, 'GET / HTTP/1.1\r\nHost:')
      assert.match(text, /^HTTP\/1.1 408 /)
      assert.equal(core.unparsed[0]?.status, 408)
    })

    const slow = { bodyGraceMs: 50, bodyWindowMs: 100, bodyBytesPerSecond: 1000 }
    for (const body of ['stream', 'buffer'] as const) {
      test(`a body below the least rate gets 408, ${body}`, async (t) => {
        const origin = await httpUpstream(t, (req) => req.resume())
        const { core, port } = await startEdge(t, origin, slow)
        core.head = () => ({ kind: 'forward', body, maxBodyBytes: 1000 })
        const text = await exchangeRaw(
          port,
          'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\na',
        )
        assert.match(text, /^HTTP\/1.1 408 [\s\S]*Connection: close/)
        assert.deepEqual([core.failures[0]?.cause, core.ended.length], ['client_too_slow', 1])
      })
    }

    test('a buffered body has a limit in all, a streamed one that moves has none', async (t) => {
      const origin = await httpUpstream(t, (req, res) => {
        req.resume()
        req.on('end', () => res.end('done'))
      })
      const { core, port } = await startEdge(t, origin, {
        ...slow,
        bodyBytesPerSecond: 1,
        bufferedBodyMs: 150,
      })
      const drip = async (): Promise<string> => {
        const client = new RawClient(port)
        client.write(
          'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 10\r\n\r\n',
        )
        for (let i = 0; i < 10; i++) {
          await sleep(40)
          client.write('a')
        }
        return client.closed()
      }
      core.head = () => ({ kind: 'forward', body: 'buffer', maxBodyBytes: 1000 })
      assert.match(await drip(), /^HTTP\/1.1 408 /)
      core.head = () => ({ kind: 'forward', body: 'stream', maxBodyBytes: 1000 })
      core.firstByteMs = 150
      assert.match(await drip(), /^HTTP\/1.1 200 /)
    })

    test('an upload that waits for the upstream is not called slow', async (t) => {
      const origin = await httpUpstream(t, (req, res) => {
        setTimeout(() => req.resume(), 1500)
        req.on('end', () => res.end('done'))
      })
      const { core, url } = await startEdge(t, origin, {
        bodyGraceMs: 300,
        bodyWindowMs: 500,
        bodyBytesPerSecond: 1000,
      })
      core.firstByteMs = 5_000
      core.head = () => ({ kind: 'forward', body: 'stream', maxBodyBytes: 30_000_000 })
      const answer = await fetch(url, { method: 'POST', body: Buffer.alloc(20_000_000) })
      assert.equal(await answer.text(), 'done')
    })

    test('an idle connection is closed', async (t) => {
      const origin = await httpUpstream(t, (_req, res) => res.end('x'))
      const { port } = await startEdge(t, origin, { keepAliveMs: 100 })
      const client = new RawClient(port).write(GET)
      const startedAt = performance.now()
      await client.closed()
      assert.ok(performance.now() - startedAt < 2_000)
    })

    test('a client that takes nothing of its answer is let go', async (t) => {
      const origin = await httpUpstream(t, (_req, res) => res.end(Buffer.alloc(50_000_000)))
      const { core, port } = await startEdge(t, origin, { writeStallMs: 150 })
      const client = new RawClient(port).write(GET)
      client.socket.pause()
      await eventually(() => core.ended.length === 1)
      assert.equal(core.ended[0]?.abortedBy, 'client')
      assert.ok((core.ended[0]?.bytesOut ?? 0) < 50_000_000)
      client.socket.destroy()
    })

    // ---- aborts ----

    test('a client that leaves ends the upstream call, and the exchange once', async (t) => {
      let gone = 0
      const origin = await httpUpstream(t, (_req, res) => res.on('close', () => gone++))
      const { core, port, listener } = await startEdge(t, origin)
      const client = new RawClient(port).write(GET)
      await eventually(() => listener.inFlight() === 1)
      await sleep(20)
      client.socket.destroy()
      await eventually(() => gone === 1 && core.ended.length === 1)
      assert.equal(core.ended[0]?.abortedBy, 'client')
      assert.equal(listener.inFlight(), 0)
    })

    test('an upstream that breaks off in the middle breaks the answer off', async (t) => {
      const origin = await cannedUpstream(t, 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
      const { core, port } = await startEdge(t, origin)
      const text = await exchangeRaw(port, GET)
      assert.match(text, /Content-Length: 10\r\n[\s\S]*\r\n\r\nabc$/)
      assert.deepEqual([core.ended.length, core.ended[0]?.abortedBy], [1, 'upstream'])
    })

    test('a chunked answer that breaks off has no last chunk', async (t) => {
      const origin = await cannedUpstream(
        t,
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
      )
      const { core, port } = await startEdge(t, origin)
      const text = await exchangeRaw(port, GET)
      assert.match(text, /3\r\nabc\r\n$/)
      assert.deepEqual([core.ended.length, core.ended[0]?.abortedBy], [1, 'upstream'])
    })

    test('an upstream that falls silent in the middle is cut', async (t) => {
      const origin = await cannedUpstream(
        t,
        'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
        false,
      )
      const { core, port } = await startEdge(t, origin, { responseIdleMs: 100 })
      await exchangeRaw(port, GET)
      assert.deepEqual([core.failures[0]?.cause, core.ended.length], ['upstream_timeout', 1])
    })

    test('an early answer to an upload reaches the client and ends the upload', async (t) => {
      const origin = await rawUpstream(t, (socket) => {
        socket.once('data', () => socket.write('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno'))
      })
      const { core, port } = await startEdge(t, origin)
      core.head = () => ({ kind: 'forward', body: 'stream', maxBodyBytes: 1_000_000 })
      const text = await exchangeRaw(
        port,
        `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n${'a'.repeat(1000)}`,
      )
      assert.match(text, /^HTTP\/1.1 403 [\s\S]*Connection: close\r\n[\s\S]*no$/)
      assert.equal(core.ended.length, 1)
    })

    test('the upstream is read at the pace of the client', async (t) => {
      let sent = 0
      const origin = await httpUpstream(t, (_req, res) => {
        const more = (): void => {
          while (sent < 100_000_000 && res.write(Buffer.alloc(100_000))) sent += 100_000
        }
        res.on('drain', more)
        more()
      })
      const { core, port } = await startEdge(t, origin)
      const client = new RawClient(port).write(GET)
      client.socket.pause()
      await sleep(300)
      const before = sent
      await sleep(200)
      assert.equal(sent, before)
      assert.ok(sent < 50_000_000, `${sent} bytes taken`)
      client.socket.destroy()
      await eventually(() => core.ended.length === 1)
    })

    // ---- limits of the listener ----

    test('connections over the limit of one address are closed at once', async (t) => {
      const origin = await httpUpstream(t, (_req, res) => res.end('x'))
      const { port } = await startEdge(t, origin, { connectionsPerAddress: 2 })
      const first = new RawClient(port).write(GET)
      const second = new RawClient(port).write(GET)
      await first.until(/x$/)
      await second.until(/x$/)
      assert.equal(await exchangeRaw(port, GET), '')
      first.socket.destroy()
      await eventually(() => first.isClosed)
      await sleep(20)
      assert.match(await exchangeRaw(port, GET_CLOSE), /^HTTP\/1.1 200/)
      second.socket.destroy()
    })

    test('requests over the limit in flight get 503 at once', async (t) => {
      const origin = await rawUpstream(t, () => {})
      const { core, port, url } = await startEdge(t, origin, { inFlight: 1 })
      const first = new RawClient(port).write(GET)
      await eventually(() => core.ended.length === 0 && first.socket.bytesWritten > 0)
      await sleep(30)
      const answer = await fetch(url)
      assert.deepEqual([answer.status, answer.headers.get('x-cause')], [503, 'overloaded'])
      first.socket.destroy()
    })

    // Twice what the first takes, since it leaves as much to others.
    for (const [side, heldBytes] of [
      ['answers', 4_000],
      ['requests', 2_000],
    ] as const) {
      test(`bodies of ${side} are held up to a sum, over all exchanges`, async (t) => {
        const origin = await httpUpstream(t, (req, res) => {
          req.resume()
          if (side === 'answers') res.write('a'.repeat(600))
          if (req.url === '/whole') req.on('end', () => res.end('whole'))
        })
        const { core, port, url } = await startEdge(t, origin, { heldBytes })
        core.head = () => ({ kind: 'forward', body: 'buffer', maxBodyBytes: 10_000 })
        core.response = () => ({ kind: 'buffer', maxBodyBytes: 10_000 })
        const part = `Content-Length: 700\r\n\r\n${'b'.repeat(side === 'requests' ? 600 : 700)}`
        const first = new RawClient(port).write(`POST /part HTTP/1.1\r\nHost: x\r\n${part}`)
        await eventually(() => first.socket.bytesWritten > 600)
        await sleep(30)
        const body = 'c'.repeat(600)
        const answer = await fetch(`${url}/whole`, { method: 'POST', body })
        assert.deepEqual([answer.status, answer.headers.get('x-cause')], [503, 'overloaded'])
        first.socket.destroy()
        await eventually(() => core.ended.length === 2)
        assert.equal((await fetch(`${url}/whole`, { method: 'POST', body: 'c' })).status, 200)
      })
    }

    test('a connection ends after its last allowed request', async (t) => {
      const origin = await httpUpstream(t, (_req, res) => res.end('x'))
      const { port } = await startEdge(t, origin, { requestsPerConnection: 2 })
      const client = new RawClient(port).write(GET)
      await client.until(/x$/)
      assert.match(await client.write(GET).closed(), /Connection: close[\s\S]*x$/)
    })

    test('closing lets what runs end and takes nothing new', async (t) => {
      const origin = await httpUpstream(t, (_req, res) => setTimeout(() => res.end('late'), 100))
      const { listener, url } = await startEdge(t, origin)
      const agent = new Agent({ keepAlive: true })
      t.after(() => agent.destroy())
      const running = new Promise<string>((resolve, reject) => {
        get(url, { agent }, (res) => {
          let text = ''
          res.on('data', (chunk) => (text += String(chunk)))
          res.on('end', () => resolve(`${res.headers.connection} ${text}`))
        }).on('error', reject)
      })
      await sleep(30)
      const closing = listener.close(5_000)
      assert.equal(await running, 'close late')
      await closing
      await assert.rejects(fetch(url))
    })

    // ---- faults of the core ----

    const boom = (): never => {
      throw new Error('boom')
    }
    const rejects = (): Promise<never> => Promise.reject(new Error('boom'))
    for (const method of [
      'decideHead',
      'decideBody',
      'upstreamRequest',
      'decideResponseHead',
      'decideResponseBody',
    ] as const) {
      for (const [way, fault] of [
        ['throws', boom],
        ['rejects', rejects],
      ] as const) {
        if (method === 'upstreamRequest' && way === 'rejects') continue
        test(`a core whose ${method} ${way} gives 500 and one end`, async (t) => {
          const origin = await httpUpstream(t, (req, res) => {
            req.resume()
            res.end('x')
          })
          const { core, url } = await startEdge(t, origin)
          core.head = () => ({ kind: 'forward', body: 'buffer', maxBodyBytes: 100 })
          core.response = () => ({ kind: 'buffer', maxBodyBytes: 100 })
          Object.assign(core, { [method]: fault })
          const answer = await fetch(url, { method: 'POST', body: 'abc' })
          assert.deepEqual([answer.status, answer.headers.get('x-cause')], [500, 'defect'])
          await answer.text()
          assert.equal(core.ended.length, 1)
        })
      }
    }

    test('a core that fails at failing, or answers with impossible fields, still gives 500', async (t) => {
      const { core, url } = await startEdge(t, 'http://127.0.0.1:9')
      core.decideHead = boom
      core.fail = boom
      assert.equal((await fetch(url)).status, 500)
      core.decideHead = () => ({
        kind: 'answer',
        answer: { status: 200, headers: ['x', 'a\r\nb: c'], body: 'x', close: false },
      })
      const answer = await fetch(url)
      assert.deepEqual([answer.status, answer.headers.get('b')], [500, null])
      core.begin = boom
      assert.equal((await fetch(url)).status, 500)
    })

    test('a kept connection serves many requests, each with one end', async (t) => {
      const origin = await httpUpstream(t, (req, res) => {
        req.resume()
        req.on('end', () => res.end(req.url))
      })
      const { core, port } = await startEdge(t, origin)
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      t.after(() => agent.destroy())
      for (let i = 0; i < 30; i++) {
        const text = await new Promise<string>((resolve, reject) => {
          const req = request(
            { port, host: '127.0.0.1', path: `/${i}`, method: i % 2 === 0 ? 'GET' : 'POST', agent },
            (res) => {
              let got = ''
              res.on('data', (chunk) => (got += String(chunk)))
              res.on('end', () => resolve(got))
            },
          )
          req.on('error', reject)
          req.end(i % 2 === 0 ? undefined : 'body')
        })
        assert.equal(text, `/${i}`)
      }
      assert.equal(core.ended.length, 30)
      assert.equal(new Set(core.ended).size, 30)
    })
  })
}
