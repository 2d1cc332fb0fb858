import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { send, type Destination } from './calls.ts'
import { HOLES } from './holes.ts'
import { HONEST_CALLS, type HonestCall } from './honest-calls.ts'
import { startShop, type Shop } from './server.ts'

interface Operation {
  readonly operationId: string
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> }
  readonly responses: Readonly<Record<string, unknown>>
}
type Schema = Record<string, unknown>

const text = readFileSync(join(import.meta.dirname, 'openapi.yaml'), 'utf8')
const METHODS = ['get', 'put', 'post', 'patch', 'delete']

/** The document with fields that only the other direction has taken out of `required`. */
function documentFor(direction: 'request' | 'response'): Schema {
  const foreign = direction === 'request' ? 'readOnly' : 'writeOnly'
  const document = parse(text) as { components: { schemas: Record<string, Schema> } }
  const isForeign = (schema: Schema | undefined): boolean => {
    const name = /schemas\/(.*)$/.exec(String(schema?.['$ref']))?.[1]
    return (name === undefined ? schema : document.components.schemas[name])?.[foreign] === true
  }
  const relax = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return
    const { properties, required } = node as { properties?: Record<string, Schema>; required?: [] }
    if (properties !== undefined && Array.isArray(required)) {
      Object.assign(node, { required: required.filter((name) => !isForeign(properties[name])) })
    }
    Object.values(node).forEach(relax)
  }
  relax(document)
  return document
}

function operations(): readonly [pointer: string, method: string, path: string, Operation][] {
  const { paths } = parse(text) as { paths: Record<string, Record<string, Operation>> }
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map(
      (method): [string, string, string, Operation] => {
        const pointer = `/paths/${path.replaceAll('/', '~1').replaceAll(/[{}]/g, encodeURIComponent)}/${method}`
        return [pointer, method, path, item[method] as Operation]
      },
    ),
  )
}

const OPERATIONS = operations()

function validatorFor(
  direction: 'request' | 'response',
): (pointer: string, data: unknown) => string {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, validateSchema: false })
  ajv.addSchema(documentFor(direction), 'shop')
  return (pointer, data) => {
    const validate = ajv.getSchema(`shop#${pointer}`)
    assert.ok(validate !== undefined, pointer)
    return validate(data) === true ? '' : ajv.errorsText(validate.errors)
  }
}

function pointerOf(call: HonestCall): string {
  const found = OPERATIONS.find(([, , , operation]) => operation.operationId === call.operationId)
  assert.ok(found !== undefined, call.operationId)
  return found[0]
}

let shop: Shop
before(async () => {
  shop = await startShop({ quiet: true })
})
after(() => shop.close())

const senders: [name: string, credentials: Destination['credentials']][] = [
  [
    "with the shop's own token",
    (user) => ({ Authorization: `Bearer ${shop.tokenFor(shop.users[user].id)}` }),
  ],
  ['as the guest, as behind a gateway that strips credentials', () => ({})],
]

for (const [sender, credentials] of senders) {
  for (const call of HONEST_CALLS) {
    test(`${call.method} ${call.target} answers ${call.status} as declared, ${sender}`, async () => {
      const answer = await send(call, { url: shop.url, credentials })
      assert.equal(answer.status, call.status)
      const body = await answer.text()
      const type = answer.headers.get('content-type')
      if (type === 'application/json') {
        assert.equal(faultsOf(call, JSON.parse(body)), '')
      } else if (call.status === 200) {
        assert.match(body, EXPECTED_BYTES[String(type)] ?? /^$/)
      }
    })
  }
}

const EXPECTED_BYTES: Readonly<Record<string, RegExp>> = {
  'text/csv': /^id,userId,status,amount,currency,note,store,createdAt\r\n1,1,shipped,6280,EUR,/,
  'text/event-stream': /^id: 1\nevent: tick\ndata: \{"tick":1,.*\}\n\nid: 2\n.*\n.*\n\n$/,
  'image/png': /PNG/,
}

const validate = validatorFor('response')
function faultsOf(call: HonestCall, body: unknown): string {
  if (call.status >= 400) return validate('/components/schemas/Error', body)
  const content = `${pointerOf(call)}/responses/${call.status}/content`
  return validate(`${content}/application~1json/schema`, body)
}

test('honest bodies fit the declared request schema', () => {
  const validateRequest = validatorFor('request')
  let checked = 0
  for (const call of HONEST_CALLS) {
    if (typeof call.body !== 'object' || call.body instanceof Uint8Array) continue
    const pointer = `${pointerOf(call)}/requestBody/content/application~1json/schema`
    assert.equal(validateRequest(pointer, call.body), '', call.operationId)
    checked++
  }
  assert.ok(checked >= 7)
})

test('the schema check sees a field of the wrong type', () => {
  const pointer = '/components/schemas/Order'
  assert.match(validate(pointer, { id: 'seven' }), /must/)
})

test('every operation has an honest call, and every honest call an operation', () => {
  const declared = OPERATIONS.map(([, , , operation]) => operation.operationId)
  assert.equal(new Set(declared).size, declared.length)
  assert.deepEqual(
    [...new Set(HONEST_CALLS.map((call) => call.operationId))].toSorted(),
    declared.toSorted(),
  )
})

test('the document is silent about what the holes leak', () => {
  for (const word of [
    'passwordHash',
    'resetToken',
    'internalNotes',
    'costPrice',
    'debug',
    'cardNumber',
  ]) {
    assert.ok(!text.includes(word), word)
    assert.ok(
      HOLES.some((hole) => `${hole.shows.source}${hole.target}`.includes(word)),
      word,
    )
  }
})

test('the document is well-formed OpenAPI', async () => {
  const result = await new Validator().validate(text)
  assert.deepEqual(result.errors ?? [], [])
  assert.ok(result.valid)
})
