import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { makeFolder, runCli } from '../testing/cli-process.ts'
import type { Change } from './change.ts'
import type { Matrix } from './matrix.ts'

const OPENAPI = `openapi: 3.1.0
info: { title: a, version: '1' }
components:
  securitySchemes: { key: { type: apiKey, in: header, name: X-Api-Key } }
  schemas:
    Note: { type: object, x-sallyport-owner: author, properties: { author: { type: string }, text: { type: string } } }
    Order:
      type: object
      properties:
        id: { type: string }
        ownerId: { type: string }
        margin: { type: number }
        card: { type: string, x-sallyport-class: payment }
        address: { type: object, x-sallyport-immutable: true, properties: { city: { type: string } } }
security: [{ key: [] }]
paths:
  /orders/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
    get: { operationId: getOrder, tags: [shop], responses: { '200': { description: ok, content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } } } } }
    put: { operationId: putOrder, requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } } }, responses: { '204': { description: ok } } }
  /notes/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
    get: { operationId: getNote, responses: { '200': { description: ok, content: { application/json: { schema: { $ref: '#/components/schemas/Note' } } } } } }
`
const BASE = `openapi: ./openapi.yaml
upstream: http://127.0.0.1:3000
authorize:
  roles: { hr: ["*"], chief: { includes: [hr] }, clerk: ["*"] }
  schemas: { Order: 'response.ownerId == subject.id' }
  fields:
    Order.margin: { read: { hr: pass, owner: truncate2 }, write: [hr] }
data: { classes: { payment: { hr: pass, others: last4 } } }
`

const folderWith = (t: Parameters<typeof makeFolder>[0], yaml: string): string =>
  makeFolder(t, { 'sallyport.yaml': yaml, 'openapi.yaml': OPENAPI, 'old.yaml': BASE })

async function json<T>(folder: string, ...args: readonly string[]): Promise<[T, number | null]> {
  const { stdout, stderr, code } = await runCli(folder, 'matrix', '--json', ...args)
  assert.notEqual(code, 1, stderr)
  return [JSON.parse(stdout) as T, code]
}

suite('matrix of fields', () => {
  test('says who sees and sets a field, and where that stands', async (t) => {
    const [{ fields, roles }] = await json<Matrix>(folderWith(t, BASE))
    assert.deepEqual(roles, ['hr', 'chief', 'clerk'])
    assert.deepEqual(
      fields.map(({ field }) => field),
      ['Order.address', 'Order.card', 'Order.margin'],
    )
    const margin = fields.find(({ field }) => field === 'Order.margin')
    assert.deepEqual(margin?.others, { reads: 'drop', sets: false })
    assert.deepEqual(margin?.owner, { reads: 'truncate2', sets: false })
    assert.deepEqual(margin?.roles, {
      hr: { reads: 'pass', sets: true },
      chief: { reads: 'pass', sets: true },
      clerk: { reads: 'drop', sets: false },
    })
    assert.deepEqual(margin?.operations, ['PUT /orders/{id}', 'GET /orders/{id}'].toReversed())
    assert.deepEqual(margin?.at, ['authorize.fields["Order.margin"]'])
    const card = fields.find(({ field }) => field === 'Order.card')
    assert.deepEqual([card?.classes, card?.others.reads], [['payment'], 'last4'])
    assert.match(
      card?.at[0] ?? '',
      /openapi\.yaml#\/components\/schemas\/Order\/properties\/card\//,
    )
  })

  test('says whose objects are', async (t) => {
    const [{ schemas }] = await json<Matrix>(folderWith(t, BASE))
    assert.deepEqual(
      schemas.map(({ schema, condition }) => [schema, condition]),
      [
        ['Note', 'response.author == subject.id'],
        ['Order', 'response.ownerId == subject.id'],
      ],
    )
  })

  test('tells operations apart where a rule says something else of a field', async (t) => {
    const rule =
      'rules: [{ tag: shop, authorize: { fields: { Order.margin: { read: [clerk] } } } }]\n'
    const [{ fields }] = await json<Matrix>(folderWith(t, BASE + rule))
    const margins = fields.filter(({ field }) => field === 'Order.margin')
    assert.deepEqual(
      margins.map(({ operations, roles }) => [operations, roles['clerk']?.reads]),
      [
        [['GET /orders/{id}'], 'pass'],
        [['PUT /orders/{id}'], 'drop'],
      ],
    )
  })

  test('prints tables and CSV', async (t) => {
    const folder = folderWith(t, BASE)
    const { stdout } = await runCli(folder, 'matrix')
    assert.match(stdout, /\nfield +class +others +owner +hr +chief/)
    assert.match(stdout, /\nOrder\.margin +- +- +truncate2, reads only +yes +yes/)
    assert.match(stdout, /\nOrder\.card +payment +last4/)
    assert.match(stdout, /\nOrder +response\.ownerId == subject\.id/)
    const csv = await runCli(folder, 'matrix', '--csv')
    assert.match(csv.stdout, /api,Order\.margin,field,enforce,,,-,yes,yes,-,/)
    assert.match(csv.stdout, /api,Note,objects,,response\.author == subject\.id/)
  })

  const changed: [name: string, from: string, to: string, code: number, found: string[]][] = [
    ['nothing', 'x', 'x', 0, []],
    [
      'a field that somebody sees',
      'hr: pass, owner',
      'hr: pass, clerk: pass, owner',
      2,
      ['more Order.margin role clerk reads: drop -> pass'],
    ],
    [
      'a field that is shown less',
      'others: last4',
      'others: last2',
      0,
      [
        'less Order.card others reads: last4 -> last2',
        'less Order.card role clerk reads: last4 -> last2',
      ],
    ],
    [
      'a field that somebody sets',
      'write: [hr]',
      'write: [hr, clerk]',
      2,
      ['more Order.margin role clerk sets: no -> yes'],
    ],
    [
      'objects that are everybody’s',
      "Order: 'response.ownerId == subject.id'",
      'Order: public',
      2,
      ['more Order objects: response.ownerId == subject.id -> public'],
    ],
    [
      'a rule that is gone',
      'data: { classes',
      'data: { mode: off, classes',
      2,
      [
        'more Order.card others reads: last4 -> pass',
        'more Order.card role clerk reads: last4 -> pass',
      ],
    ],
  ]
  for (const [name, from, to, code, found] of changed)
    test(`--diff finds ${name}`, async (t) => {
      const yaml = BASE.replace(from, to).replace(
        name.startsWith('objects') ? ', owner: truncate2' : 'x',
        '',
      )
      const folder = folderWith(t, yaml)
      if (name.startsWith('objects'))
        writeFileSync(join(folder, 'old.yaml'), BASE.replace(', owner: truncate2', ''))
      const [changes, exit] = await json<Change[]>(folder, '--diff', 'old.yaml')
      assert.deepEqual(
        changes.map(
          ({ effect, label, who, before, after }) =>
            `${effect} ${label} ${who}: ${before} -> ${after}`,
        ),
        found,
      )
      assert.equal(exit, code)
    })
})
