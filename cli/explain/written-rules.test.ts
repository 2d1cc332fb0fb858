import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Explanation } from '../explain.ts'
import { makeFolder, runCli } from '../testing/cli-process.ts'

const OPENAPI = `openapi: 3.1.0
info: { title: a, version: '1' }
components:
  securitySchemes: { key: { type: apiKey, in: header, name: X-Api-Key } }
  schemas:
    Line: { type: object, x-sallyport-owner: seller, properties: { seller: { type: string } } }
    Order:
      type: object
      properties:
        ownerId: { type: string }
        margin: { type: number }
        card: { type: string, x-sallyport-class: payment }
        lines: { type: array, items: { $ref: '#/components/schemas/Line' } }
security: [{ key: [] }]
paths:
  /orders/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
    get: { operationId: getOrder, tags: [shop], responses: { '200': { description: ok, content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } } } } }
`
const YAML = `openapi: ./openapi.yaml
upstream: http://127.0.0.1:3000
store: 'memory:'
authorize:
  roles: { hr: ["*"], clerk: ["op:getOrder"] }
  schemas: { Order: 'response.ownerId == subject.id' }
  fields:
    Order.margin: { read: { hr: pass, owner: truncate2 }, write: [hr] }
data: { classes: { payment: { hr: pass, others: last4 } } }
rules:
  - tag: shop
    authorize:
      acl: { groups: [ops], deny: { subjects: [mallory] } }
      when: 'network.ip in ["127.0.0.0/8"]'
`

async function explain(t: TestContext, ...args: readonly string[]): Promise<Explanation> {
  const folder = makeFolder(t, { 'sallyport.yaml': YAML, 'openapi.yaml': OPENAPI })
  const { code, stdout, stderr } = await runCli(folder, 'explain', 'GET', '/orders/7', ...args)
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as Explanation
}

suite('rules that explain tells of', () => {
  test('each with file and line, also those of the document', async (t) => {
    const { written } = await explain(t, '--json')
    assert.deepEqual(
      written.map(({ kind, text, place }) => `${kind} ${text} @${place?.file}:${place?.line}`),
      [
        'role hr @sallyport.yaml:5',
        'role clerk @sallyport.yaml:5',
        'list group ops @sallyport.yaml:13',
        'list never subject mallory @sallyport.yaml:13',
        'condition network.ip in ["127.0.0.0/8"] @sallyport.yaml:14',
        'object Order: response.ownerId == subject.id @sallyport.yaml:6',
        'object Line: response.seller == subject.id @openapi.yaml:6',
        'field Order.card (payment): hr pass, others last4 @openapi.yaml:12',
        'field Order.margin: hr pass, owner truncate2, not set, others drop, not set @sallyport.yaml:8',
      ],
    )
  })

  test('and what a caller is shown', async (t) => {
    const clerk = (await explain(t, '--json', '--as', 'role:clerk')).as
    assert.deepEqual(clerk?.fields, [
      { field: 'Order.card', reads: 'last4', sets: true, asOwner: null },
      {
        field: 'Order.margin',
        reads: 'drop',
        sets: false,
        asOwner: { reads: 'truncate2', sets: false },
      },
    ])
    const both = (await explain(t, '--json', '--as', 'role:clerk,hr')).as
    assert.deepEqual(
      both?.fields.map(({ reads, sets }) => [reads, sets]),
      [
        ['pass', true],
        ['pass', true],
      ],
    )
  })

  test('and where a refusal is written', async (t) => {
    const outside = await explain(t, '--json', '--as', 'role:clerk', '--address', '203.0.113.9')
    const last = outside.as?.steps.at(-1)
    assert.deepEqual([last?.reason, last?.place?.line], ['condition', 14])
    assert.deepEqual(outside.as?.fields, [])
  })
})
