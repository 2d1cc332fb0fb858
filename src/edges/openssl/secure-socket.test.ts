import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { connect as connectPlain, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import * as fc from 'fast-check'
import { systemClock } from '../../base/clock.ts'
import { TlsFacts } from '../exchange/tls-facts.ts'
import type { DirectLine } from '../kernel/borrowed-socket.ts'
import { eventually } from '../testing/edge-kit.ts'
import { openAutoTls } from '../tls/auto.ts'
import type { AutoTls } from '../tls/auto.ts'
import { openSecureServer } from './secure-server.ts'
import type { SecureServer, SecureServerOptions } from './secure-server.ts'
import type { SecureSocket } from './secure-socket.ts'
import { threadSsl } from './thread-ssl.ts'

const isTested = process.platform === 'linux' && process.arch === 'x64'
let tls: AutoTls
before(() => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-secure-'))
  tls = openAutoTls({ folder, names: [], min: '1.2', clock: systemClock })
})
after(() => tls.close())

interface World {
  readonly server: SecureServer
  readonly port: number
  readonly sockets: SecureSocket[]
  readonly faults: string[]
}

async function open(t: TestContext, more: Partial<SecureServerOptions> = {}): Promise<World> {
  const server = openSecureServer({
    secure: tls.options,
    protocols: ['h2', 'http/1.1'],
    handshakeMs: 5000,
    ...more,
  })
  assert.ok(server, 'OpenSSL can be called')
  const sockets: SecureSocket[] = []
  const faults: string[] = []
  server.on('secureConnection', (socket: SecureSocket) => sockets.push(socket))
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => faults.push(error.code ?? ''))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { server, port: (server.address() as AddressInfo).port, sockets, faults }
}

interface Pair {
  readonly client: TLSSocket
  readonly socket: SecureSocket
  readonly events: string[]
}

async function meet(t: TestContext, world: World, more: ConnectionOptions = {}): Promise<Pair> {
  const { port, sockets } = world
  const met = sockets.length
  const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...more })
  client.on('error', () => client.destroy())
  t.after(() => client.destroy())
  await once(client, 'secureConnect')
  await eventually(() => sockets.length > met)
  const socket = sockets.at(-1)
  assert.ok(socket)
  const events: string[] = []
  for (const name of ['end', 'close', 'drain'] as const) socket.on(name, () => events.push(name))
  socket.on('error', (error: NodeJS.ErrnoException) => events.push(String(error.code)))
  return { client, socket, events }
}

interface Line extends Pair {
  readonly line: DirectLine
  readonly read: Buffer[]
}

/** The server's side read and written past its stream. */
async function meetDirectly(t: TestContext, world: World, more?: ConnectionOptions): Promise<Line> {
  const pair = await meet(t, world, more)
  const read: Buffer[] = []
  const line = pair.socket.openLine({
    read: (bytes, from) => void read.push(Buffer.from(from.subarray(0, bytes))),
  })
  assert.ok(line)
  return { ...pair, line, read }
}

function collect(socket: Socket): { text: string } {
  const got = { text: '' }
  socket.on('data', (chunk: Buffer) => (got.text += chunk.toString('latin1'))).resume()
  return got
}

const textOf = (pieces: readonly Buffer[]): string => Buffer.concat(pieces).toString('latin1')
const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1')
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const

suite(
  'a connection that OpenSSL secures for us',
  { skip: !isTested && 'only on Linux x64' },
  () => {
    for (const version of VERSIONS) {
      test(`carries every byte both ways over ${version}, past the stream and as one`, async (t) => {
        const world = await open(t)
        const one = await meetDirectly(t, world, { maxVersion: version })
        assert.equal(one.socket.getProtocol(), version)
        const heard = collect(one.client)
        one.line.write(ALL_BYTES, Buffer.from(ALL_BYTES, 'latin1'), 'end')
        one.client.write(ALL_BYTES, 'latin1')
        await eventually(() => heard.text.length === 515 && textOf(one.read).length === 256)
        assert.deepEqual([heard.text, textOf(one.read)], [`${ALL_BYTES + ALL_BYTES}end`, ALL_BYTES])

        const other = await meet(t, world, { maxVersion: version })
        other.socket.pipe(other.socket)
        const echo = collect(other.client)
        other.client.write(ALL_BYTES, 'latin1')
        await eventually(() => echo.text === ALL_BYTES)
      })

      test(`resumes its session by a ticket of ${version}, until the keys are others`, async (t) => {
        const keys = Buffer.alloc(48, 1)
        const world = await open(t, { ticketKeys: keys })
        const first = await meet(t, world, { maxVersion: version })
        const heard = collect(first.client)
        first.socket.write('x')
        await eventually(() => heard.text === 'x')
        const session = first.client.getSession()
        const again = { maxVersion: version, ...(session === undefined ? {} : { session }) }
        const second = await meet(t, world, again)
        assert.deepEqual(
          [first.socket, second.socket].map((socket) => socket.isSessionReused()),
          [false, true],
        )
        // Another listener of the same keys takes it, too.
        const third = await meet(t, await open(t, { ticketKeys: keys }), again)
        assert.equal(third.client.isSessionReused(), true)
        world.server.setTicketKeys(Buffer.alloc(48, 2))
        assert.equal((await meet(t, world, again)).client.isSessionReused(), false)
      })
    }

    test('says what Node says of it', async (t) => {
      const world = await open(t)
      const { socket, client } = await meet(t, world, { servername: 'localhost' })
      const { protocol, cipher, servername, clientClass } = new TlsFacts(socket)
      assert.deepEqual(
        { protocol, cipher, servername },
        {
          protocol: client.getProtocol(),
          cipher: client.getCipher().name,
          servername: 'localhost',
        },
      )
      assert.match(clientClass ?? '', /^[\w-]{12}$/)
      assert.equal(socket.remotePort, client.localPort)
      assert.equal(socket.getSharedSigalgs().includes('ECDSA+SHA256'), true)
    })

    const offers: [name: string, offer: string[] | undefined, chosen: string | false][] = [
      ['the first of ours that the client has', ['http/1.1', 'h2'], 'h2'],
      ['the only one that both have', ['spdy/3', 'http/1.1'], 'http/1.1'],
      ['nothing where nothing is offered', undefined, false],
    ]
    for (const [name, offer, chosen] of offers) {
      test(`chooses ${name}`, async (t) => {
        const more = offer === undefined ? {} : { ALPNProtocols: offer }
        const { socket, client } = await meet(t, await open(t), more)
        assert.deepEqual([socket.alpnProtocol, client.alpnProtocol], [chosen, chosen])
      })
    }

    const refused: [name: string, options: ConnectionOptions, code: string][] = [
      [
        'offers no protocol of ours',
        { ALPNProtocols: ['spdy/3'] },
        'ERR_SSL_NO_APPLICATION_PROTOCOL',
      ],
      [
        'speaks an old version',
        { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' },
        'ERR_SSL_UNSUPPORTED_PROTOCOL',
      ],
      [
        'has no suite of ours',
        { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' },
        'ERR_SSL_NO_SHARED_CIPHER',
      ],
    ]
    for (const [name, options, code] of refused) {
      test(`refuses a client that ${name}, and tells why`, async (t) => {
        const world = await open(t)
        const client = connect({ port: world.port, rejectUnauthorized: false, ...options })
        const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException]
        // It hears an alert, not a mere end.
        assert.match(error.code ?? '', /^ERR_SSL_/)
        assert.deepEqual(world.faults, [code])
      })
    }

    const junk: [name: string, bytes: string | undefined, code: string][] = [
      ['speaks HTTP', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'ERR_SSL_HTTP_REQUEST'],
      ['sends zeros', '\0'.repeat(200), 'ERR_SSL_WRONG_VERSION_NUMBER'],
      ['goes without a word', '', 'ECONNRESET'],
      ['says nothing', undefined, 'ERR_TLS_HANDSHAKE_TIMEOUT'],
    ]
    for (const [name, bytes, code] of junk) {
      test(`lets go of one that ${name}`, async (t) => {
        const world = await open(t, { handshakeMs: 150 })
        const client = connectPlain(world.port, '127.0.0.1')
        client.on('error', () => client.destroy())
        if (bytes === '') client.end()
        else if (bytes !== undefined) client.write(bytes, 'latin1')
        client.resume()
        await once(client, 'close')
        await eventually(() => world.faults.length > 0)
        assert.deepEqual(world.faults, [code])
      })
    }

    test('survives hellos that were changed anywhere', async (t) => {
      const world = await open(t, { handshakeMs: 300 })
      const hello = await recordedHello(t)
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
          fc.nat(hello.length),
          async (changes, cut) => {
            const bytes = Buffer.from(hello)
            for (const [at, value] of changes) bytes[at] = value
            const client = connectPlain(world.port, '127.0.0.1')
            client.on('error', () => client.destroy())
            client.resume()
            client.end(cut % 3 === 0 ? bytes.subarray(0, cut) : bytes)
            await once(client, 'close')
          },
        ),
        { numRuns: 300 },
      )
      const { client, socket } = await meet(t, world)
      const got = collect(client)
      socket.write('fine')
      await eventually(() => got.text === 'fine')
    })

    test('hears the end in order, ends its own side with a word, and is closed', async (t) => {
      const { client, socket, events, read } = await meetDirectly(t, await open(t))
      const ended = once(client, 'end')
      client.end('last words')
      client.resume()
      await ended
      await eventually(() => events.includes('close'))
      assert.deepEqual([textOf(read), events], ['last words', ['end', 'close']])
      assert.equal(socket.destroyed, true)
    })

    const behinds: [
      name: string,
      behind: (socket: SecureSocket, line: DirectLine) => void,
      more: string,
    ][] = [
      ['is destroyed', (socket) => void socket.destroy(), ''],
      ['is ended', (socket) => void socket.end(), ''],
      ['is ended with a word', (socket) => void socket.end('of the stream'), 'of the stream'],
      ['is given back', (socket, line) => (line.giveBack(), void socket.end('stream')), 'stream'],
      [
        'writes more than waits in a round',
        (socket, line) => (line.write('m'.repeat(100_000)), void socket.end()),
        'm'.repeat(100_000),
      ],
    ]
    for (const [name, behind, more] of behinds) {
      test(`sends what it was told where it ${name} in the same round`, async (t) => {
        const world = await open(t)
        const { client, socket } = await meet(t, world)
        const line: DirectLine =
          socket.openLine({
            read: () => {
              line.write('one,')
              line.write('two', Buffer.from(','), 'three.')
              behind(socket, line)
            },
          }) ?? assert.fail()
        const heard = collect(client)
        client.write('ask')
        await once(client, 'close')
        assert.equal(heard.text, `one,two,three.${more}`)
      })
    }

    test('has the next write wait where a peer took nothing of what waited in a round', async (t) => {
      const world = await open(t)
      const { client, socket, events } = await meet(t, world)
      const taken: boolean[] = []
      const line: DirectLine =
        socket.openLine({ read: () => void taken.push(line.write('s'.repeat(16_000))) }) ??
        assert.fail()
      client.pause()
      const askWhile = async (goesOn: () => boolean): Promise<void> => {
        while (goesOn() && taken.length < 4000) {
          const asked = taken.length
          client.write('ask')
          await eventually(() => taken.length > asked)
        }
      }
      // Short ones, which all wait for the end of their round, until the kernel has no room.
      await askWhile(() => socket.writableLength === 0)
      assert.ok(socket.writableLength > 0 && taken.every((hasRoom) => hasRoom))
      // What is told in later rounds goes behind what is left, and who writes hears that there is no room.
      await askWhile(() => taken.at(-1) === true)
      assert.equal(taken.at(-1), false)
      const heard = collect(client)
      await eventually(() => heard.text.length === taken.length * 16_000)
      await eventually(() => events.includes('drain'))
      assert.equal(socket.writableLength, 0)
    })

    test('gives each reader its own bytes, where many come in one round and one goes meanwhile', async (t) => {
      const world = await open(t)
      const clients: TLSSocket[] = []
      const said: string[] = []
      const sockets: SecureSocket[] = []
      for (let who = 0; who < 12; who++) {
        const { client, socket } = await meet(t, world)
        clients.push(client)
        sockets.push(socket)
        const name = String.fromCharCode(97 + who)
        const line: DirectLine =
          socket.openLine({
            read: (bytes, from) => {
              said.push(from.toString('latin1', 0, bytes))
              from.fill(0, 0, bytes)
              line.write(name.repeat(50))
              // The next one goes before it is told of what came for it.
              if (who % 4 === 0) sockets[who + 1]?.destroy()
            },
          }) ?? assert.fail()
      }
      const heard = clients.map(collect)
      for (const [who, client] of clients.entries())
        client.write(String.fromCharCode(65 + who).repeat(30))
      await eventually(() => heard.filter(({ text }) => text.length === 50).length >= 9)
      await sleep(20)
      for (const [who, { text }] of heard.entries())
        assert.match(text, new RegExp(`^(${String.fromCharCode(97 + who)}{50})?$`))
      for (const text of said) assert.match(text, /^([A-Z])\1{29}$/)
      assert.equal(new Set(said).size, said.length)
      const { plain, plainPieces, textPieces } = threadSsl() ?? assert.fail()
      assert.deepEqual([plainPieces.end, textPieces.end], [0, 0])
      assert.doesNotMatch(plain.toString('latin1'), /([A-Z])\1{9}/)
    })

    test('is broken when its connection is', async (t) => {
      for (const isPaused of [false, true]) {
        const world = await open(t)
        const below = connectPlain(world.port, '127.0.0.1')
        const { line, events } = await meetDirectly(t, world, { socket: below })
        if (isPaused) line.pause()
        below.resetAndDestroy()
        await eventually(() => events.includes('close'))
        assert.deepEqual(events, ['ECONNRESET', 'close'])
      }
    })

    test('keeps the order of what the kernel does not take at once, and tells when it drained', async (t) => {
      const { client, socket, line, events } = await meetDirectly(t, await open(t))
      client.pause()
      let isFull = false
      const body = Buffer.alloc(900_000, 'b')
      for (let i = 0; i < 20; i++) isFull = !line.write(`<${i}>`, body, '|') || isFull
      line.write('last')
      assert.ok(isFull && socket.writableLength > 0)
      const got = collect(client)
      await eventually(() => got.text.endsWith('last'))
      assert.deepEqual(
        got.text.split('|').map((part) => [part.slice(0, 4), part.length]),
        [
          ...Array.from({ length: 20 }, (_, i) => [
            `<${i}>bb`.slice(0, 4),
            900_002 + `${i}`.length,
          ]),
          ['last', 4],
        ],
      )
      await eventually(() => events.includes('drain'))
      assert.equal(socket.writableLength, 0)
    })

    test('writes and reads any pieces on many connections at once, mixed up by nothing', async (t) => {
      const world = await open(t)
      const lines: Line[] = []
      for (const maxVersion of [...VERSIONS, ...VERSIONS, ...VERSIONS])
        lines.push(await meetDirectly(t, world, { maxVersion }))
      const heard = lines.map(({ client }) => collect(client))
      const said = lines.map(() => ({ up: '', down: '' }))
      const step = fc.record({
        who: fc.nat(5),
        bytes: fc.constantFrom(1, 300, 16_384, 16_385, 49_153, 200_000),
        isUp: fc.boolean(),
        rests: fc.boolean(),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
          for (const { who, bytes, isUp, rests } of steps) {
            const { client, line } = lines[who] ?? assert.fail()
            const text = String.fromCharCode(97 + who).repeat(bytes - 1) + (isUp ? '^' : 'v')
            const saying = said[who] ?? assert.fail()
            if (isUp) client.write(text, 'latin1')
            else if (bytes % 2 === 0) line.write(text)
            else line.write('', Buffer.from(text, 'latin1'))
            if (isUp) saying.up += text
            else saying.down += text
            if (rests) await sleep(1)
          }
          await eventually(() =>
            lines.every(({ read }, i) => Buffer.concat(read).length === said[i]?.up.length),
          )
          await eventually(() => heard.every(({ text }, i) => text.length === said[i]?.down.length))
          assert.ok(lines.every(({ read }, i) => textOf(read) === said[i]?.up))
          assert.ok(heard.every(({ text }, i) => text === said[i]?.down))
        }),
        { numRuns: 15 },
      )
    })

    test('reads records that come in any pieces', async (t) => {
      const world = await open(t)
      // Between the two: a relay that cuts.
      let cuts: readonly number[] = [1]
      const relay = await relayTo(t, world.port, () => cuts)
      const { client, read } = await meetDirectly(t, world, { port: relay })
      for (const pieces of [[1], [3, 7], [21, 22, 23], [500]]) {
        cuts = pieces
        read.length = 0
        const text = 'abcdefghij'.repeat(300)
        client.write(text)
        client.write('.')
        await eventually(() => textOf(read) === `${text}.`)
      }
    })

    test('breaks when what comes was changed on its way, and hands over none of it', async (t) => {
      const world = await open(t)
      let spoils = false
      const relay = await relayTo(t, world.port, undefined, (chunk) => {
        if (spoils) chunk[chunk.length - 1] = (chunk.at(-1) ?? 0) ^ 1
        return chunk
      })
      const { client, read, events } = await meetDirectly(t, world, { port: relay })
      client.write('good')
      await eventually(() => textOf(read) === 'good')
      spoils = true
      client.write('changed')
      await eventually(() => events.includes('close'))
      assert.deepEqual(events, ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'close'])
      assert.equal(textOf(read), 'good')
      // The others go on.
      const other = await meetDirectly(t, world)
      other.client.write('fine')
      await eventually(() => textOf(other.read) === 'fine')
    })

    test('takes new keys from its client, and gives some', async (t) => {
      const world = await open(t)
      const client = spawn('openssl', [
        's_client',
        '-connect',
        `127.0.0.1:${world.port}`,
        '-tls1_3',
      ])
      t.after(() => client.kill())
      let heard = ''
      client.stdout.on('data', (chunk: Buffer) => (heard += chunk.toString()))
      await eventually(() => world.sockets.length === 1)
      const [socket] = world.sockets
      assert.ok(socket)
      const read: string[] = []
      const line = socket.openLine({
        read: (bytes, from) => void read.push(from.toString('latin1', 0, bytes)),
      })
      for (const command of ['K', 'k', 'K']) {
        // A letter alone on a line has the client change its keys; `K` asks for ours, too.
        client.stdin.write(`${command}\n`)
        await sleep(50)
        client.stdin.write(`after ${command}\n`)
        await eventually(() => read.join('').endsWith(`after ${command}\n`))
        line?.write(`answer to ${command}\n`)
        await eventually(() => heard.includes(`answer to ${command}\n`))
      }
    })

    test('is a stream again when it is given back', async (t) => {
      const { client, socket, line, read } = await meetDirectly(t, await open(t))
      client.write('first')
      await eventually(() => textOf(read) === 'first')
      line.pause()
      client.write('second')
      await sleep(20)
      line.giveBack()
      const got = collect(socket)
      await eventually(() => got.text === 'second')
      const echo = collect(client)
      socket.write('as a stream')
      await eventually(() => echo.text === 'as a stream')
      let isTimedOut = false
      socket.setTimeout(80, () => (isTimedOut = true))
      for (let i = 0; i < 6; i++) {
        client.write('x')
        await sleep(30)
      }
      assert.equal(isTimedOut, false)
      await eventually(() => isTimedOut)
    })

    test('serves another certificate from the next handshake on', async (t) => {
      const world = await open(t)
      const before = await meet(t, world)
      const folder = mkdtempSync(join(tmpdir(), 'sallyport-secure-'))
      const other = openAutoTls({ folder, names: [], min: '1.2', clock: systemClock })
      t.after(() => other.close())
      world.server.setSecureContext(other.options)
      const next = await meet(t, world)
      const prints = [before, next].map(({ client }) => client.getPeerCertificate().fingerprint256)
      assert.notEqual(prints[0], prints[1])
      const got = collect(before.client)
      before.socket.write('still here')
      await eventually(() => got.text === 'still here')
      assert.throws(() => world.server.setSecureContext({ ...other.options, ecdhCurve: 'none' }))
      assert.equal((await meet(t, world)).client.getPeerCertificate().fingerprint256, prints[1])
    })

    test('leaves it to Node where an option is not one that it knows', () => {
      const secure = { ...tls.options, pfx: 'x' }
      const options = { protocols: ['h2'], handshakeMs: 1000 }
      assert.equal(openSecureServer({ ...options, secure }), undefined)
      assert.equal(
        openSecureServer({ ...options, secure: { ...tls.options, key: 'x' } }),
        undefined,
      )
    })

    test('leaves nothing of all that in the queues and errors that connections share', async (t) => {
      await meet(t, await open(t))
      const ssl = threadSsl()
      assert.ok(ssl)
      const { calls, incoming, outgoing } = ssl
      assert.deepEqual(
        [incoming, outgoing].map((bio) => calls.BIO_ctrl_pending(bio)),
        [0, 0],
      )
      assert.equal(calls.ERR_get_error(), 0n)
    })

    test('keeps no memory of connections that are gone', () => {
      const code = `
        import { once } from 'node:events'
        import { mkdtempSync } from 'node:fs'
        import { tmpdir } from 'node:os'
        import { connect } from 'node:tls'
        import { systemClock } from './src/base/clock.ts'
        import { openSecureServer } from './src/edges/openssl/secure-server.ts'
        import { openAutoTls } from './src/edges/tls/auto.ts'
        const folder = mkdtempSync(tmpdir() + '/sallyport-secure-')
        const { options } = openAutoTls({ folder, names: [], min: '1.2', clock: systemClock })
        const server = openSecureServer({ secure: options, protocols: ['h2'], handshakeMs: 5000 })
        const open = new Set()
        server.on('secureConnection', (socket) => {
          open.add(socket.on('error', () => {}).on('close', () => open.delete(socket)))
        })
        server.listen(0)
        await once(server, 'listening')
        const comeAndGo = async () => {
          const client = connect({ port: server.address().port, rejectUnauthorized: false })
          client.on('error', () => client.destroy())
          await once(client, 'secureConnect')
          client.destroy()
        }
        const many = async (count) => {
          for (let i = 0; i < count; i += 20) await Promise.all(Array.from({ length: 20 }, comeAndGo))
          while (open.size > 0) await new Promise((done) => setTimeout(done, 10))
          gc()
          return process.memoryUsage().rss
        }
        const before = await many(2000)
        console.log((await many(4000)) - before)
        process.exit(0)`
      const { stdout, stderr } = spawnSync(
        process.execPath,
        ['--expose-gc', '--input-type=module-typescript', '-e', code],
        { cwd: join(import.meta.dirname, '../../..'), encoding: 'utf8', timeout: 120_000 },
      )
      assert.match(stdout, /^-?\d+\n$/, stderr)
      // A session of OpenSSL is some 60 KB: 4,000 of them would be 240 MB.
      assert.ok(Number(stdout) < 100_000_000, `${stdout} bytes`)
    })
  },
)

/** A relay that sends on what clients say in pieces of such lengths, or changed. @returns its port. */
async function relayTo(
  t: TestContext,
  port: number,
  cuts: () => readonly number[] = () => [65_536],
  change: (chunk: Buffer) => Buffer = (chunk) => chunk,
): Promise<number> {
  const relay = createServer({ noDelay: true }, (client) => {
    const server = connectPlain({ port, host: '127.0.0.1', noDelay: true })
    const sendOn = async (): Promise<void> => {
      for await (const chunk of client as AsyncIterable<Buffer>) {
        const changed = change(chunk)
        for (let at = 0, i = 0; at < changed.length; i++) {
          const lengths = cuts()
          const length = lengths[i % lengths.length] ?? 1
          server.write(changed.subarray(at, at + length))
          at += length
          if (i < 40) await sleep(1)
        }
      }
    }
    // A side that broke is seen by its connection.
    sendOn().catch(() => server.destroy())
    server.pipe(client)
    for (const side of [client, server]) side.on('error', () => side.destroy())
    client.on('close', () => server.destroy())
    t.after(() => client.destroy())
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  t.after(() => relay.close())
  return (relay.address() as AddressInfo).port
}

/** The first bytes of a client. */
async function recordedHello(t: TestContext): Promise<Buffer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect({ port, rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] })
  client.on('error', () => client.destroy())
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [hello] = (await once(socket, 'data')) as [Buffer]
  t.after(() => {
    client.destroy()
    socket.destroy()
    server.close()
  })
  return hello
}
