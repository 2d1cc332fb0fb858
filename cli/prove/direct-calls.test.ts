import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { decodeJwt } from 'jose'
import { callDirectly } from './direct-call.ts'
import type { DirectOutcome } from './direct-call.ts'
import { directFault, proveDirectCalls } from './direct-calls.ts'
import type { ProofRow } from './result.ts'

const DOCUMENT = `openapi: 3.1.0
info: { title: Orders, version: '1' }
servers: [{ url: /v1 }]
components: { securitySchemes: { key: { type: apiKey, in: header, name: X-API-Key } } }
security: [{ key: [] }]
paths:
  /orders/{id}: { get: { parameters: [{ name: id, in: path, required: true, schema: {} }], responses: { '200': { description: ok } } } }
  /open: { get: { security: [], responses: { '200': { description: ok } } } }
  /orders: { get: { responses: { '200': { description: ok } } } }
`

suite('calls past the gateway', () => {
  const folder = mkdtempSync(join(tmpdir(), 'direct-'))
  const seen: IncomingMessage[] = []
  let answer: (request: IncomingMessage) => number = () => 200
  const server = createServer((request, response) => {
    seen.push(request)
    response.writeHead(answer(request)).end()
  })
  before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
  after(() => {
    server.close()
    rmSync(folder, { recursive: true })
  })
  const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  async function prove(upstream: string): Promise<readonly ProofRow[]> {
    const config = join(folder, 'sallyport.yaml')
    writeFileSync(join(folder, 'openapi.yaml'), DOCUMENT)
    writeFileSync(config, `openapi: ./openapi.yaml\nupstream: ${upstream}\n`)
    seen.length = 0
    return proveDirectCalls({ config })
  }

  const stated = (): string => `{ url: ${origin()}, identity: true }`
  const token = (request: IncomingMessage): string | undefined =>
    request.headers['sallyport-identity'] as string | undefined

  test('an API on this machine that answers everybody is told, and no fault', async () => {
    answer = () => 200
    const [row, ...others] = await prove(origin())
    assert.equal(row?.isProven, true)
    assert.equal(row?.name, `GET ${origin()}/v1/orders past the gateway: answered 200`)
    assert.deepEqual([others, seen.length], [[], 1])
  })

  test('it is a fault where the operator says that the API checks the identity', async () => {
    answer = () => 404
    const [row] = await prove(stated())
    assert.match(row?.reason ?? '', /it does not$/)
  })

  test('an API that believes any token has a fault', async () => {
    answer = (request) => (token(request) === undefined ? 401 : 200)
    const [row] = await prove(stated())
    assert.match(row?.reason ?? '', /it does not$/)
    assert.equal(seen.length, 2)
    assert.equal(decodeJwt(token(seen[1] as IncomingMessage) ?? '').aud, 'api')
  })

  test('an API that refuses is proven', async () => {
    answer = () => 401
    const [row] = await prove(stated())
    assert.equal(row?.isProven, true)
    assert.match(row?.name ?? '', /: refused, 401$/)
  })

  test('every place of an API is tried, and one that cannot be reached is no fault', async () => {
    answer = () => 200
    const rows = await prove(`{ urls: [${origin()}, "http://127.0.0.1:1"] }`)
    assert.deepEqual(
      rows.map(({ isProven }) => isProven),
      [true, true],
    )
    assert.match(rows[1]?.name ?? '', /not reached from here, ECONNREFUSED$/)
  })

  const FAULTS: readonly [
    name: string,
    origin: string,
    outcome: DirectOutcome,
    isFault: boolean,
  ][] = [
    ['an answer from outside', 'https://api.example.com', { kind: 'answered', status: 200 }, true],
    ['an answer from inside', 'http://10.0.0.5:80', { kind: 'answered', status: 200 }, false],
    ['a refusal from outside', 'https://api.example.com', { kind: 'refused', detail: '' }, false],
    ['silence', 'https://api.example.com', { kind: 'unreachable', detail: '' }, false],
  ]
  for (const [name, from, outcome, isFault] of FAULTS) {
    test(`${name} is ${isFault ? 'a' : 'no'} fault`, () =>
      assert.equal(directFault(outcome, from, false) !== undefined, isFault))
  }

  const STATUSES: readonly [status: number, hasCertificate: boolean, kind: string][] = [
    [200, false, 'answered'],
    [302, false, 'answered'],
    [404, false, 'answered'],
    [400, false, 'answered'],
    [400, true, 'refused'],
    [401, false, 'refused'],
    [403, false, 'refused'],
    [421, false, 'refused'],
  ]
  for (const [status, hasCertificate, kind] of STATUSES) {
    test(`${status} ${hasCertificate ? 'for want of a certificate ' : ''}is ${kind}`, async () => {
      answer = () => status
      const call = { origin: origin(), path: '/', headers: [], hasCertificate }
      assert.equal((await callDirectly(call)).kind, kind)
    })
  }
})
