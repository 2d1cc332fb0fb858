import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import type { Asker, Got } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'

// RFC 9110 8.4 and 12.5.3 (content codings), BREACH: `data.compress` through every control, over both transports.

const ok = (content: object): object => ({ 200: { description: 'ok', content } })
const ITEMS = { type: 'array', items: { type: 'object', properties: { id: { type: 'integer' } } } }
const DOCUMENT = JSON.stringify({
  openapi: '3.1.0',
  info: { title: 'Items', version: '1' },
  paths: {
    '/items': {
      get: { operationId: 'items', responses: ok({ 'application/json': { schema: ITEMS } }) },
    },
    '/report': { get: { operationId: 'report', security: [], responses: ok({ 'text/csv': {} }) } },
    '/quiet': { get: { operationId: 'quiet', responses: ok({ 'text/csv': {} }) } },
  },
})
const KEPT = JSON.stringify(Array.from({ length: 300 }, (_, id) => ({ id })))
const GIVEN = JSON.stringify(Array.from({ length: 300 }, (_, id) => ({ id, pin: 'x' })))
const REPORT = 'a,b,c\n'.repeat(300_000)

const upstream = createServer((req, res) => {
  const isJson = req.url === '/items'
  res.setHeader('content-type', isJson ? 'application/json' : 'text/csv')
  res.setHeader('etag', '"v1"')
  res.end(isJson ? GIVEN : REPORT)
})

for (const transport of ['node', 'fast'] as const) {
  suite(`compression over ${transport}`, () => {
    let gateway: TestGateway
    let client: Asker
    let key = ''

    before(async () => {
      if (!upstream.listening)
        await new Promise<void>((done) => upstream.listen(0, '127.0.0.1', done))
      const { port } = upstream.address() as AddressInfo
      gateway = await startGateway({
        transport,
        files: { 'openapi.json': DOCUMENT },
        yaml: `openapi: ./openapi.json
upstream: http://127.0.0.1:${port}
listen: { https: 8443, tls: auto }
data: { compress: on }
rules: [{ operation: quiet, data: { compress: off } }]`,
      })
      client = asker(gateway.httpsPort, gateway.ca)
      key = (await gateway.createKey()).key
    })
    after(async () => {
      client.close()
      await gateway.close()
    })

    const ask = (target: string, headers: Record<string, string> = {}): Promise<Got> =>
      client.ask({ target, headers: { 'x-api-key': key, 'accept-encoding': 'br', ...headers } })

    test('a filtered answer is compressed', async () => {
      const got = await ask('/items')
      assert.equal(got.headers.get('content-encoding'), 'br')
      assert.match(got.headers.get('vary') ?? '', /accept-encoding/i)
      assert.equal(got.headers.get('content-length'), String(got.body.length))
      assert.equal(brotliDecompressSync(got.body).toString(), KEPT)
    })

    test('a streamed answer is compressed, with a weak validator', async () => {
      const got = await ask('/report', { 'accept-encoding': 'gzip' })
      assert.equal(got.headers.get('content-encoding'), 'gzip')
      assert.equal(got.headers.get('etag'), 'W/"v1"')
      assert.ok(got.body.length < 20_000)
      assert.equal(gunzipSync(got.body).toString(), REPORT)
    })

    const plain: [name: string, target: string, headers: Record<string, string>][] = [
      ['for a client that does not ask', '/report', { 'accept-encoding': 'identity' }],
      ['with a cookie', '/report', { cookie: 'a=b' }],
      ['for a page of another site', '/report', { 'sec-fetch-site': 'cross-site' }],
      ['where a rule says so', '/quiet', {}],
    ]
    for (const [name, target, headers] of plain) {
      test(`is off ${name}`, async () => {
        const got = await ask(target, headers)
        assert.equal(got.status, 200)
        assert.equal(got.headers.get('content-encoding'), undefined)
        assert.equal(got.headers.get('etag'), '"v1"')
        assert.equal(got.text, REPORT)
      })
    }
  })
}

after(() => upstream.close())
