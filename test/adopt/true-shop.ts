import type { Ask } from '../kit/ask.ts'
import type { Script } from '../kit/upstream.ts'

/** A place of a document (JSON Pointer) and what stands there instead; `undefined`: nothing. */
export type Damage = readonly [pointer: string, value: unknown]

const ORDER = { id: 7, total: 9.5, note: null, customer: { name: 'Ada', since: '2026-01-02' } }

/** The service itself: what every document below means to describe. */
export const answer: Script = (request, response) => {
  const json = (status: number, value: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json', etag: '"e1"' })
    response.end(`${JSON.stringify(value)} `)
  }
  const { method, target } = request
  const path = target.split('?', 1)[0]
  if (method === 'DELETE') return void response.writeHead(204).end()
  if (method === 'POST') return json(201, { ...ORDER, id: 8 })
  if (path === '/v1/orders') return json(200, [ORDER, { ...ORDER, note: 'x' }])
  if (path === '/v1/orders/500')
    return json(200, { error: 'Error: x\n    at Object.find (/srv/shop/orders.js:10:5)' })
  if (path === '/v1/orders/13')
    return json(200, { ...ORDER, passwordHash: '$2b$10$abc', customer: { resetToken: 'tok-1' } })
  if (path === '/v1/report') {
    response.writeHead(200, { 'content-type': 'text/csv' })
    return void response.end('id,total\n7,9.50\n')
  }
  return json(200, ORDER)
}

/** Calls of honest clients; the key is added. */
export const HONEST: readonly Ask[] = [
  { target: '/v1/orders?status=open&limit=2' },
  { target: '/v1/orders/7' },
  { target: '/v1/report' },
  {
    method: 'POST',
    target: '/v1/orders',
    body: { sku: 'a-1', count: 2, gift: true, note: null },
  },
  { method: 'DELETE', target: '/v1/orders/7' },
]

const json = (schema: unknown): unknown => ({ 'application/json': { schema } })
const ref = (name: string): unknown => ({ $ref: `#/components/schemas/${name}` })
const ok = (content?: unknown): unknown =>
  content === undefined ? { description: 'ok' } : { description: 'ok', content }
const query = (name: string, type: string): unknown => ({ name, in: 'query', schema: { type } })

/** The document with some of its places changed. */
export function documentWith(damage: readonly Damage[]): string {
  const document = trueDocument()
  for (const [pointer, value] of damage) {
    const names = pointer.split('/').slice(1).map(unescape)
    const last = names.pop() ?? ''
    const parent = names.reduce<unknown>((at, name) => Reflect.get(Object(at), name), document)
    if (value === undefined) Reflect.deleteProperty(Object(parent), last)
    else Reflect.set(Object(parent), last, value)
  }
  return JSON.stringify(document)
}

function unescape(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}

/** The document as it ought to be. */
function trueDocument(): object {
  const id = { name: 'id', in: 'path', required: true, schema: { type: 'integer' } }
  return {
    openapi: '3.0.3',
    info: { title: 'Shop', version: '1' },
    servers: [{ url: '/v1' }],
    security: [{ key: [] }],
    paths: {
      '/orders': {
        get: {
          operationId: 'listOrders',
          parameters: [query('status', 'string'), query('limit', 'integer')],
          responses: { 200: ok(json({ type: 'array', items: ref('Order') })) },
        },
        post: {
          operationId: 'addOrder',
          requestBody: { required: true, content: json(ref('NewOrder')) },
          responses: { 201: ok(json(ref('Order'))) },
        },
      },
      '/orders/{id}': {
        parameters: [id],
        get: { operationId: 'getOrder', responses: { 200: ok(json(ref('Order'))) } },
        delete: { operationId: 'dropOrder', responses: { 204: ok() } },
      },
      '/report': {
        get: {
          operationId: 'report',
          responses: { 200: ok({ 'text/csv': { schema: { type: 'string' } } }) },
        },
      },
    },
    components: {
      securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-API-Key' } },
      schemas: {
        Order: {
          type: 'object',
          properties: {
            id: { type: 'integer' },
            total: { type: 'number' },
            note: { type: 'string', nullable: true },
            customer: {
              type: 'object',
              properties: { name: { type: 'string' }, since: { type: 'string' } },
            },
          },
        },
        NewOrder: {
          type: 'object',
          required: ['sku', 'count'],
          properties: {
            sku: { type: 'string' },
            count: { type: 'integer' },
            gift: { type: 'boolean' },
            note: { type: 'string', nullable: true },
          },
        },
      },
    },
  }
}
