import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { connect, TLSSocket } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { TlsWorld } from '../testing/tls-world.ts'
import { secureContextOptions } from '../tls/context.ts'
import { TlsFacts } from './tls-facts.ts'

interface Seen {
  readonly facts: TlsFacts
  readonly clientClass: string | undefined
}

interface World {
  readonly port: number
  /** Connections as the gateway saw them, oldest first. */
  readonly seen: readonly Seen[]
  /** `session`: what a later connection may be resumed with. */
  connect(options?: ConnectionOptions): Promise<Seen & { readonly session: Buffer | undefined }>
}

/** A server that speaks TLS as the gateway's listener does. */
async function open(t: TestContext): Promise<World> {
  const world = new TlsWorld()
  const seen: Seen[] = []
  const pair = { cert: world.issue(['localhost']), key: world.clientCertificate.key.reveal() }
  const own = { ...secureContextOptions(pair, '1.2'), ALPNProtocols: ['h2', 'http/1.1'] }
  const port = await world.serve(t, own, (socket) => {
    const facts = new TlsFacts(socket)
    // Read while the connection is open, as a request does.
    seen.push({ facts, clientClass: facts.clientClass })
    socket.end('hello')
  })
  const connectWith = async (options: ConnectionOptions = {}) => {
    const base = { port, host: '127.0.0.1', servername: 'localhost', ca: world.ca }
    const socket = connect({ ...base, ...options })
    let session: Buffer | undefined
    socket.on('session', (made: Buffer) => (session = made))
    socket.resume()
    await once(socket, 'close')
    const last = seen.at(-1)
    assert.ok(last !== undefined)
    return { ...last, session }
  }
  return { port, seen, connect: connectWith }
}

/** Lets another program connect. @returns `undefined` where it is not installed. */
async function classOf(name: string, args: readonly string[], world: World) {
  const before = world.seen.length
  const isThere = await new Promise<boolean>((resolve) => {
    const child = execFile(name, args, { timeout: 5000 }, (error) =>
      resolve(error?.code !== 'ENOENT'),
    )
    child.stdin?.end()
  })
  if (!isThere) return undefined
  assert.equal(world.seen.length, before + 1, `${name} did not connect`)
  return world.seen.at(-1)?.clientClass
}

const ECDSA_ONLY = { sigalgs: 'ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256' }
const OTHER_ORDER = { sigalgs: 'rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256' }

suite('what a connection says of its client', () => {
  const rows: [name: string, one: ConnectionOptions, other: ConnectionOptions, isSame: boolean][] =
    [
      ['the same settings', {}, {}, true],
      ['another protocol above it', {}, { ALPNProtocols: ['http/1.1'] }, true],
      ['HTTP/2 above it', {}, { ALPNProtocols: ['h2'] }, true],
      [
        'another host name',
        {},
        { servername: 'other.test', checkServerIdentity: () => undefined },
        true,
      ],
      ['other groups', {}, { ecdhCurve: 'P-256' }, true],
      ['other signature algorithms', {}, ECDSA_ONLY, false],
      ['the same ones in another order', ECDSA_ONLY, OTHER_ORDER, true],
      ['TLS 1.2 alone', {}, { maxVersion: 'TLSv1.2' }, false],
      ['TLS 1.3 alone', {}, { minVersion: 'TLSv1.3' }, false],
    ]
  for (const [name, one, other, isSame] of rows)
    test(`${name}: ${isSame ? 'the same' : 'another'} class`, async (t) => {
      const world = await open(t)
      const first = await world.connect(one)
      const second = await world.connect(other)
      assert.match(first.clientClass ?? '', /^[\w-]{12}$/)
      assert.match(second.clientClass ?? '', /^[\w-]{12}$/)
      assert.equal(first.clientClass === second.clientClass, isSame)
    })

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
    test(`a resumed handshake of ${maxVersion} has no class, its version and cipher are as before`, async (t) => {
      const world = await open(t)
      const { facts: first, clientClass, session } = await world.connect({ maxVersion })
      assert.ok(session !== undefined)
      const { facts: resumed } = await world.connect({ maxVersion, session })
      assert.equal(resumed.clientClass, undefined)
      const shown = ({ protocol, cipher }: TlsFacts): unknown[] => [protocol, cipher]
      assert.deepEqual(shown(resumed), shown(first))
      assert.equal((await world.connect({ maxVersion })).clientClass, clientClass)
    })

  test('is read once, also after the connection is gone', async (t) => {
    const world = await open(t)
    const { facts, clientClass } = await world.connect()
    assert.ok(clientClass !== undefined)
    assert.equal(facts.clientClass, clientClass)
    const gone = new TLSSocket(new Socket())
    gone.destroy()
    assert.equal(new TlsFacts(gone).clientClass, undefined)
  })

  for (const [name, args] of [
    ['curl', (port: number) => ['-sk', '--http0.9', '-m', '3', `https://localhost:${port}/`]],
    ['openssl', (port: number) => ['s_client', '-connect', `127.0.0.1:${port}`]],
  ] as const)
    test(`${name} is the same each time`, async (t) => {
      const world = await open(t)
      const first = await classOf(name, args(world.port), world)
      if (first === undefined) return t.skip(`no ${name}`)
      assert.equal(await classOf(name, args(world.port), world), first)
    })

  test('openssl with algorithms of its own is another client', async (t) => {
    const world = await open(t)
    const args = ['s_client', '-connect', `127.0.0.1:${world.port}`]
    const usual = await classOf('openssl', args, world)
    if (usual === undefined) return t.skip('no openssl')
    const own = await classOf('openssl', [...args, '-sigalgs', 'ECDSA+SHA256'], world)
    assert.ok(own !== undefined && own !== usual)
  })
})
