import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderTable } from '../http/header-table.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { SendWhole, UpstreamRequest, WholeAnswer } from './core.ts'
import { keptFields } from './kept-fields.ts'
import type { SitePlan } from './plan.ts'
import { readObject } from './read-object.ts'

const PLAN = {
  site: { index: 0 },
  api: {
    runtime: { model: { name: 'shop' } },
    publicBase: '/v1',
    upstreamBase: '/api',
    upstreamHost: 'shop.internal',
    firstByteMs: 5,
  },
  keepsRequestHeader: keptFields([(name) => name === 'x-secret']),
  forwardsTe: false,
  hooks: { forward: [(_: Exchange, out: string[]) => void out.push('accept', 'application/json')] },
} as unknown as SitePlan

const EXCHANGE = {
  head: {
    headers: new HeaderTable([
      'Content-Type',
      'application/json',
      'Content-Length',
      '9',
      'If-Match',
      '"1"',

      'Range',
      'bytes=0-1',
      'Authorization',
      'Bearer t',
      'X-Secret',
      's',
      'Accept-Encoding',
      'br',
    ]),
  },
} as unknown as Exchange

async function read(answer: WholeAnswer | undefined) {
  let sent: UpstreamRequest | undefined
  const send: SendWhole = (request) => {
    sent = request
    return Promise.resolve(answer)
  }
  const found = await readObject(EXCHANGE, { sitePlan: PLAN, path: '/v1/orders/5', send })
  return { found, sent }
}

test('an object is read with the caller’s rights, and without what describes the caller’s body', async () => {
  const body = Buffer.from('{}')
  const { found, sent } = await read({ status: 200, rawHeaders: ['a', 'b'], body })
  assert.deepEqual(found, { status: 200, body })
  assert.deepEqual([sent?.method, sent?.path, sent?.upstream], ['GET', '/api/orders/5', 'shop'])
  assert.deepEqual(sent?.headers, [
    'host',
    'shop.internal',
    'authorization',
    'Bearer t',
    'accept',
    'application/json',
    'accept-encoding',
    'identity',
  ])
})

test('an answer in a coding that nobody asked for says nothing', async () => {
  const coded = { status: 200, rawHeaders: ['Content-Encoding', 'gzip'], body: Buffer.from('x') }
  assert.equal((await read(coded)).found, undefined)
  const plain = { ...coded, rawHeaders: ['Content-Encoding', 'identity'] }
  assert.equal((await read(plain)).found?.status, 200)
})

test('no answer is none', async () => {
  assert.equal((await read(undefined)).found, undefined)
})
