import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { UpstreamPool } from '../exchange/upstream-port.ts'
import { UndiciPool } from '../node/undici-pool.ts'
import { rawUpstream } from '../testing/edge-kit.ts'
import type { Heard } from '../testing/pool-kit.ts'
import { askPool } from '../testing/pool-kit.ts'
import { RawPool } from './raw-pool.ts'

/** Set `ALIKE_RUNS` for a long run, `ALIKE_SEED` for another one. */
const RUNS = Number(process.env['ALIKE_RUNS'] ?? 1500)
const SEED = process.env['ALIKE_SEED'] ?? '7'

interface Case {
  readonly bytes: string
  readonly method: string
  /** Where the bytes are cut into two packets. */
  readonly cut: number
}

/** A reason for which one client refuses what the other takes; `example` shows that it is still needed. */
interface Reason {
  readonly name: string
  readonly refuses: 'raw' | 'undici'
  readonly example: string
  readonly holds: (bytes: string) => boolean
}

function hasOddCoding(bytes: string): boolean {
  const codings = [...bytes.matchAll(/transfer-encoding:([^\r\n]*)/gi)].map(([, value]) => value)
  const isOdd = codings.some((value) => value?.trim().toLowerCase() !== 'chunked')
  return isOdd || codings.length > 1 || (codings.length > 0 && /HTTP\/1\.(?:0|1 1)/.test(bytes))
}

/** Everything that the two clients may say differently of the same bytes. */
const REASONS: readonly Reason[] = [
  {
    name: 'undici ends the connection at 100 Continue; a client swallows it (RFC 9110 section 15.2)',
    refuses: 'undici',
    example: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
    holds: (bytes) => /HTTP\/\d\.\d 100/.test(bytes),
  },
  {
    name: 'undici counts white space behind a length as a digit; it belongs to no value (RFC 9110 section 5.5)',
    refuses: 'undici',
    example: 'HTTP/1.1 200 OK\r\nContent-Length: 3 \r\n\r\nabc',
    holds: (bytes) => /content-length:[ \t]*\d+[ \t]+\r/i.test(bytes),
  },
  {
    name: 'a status outside of 100 to 599 is none (RFC 9110 section 15)',
    refuses: 'raw',
    example: 'HTTP/1.1 700 What\r\nContent-Length: 0\r\n\r\n',
    holds: (bytes) => /HTTP\/\d\.\d (?:0\d\d|[6-9]\d\d)/.test(bytes),
  },
  {
    name: 'llhttp takes HTTP/0.9 and HTTP/2.0 for versions of this protocol',
    refuses: 'raw',
    example: 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n',
    holds: (bytes) => /HTTP\/(?:0\.9|2\.0)/.test(bytes),
  },
  {
    name: 'a transfer coding that was not asked for, or twice, or in HTTP/1.0, or in an informational answer',
    refuses: 'raw',
    example: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc',
    holds: hasOddCoding,
  },
  {
    name: 'a length in an informational answer',
    refuses: 'raw',
    example: 'HTTP/1.1 103 E\r\nContent-Length: 0\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
    holds: (bytes) => /HTTP\/\d\.\d 1\d\d[^]*content-length/i.test(bytes),
  },
  {
    name: 'a length of more than 15 digits',
    refuses: 'raw',
    example: 'HTTP/1.1 200 OK\r\nContent-Length: 0000000000000003\r\n\r\nabc',
    holds: (bytes) => /content-length:[ \t]*\d{16}/i.test(bytes),
  },
  {
    name: 'line ends before the status line',
    refuses: 'raw',
    example: '\r\nHTTP/1.1 204 No Content\r\n\r\n',
    holds: (bytes) => /(?:^|\r\n\r\n)[\r\n]+HTTP/.test(bytes),
  },
]

const informational = fc.constantFrom(
  '',
  '',
  '',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 199 Own\r\n',
  '\r\n',
)
const statusLines = fc.constantFrom(
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 404\r\n',
  'HTTP/1.0 200 OK\r\n',
  'HTTP/2.0 200 OK\r\n',
  'HTTP/1.1 204 No Content\r\n',
  'HTTP/1.1 304 Not Modified\r\n',
  'HTTP/1.1 205 Reset Content\r\n',
  'HTTP/1.1 700 What\r\n',
  'HTTP/1.1 101 Switching Protocols\r\n',
)
const fields = fc.constantFrom(
  'Content-Length: 3\r\n',
  'Content-Length: 3\r\n',
  'Content-Length: 0\r\n',
  'content-length: 0000000000000000003\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive\r\n',
  'Connection: upgrade\r\nUpgrade: x\r\n',
  'Set-Cookie: a=b\r\n',
  'Set-Cookie: c=d\r\n',
  'X-A: \t b \r\n',
  'X-B:\r\n',
)
const bodies = fc.constantFrom(
  '',
  'abc',
  'abc',
  '3\r\nabc\r\n',
  '3\r\nabc\r\n0\r\n\r\n',
  '3;x="y"\r\nabc\r\n0\r\nT: u\r\n\r\n',
  '0\r\n\r\n',
  'HTTP/1.1 200 OK\r\n',
)
const heads = fc.constantFrom(
  'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n3\r\nabc\r\n2;a=b\r\nde\r\n0\r\nT: u\r\n\r\n',
  'HTTP/1.1 404 Not Found\r\nServer: x\r\nContent-Type: text/plain\r\n\r\nuntil the end',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\nDate: x\r\n\r\n',
)
const noise = fc.constantFrom(
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  '\0',
  ':',
  ';',
  ',',
  '\x7f',
  '\xe9',
  '1',
  'f',
  'x',
  '\r\n ',
)
const mutations = fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1, 3), noise), { maxLength: 3 })
const mutated = fc.tuple(heads, mutations).map(([text, changes]) => {
  let all = text
  for (const [place, removed, added] of changes) {
    const at = place % (all.length + 1)
    all = all.slice(0, at) + added + all.slice(at + removed)
  }
  return all
})
const composed = fc
  .tuple(informational, statusLines, fc.array(fields, { maxLength: 3 }), bodies, bodies)
  .map(([before, status, lines, body, more]) =>
    [before, status, ...lines, '\r\n', body, more].join(''),
  )
const cases: fc.Arbitrary<Case> = fc.record({
  bytes: fc.oneof(mutated, composed),
  method: fc.constantFrom('POST', 'POST', 'HEAD'),
  cut: fc.nat({ max: 80 }),
})

/** What came of it, in words that do not depend on the client. */
function said({ failure, status, headers, body, socket }: Heard): string {
  if (failure !== undefined) return 'refused'
  if (socket !== undefined) return 'switched'
  const fields: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2)
    fields.push(`${headers[i]?.toLowerCase() ?? ''}: ${headers[i + 1] ?? ''}`.trimEnd())
  // undici gives fields of one name together, and keeps the white space behind values.
  return JSON.stringify([status, fields.toSorted(), body])
}

type Compare = (one: Case) => Promise<readonly [raw: string, undici: string]>

/** Sends the same request through both clients to an upstream that says the same bytes to both. */
async function comparing(t: TestContext): Promise<Compare> {
  let now: Case = { bytes: '', method: 'POST', cut: 0 }
  let closed: Promise<unknown> = Promise.resolve()
  const origin = await rawUpstream(t, (socket) => {
    socket.setNoDelay(true)
    closed = once(socket, 'close')
    socket.once('data', () => {
      socket.write(now.bytes.slice(0, now.cut), 'latin1')
      setImmediate(() => socket.end(now.bytes.slice(now.cut), 'latin1'))
    })
  })
  const target = { origin, connectMs: 1000, ca: undefined }
  const [raw, undici] = [new RawPool(target), new UndiciPool(target)]
  t.after(() => Promise.all([raw.destroy(), undici.destroy()]))
  const ask = async (pool: UpstreamPool, { method }: Case): Promise<string> => {
    const heard = await askPool(pool, { method })
    // The next request must not go out on a connection that is about to be closed.
    await closed
    return said(heard)
  }
  return async (one) => {
    now = one
    return [await ask(raw, one), await ask(undici, one)]
  }
}

describe('both clients say the same of the same bytes', () => {
  test('or there is a reason', async (t) => {
    const compare = await comparing(t)
    const found = { taken: 0, refused: 0, explained: 0 }
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const [raw, undici] = await compare(one)
        if (raw === undici) {
          found[raw === 'refused' ? 'refused' : 'taken']++
          return
        }
        const refuses = raw === 'refused' ? 'raw' : undici === 'refused' ? 'undici' : 'none'
        const isExplained = REASONS.some(
          (reason) => reason.refuses === refuses && reason.holds(one.bytes),
        )
        assert.ok(isExplained, `raw: ${raw}\nundici: ${undici}\n${JSON.stringify(one)}`)
        found.explained++
      }),
      { numRuns: RUNS, seed: Number(SEED) },
    )
    t.diagnostic(JSON.stringify(found))
    assert.ok(found.taken > RUNS / 10 && found.refused > RUNS / 10)
  })

  for (const { name, refuses, example } of REASONS) {
    test(`except: ${name}`, async (t) => {
      const [raw, undici] = await (await comparing(t))({ bytes: example, method: 'POST', cut: 0 })
      const [refusing, taking] = refuses === 'raw' ? [raw, undici] : [undici, raw]
      assert.equal(refusing, 'refused')
      assert.notEqual(taking, 'refused')
    })
  }
})
