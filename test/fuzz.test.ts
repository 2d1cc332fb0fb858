import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Asker, Got } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'
import { until } from './kit/until.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startRawUpstream } from './kit/upstream.ts'
import { openWire } from './kit/wire.ts'
import { hostileAnswer, INSIDE } from './fuzz/answers.ts'
import type { HostileAnswer } from './fuzz/answers.ts'
import type { Random } from './fuzz/random.ts'
import { randomOfCase } from './fuzz/random.ts'
import { hostileRequest } from './fuzz/requests.ts'
import type { StrictUpstream } from './fuzz/strict-upstream.ts'
import { startStrictUpstream } from './fuzz/strict-upstream.ts'
import { libraryDocument } from './library/behind-gateway.ts'

// FUZZ_SEED repeats a run, FUZZ_RUNS makes it longer: FUZZ_RUNS=200000 node --test test/fuzz.test.ts
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 1500)
const AT_ONCE = 24
/** An honest request after so many hostile ones. */
const EVERY = 250
/** A connection on which nothing comes any more. */
const QUIET_MS = 120
const MAX_GROWTH_BYTES = 100 * 1_048_576
const STATUSES: ReadonlySet<number> = new Set([
  100, 200, 201, 202, 204, 206, 304, 400, 401, 403, 404, 405, 408, 409, 412, 413, 414, 415, 417,
  421, 422, 429, 431, 501, 502, 504, 505,
])
const LIMITS_OFF = 'limits: { ip: off, principal: off, failures: off, errors: off }'
const config = (upstream: string): string =>
  `openapi: ./openapi.yaml\nupstream: { url: "${upstream}", timeout: 500ms, breaker: off }\n` +
  'listen: { https: 8443, http: 8080, plain: serve, address: 127.0.0.1, tls: auto }\n' +
  LIMITS_OFF

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
/** What follows a head that promises less, or nothing. */
const HUGE = Buffer.alloc(11 * 1_048_576, 'z')

/** Runs cases, some at once; `every` runs alone after each `EVERY` of them. */
async function run(count: number, one: (i: number) => Promise<void>, every: () => Promise<void>) {
  for (let done = 0; done < count; done += EVERY) {
    const last = Math.min(count, done + EVERY)
    let next = done
    const worker = async (): Promise<void> => {
      while (next < last) await one(next++)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    await every()
  }
}

/** Asserts that the process does not grow without bound; measured from after the first cases, without garbage. */
class Memory {
  #start = 0
  look(where: string): void {
    collectGarbage()
    const { rss } = process.memoryUsage()
    if (this.#start === 0) this.#start = rss
    assert.ok(rss - this.#start < MAX_GROWTH_BYTES, `${where}: ${(rss - this.#start) >> 20} MiB`)
  }
}

function assertSane(got: Got, what: string): void {
  assert.ok(STATUSES.has(got.status), `${got.status} for ${what}`)
  if (got.status < 200) return
  const ids = got.names.filter((name) => name === 'sallyport-request-id')
  assert.equal(ids.length, 1, `no request id for ${what}`)
}

/** Every answer has its access record, every line is JSON, no control broke. */
async function assertLogged(gateway: TestGateway, ids: ReadonlySet<string>): Promise<void> {
  const accessIds = async (): Promise<string[]> =>
    (await gateway.log())
      .filter((line) => line['event.dataset'] === 'sallyport.access')
      .map((line) => String(line['http.request.id']))
  let recorded: string[] = []
  assert.ok(
    await until(async () => {
      recorded = await accessIds()
      const found = new Set(recorded)
      return [...ids].every((id) => found.has(id))
    }),
    'answers without a record',
  )
  assert.equal(new Set(recorded).size, recorded.length, 'two records of one request')
  const log = await gateway.log()
  const broken = log.filter(
    (line) =>
      /^sp_(?:control_fault|log_gap)$/.test(String(line['event.action'])) ||
      line['http.response.status_code'] === 500,
  )
  assert.deepEqual(broken.slice(0, 3), [])
}

for (const transport of ['node', 'fast'] as const)
  suite(`hostile requests over ${transport}, FUZZ_SEED=${SEED}`, () => {
    let upstream: StrictUpstream
    let gateway: TestGateway
    let client: Asker
    let key = ''
    const ids = new Set<string>()

    before(async () => {
      upstream = await startStrictUpstream()
      gateway = await startGateway({
        transport,
        yaml: config(upstream.url),
        files: { 'openapi.yaml': libraryDocument() },
      })
      key = (await gateway.createKey()).key
      client = asker(gateway.httpsPort, gateway.ca)
    })
    after(async () => {
      client.close()
      await Promise.all([gateway.close(), upstream.close()])
    })

    async function one(i: number): Promise<void> {
      const random = randomOfCase(SEED, i)
      const bytes = hostileRequest(random, key)
      const what = `FUZZ_SEED=${SEED} case ${i}: ${JSON.stringify(bytes.slice(0, 2000))}`
      const text = await talk(gateway, bytes, random)
      // Answers to HEAD have no body whatever their length says, so heads are looked for, not messages.
      for (const [, status] of text.matchAll(/HTTP\/1\.[01] (\d{3}) /g))
        assert.ok(STATUSES.has(Number(status)), `${status} for ${what}`)
      for (const [, id = ''] of text.matchAll(/\r\nSallyport-Request-Id: (\w+)\r\n/g)) ids.add(id)
      assert.ok(text === '' || text.startsWith('HTTP/1.1 '), `${text.slice(0, 100)} for ${what}`)
      assert.deepEqual(upstream.faults, [], what)
    }

    test(`${RUNS} requests: no fault, no growth, nothing but canonical requests behind`, async (t) => {
      t.diagnostic(`FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS}`)
      const memory = new Memory()
      await run(RUNS, one, async () => {
        const headers = { 'x-library-card': key }
        assert.equal((await client.ask({ target: '/v2/members/7', headers })).status, 200)
        memory.look(`after ${ids.size} answers`)
      })
      assert.ok(
        upstream.count() > RUNS / 30,
        `only ${upstream.count()} requests reached the upstream`,
      )
      assert.ok(ids.size > RUNS / 2, `only ${ids.size} answers`)
    })

    test('every answer was recorded', () => assertLogged(gateway, ids))
  })

/** Writes bytes on a fresh connection, whole or in two pieces, until it closes or goes quiet; what came. */
async function talk(gateway: TestGateway, bytes: string, random: Random): Promise<string> {
  const isSecure = random.oneIn(10)
  const wire = await openWire(
    isSecure
      ? { port: gateway.httpsPort, ca: gateway.ca }
      : { port: gateway.httpPort, from: `127.60.${1 + random.below(250)}.1` },
  )
  const { socket } = wire
  const buffer = Buffer.from(bytes, 'latin1')
  const at = random.oneIn(3) ? random.below(buffer.length + 1) : buffer.length
  socket.write(buffer.subarray(0, at))
  if (at < buffer.length) {
    await wire.closed(2)
    socket.write(buffer.subarray(at))
  }
  if (random.oneIn(3)) socket.end()
  let before = -1
  while (wire.text().length !== before) {
    before = wire.text().length
    if (await wire.closed(QUIET_MS)) break
  }
  socket.destroy()
  return wire.text()
}

/** Operations whose answers are filtered, streamed, bodiless, or a stream of events. */
const PLANS: readonly { readonly method?: string; readonly target: string }[] = [
  { target: '/v2/odd/a' },
  { target: '/v2/odd/b' },
  { target: '/v2/members/7' },
  { target: '/v2/books' },
  { method: 'HEAD', target: '/v2/odd/a' },
  { target: '/v2/books/9780140449136/text' },
  { target: '/v2/news' },
  { method: 'DELETE', target: '/v2/loans/1b4e28ba-2fa1-41d2-883f-0016d3cca427' },
]

for (const transport of ['node', 'fast'] as const)
  suite(`hostile answers over ${transport}, FUZZ_SEED=${SEED}`, () => {
    const runs = Math.ceil(RUNS / 3)
    let upstream: TestUpstream
    let gateway: TestGateway
    let key = ''
    /** What the upstream says to the request with this number. */
    const answers = new Map<string, HostileAnswer>()
    const ids = new Set<string>()
    let client: Asker

    before(async () => {
      upstream = await startRawUpstream((socket, piece) => {
        const number = /accept-language: (\d+)/i.exec(piece.toString('latin1'))?.[1] ?? ''
        const answer = answers.get(number)
        if (answer === undefined) socket.write(HONEST)
        else say(socket, answer)
      })
      gateway = await startGateway({
        transport,
        yaml: config(upstream.url),
        files: { 'openapi.yaml': libraryDocument() },
      })
      key = (await gateway.createKey()).key
      client = asker(gateway.httpPort)
    })
    after(() => Promise.all([gateway.close(), upstream.close()]))

    const HONEST =
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"fine":true}'

    async function one(i: number): Promise<void> {
      const random = randomOfCase(SEED, 1_000_000 + i)
      const answer = hostileAnswer(random)
      const plan = random.pick(PLANS)
      answers.set(String(i), answer)
      const what = `FUZZ_SEED=${SEED} answer ${i} to ${plan.target}: ${JSON.stringify(answer).slice(0, 2000)}`
      const headers = { 'x-library-card': key, 'accept-language': String(i) }
      try {
        const got = await client.ask({ ...plan, headers })
        assertSane(got, what)
        ids.add(got.headers.get('sallyport-request-id') ?? '')
        assertClean(got, plan.target, what)
      } catch (error) {
        // An answer that broke off in the middle: the client must see that, and does.
        if (error instanceof assert.AssertionError) throw error
        const { code = '' } = error as NodeJS.ErrnoException
        assert.match(code, /^(?:ECONNRESET|HPE_)/, `${String(error)} for ${what}`)
        assert.ok(!code.startsWith('HPE_'), `no HTTP to the client for ${what}`)
      } finally {
        answers.delete(String(i))
      }
    }

    test(`${runs} answers: never 500, nothing undeclared, no growth`, async (t) => {
      t.diagnostic(`FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS}`)
      const memory = new Memory()
      await run(runs, one, async () => {
        const got = await client.ask({ target: '/v2/odd/honest' })
        assert.equal(got.text, '{"fine":true}')
        memory.look(`after ${ids.size} answers`)
      })
      assert.ok(ids.size > runs / 2, `only ${ids.size} answers`)
    })

    test('every answer was recorded', () => assertLogged(gateway, ids))
  })

function say(socket: Socket, { pieces, isHuge, end }: HostileAnswer): void {
  const [first = '', second] = pieces
  socket.write(Buffer.from(first, 'latin1'))
  setTimeout(() => {
    if (second !== undefined && socket.writable) socket.write(Buffer.from(second, 'latin1'))
    if (isHuge && socket.writable) socket.write(HUGE)
    if (end === 'close') socket.end()
    // No reset: in about one of ten thousand, Node 26 then spins at the end of the process (pending write requests).
    if (end === 'cut') socket.destroy()
    // One that says no more is given up after a while: an idle stream may last longer than a test.
    if (end === 'keep') setTimeout(() => socket.destroy(), 100).unref()
  }, 3)
}

/** Every name that the document declares in an answer, and those of problems. */
const DECLARED: ReadonlySet<string> = new Set(
  (
    'fine message member id name contact email phone interests error title authors born published price isbn ' +
    'shelf format kind pages bytes addedAt type status instance'
  ).split(' '),
)

/** Header fields and JSON of an answer show nothing that was not declared. */
function assertClean(got: Got, target: string, what: string): void {
  assert.ok(!got.headers.get('location')?.includes(INSIDE), what)
  for (const name of ['server', 'x-debug', 'set-cookie', 'access-control-allow-origin', 'alt-svc'])
    assert.equal(got.headers.get(name), undefined, what)
  if (target.endsWith('/text') || target.endsWith('/news') || got.body.length === 0) return
  // Without a type it was read as what was declared.
  const type = got.headers.get('content-type') ?? 'application/json'
  assert.match(type, /^application\/(?:problem\+)?json/i, what)
  for (const name of namesIn(JSON.parse(got.text)))
    assert.ok(DECLARED.has(name), `${name}: ${what}`)
}

function namesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = Array.isArray(value) ? [] : Object.keys(value)
  return [...own, ...Object.values(value).flatMap(namesIn)]
}
