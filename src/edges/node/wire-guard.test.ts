import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Socket } from 'node:net'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { exchangeRaw } from '../testing/edge-kit.ts'
import type { ReadHead } from './wire-guard.ts'
import { WireGuard } from './wire-guard.ts'

const RULES = { maxHeadBytes: 4_096, maxChunkExtraBytes: 1_024, copiesBody: false }
const HEAD = 'GET /a HTTP/1.1\r\nHost: x\r\nA: b \r\n'

/** A server of Node whose sockets are guarded, and what was seen. */
async function startGuarded(
  t: TestContext,
  onRequest: (guard: WireGuard, req: IncomingMessage) => boolean,
): Promise<{ readonly port: number; readonly seen: unknown[] }> {
  const seen: unknown[] = []
  const guards = new WeakMap<Socket, WireGuard>()
  const server: Server = createServer((req, res) => {
    const guard = guards.get(req.socket)
    assert.ok(guard !== undefined)
    seen.push([req.method, req.url, onRequest(guard, req)])
    res.end('ok')
  })
  server.on('connection', (socket: Socket) => {
    const onFault = (status: number, detail: string): void => {
      seen.push([status, detail])
      socket.destroy()
    }
    guards.set(socket, new WireGuard(socket, { rules: RULES, onFault }))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.after(() => server.close())
  return { port: (server.address() as AddressInfo).port, seen }
}

suite('the guard before the parser of Node', () => {
  test('passes what both read alike, many in one piece', async (t) => {
    const { port, seen } = await startGuarded(t, (guard, { method = '', url = '', rawHeaders }) =>
      guard.agrees({ method, target: url, rawHeaders }, false),
    )
    await exchangeRaw(port, `${HEAD}\r\n${HEAD}Connection: close\r\n\r\n`)
    assert.deepEqual(seen, [
      ['GET', '/a', true],
      ['GET', '/a', true],
    ])
  })

  const others: [name: string, change: (req: IncomingMessage) => Partial<ReadHead>][] = [
    ['another method', () => ({ method: 'PUT' })],
    ['another target', () => ({ target: '/b' })],
    ['another value', () => ({ rawHeaders: ['Host', 'x', 'A', 'c'] })],
    ['one field less', () => ({ rawHeaders: ['Host', 'x'] })],
    ['one field more', (req) => ({ rawHeaders: [...req.rawHeaders, 'B', 'c'] })],
  ]
  for (const [name, change] of others) {
    test(`hears that Node read ${name}`, async (t) => {
      const { port, seen } = await startGuarded(t, (guard, req) => {
        const { method = '', url = '', rawHeaders } = req
        return guard.agrees({ method, target: url, rawHeaders, ...change(req) }, false)
      })
      await exchangeRaw(port, `${HEAD}Connection: close\r\n\r\n`)
      assert.deepEqual(seen, [['GET', '/a', false]])
    })
  }

  test('a request more than were passed on is none', async (t) => {
    const { port, seen } = await startGuarded(t, (guard, { method = '', url = '', rawHeaders }) => {
      const head = { method, target: url, rawHeaders }
      return guard.agrees(head, false) && guard.agrees(head, false)
    })
    await exchangeRaw(port, `${HEAD}Connection: close\r\n\r\n`)
    assert.deepEqual(seen, [['GET', '/a', false]])
  })

  test('nothing of a faulty head reaches Node, what was right before it does', async (t) => {
    const { port, seen } = await startGuarded(t, () => true)
    await exchangeRaw(port, `${HEAD}\r\nGET  /evil HTTP/1.1\r\nHost: x\r\n\r\n`)
    assert.deepEqual(seen, [
      ['GET', '/a', true],
      [400, 'HPE_INVALID_URL'],
    ])
  })

  test('a socket that nobody reads, or somebody else too, is a defect', () => {
    const plan = { rules: RULES, onFault: () => undefined }
    const socket = new Socket()
    assert.throws(() => new WireGuard(socket, plan), /unexpected listeners/)
    socket.on('data', () => undefined).on('data', () => undefined)
    assert.throws(() => new WireGuard(socket, plan), /unexpected listeners/)
  })
})
