import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { ANONYMOUS } from '../../identity/principal.ts'
import { Bench } from '../testing/bench.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { objects } from './control.ts'

const OWN = 'own-0'
const ANN = { ...ANONYMOUS, kind: 'jwt', id: 'i|own-0', subject: OWN } as const

type Schema = Record<string, unknown>
const THING = { $ref: '#/components/schemas/Thing' }

/** A schema in which things with owners may stand anywhere, in every way in which schemas are put together. */
const schemas: fc.Arbitrary<Schema> = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant(THING),
    fc.constant({ type: 'string' }),
    fc.record({ type: fc.constant('array'), items: tie('schema') }),
    fc.record({
      type: fc.constant('array'),
      prefixItems: fc.array(tie('schema'), { maxLength: 3 }),
    }),
    fc.record({
      type: fc.constant('object'),
      properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('schema'), { maxKeys: 3 }),
    }),
    fc.record({ type: fc.constant('object'), additionalProperties: tie('schema') }),
    fc.record({ allOf: fc.tuple(tie('schema')) }),
    fc.record({ oneOf: fc.tuple(tie('schema'), fc.constant({ type: 'null' })) }),
    fc.record({ anyOf: fc.tuple(tie('schema'), fc.constant({ type: 'string' })) }),
  ),
})).schema

/** Values that fit a schema, with the owners of their things. */
function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  if (schema['$ref'] !== undefined) {
    return fc.record(
      {
        ownerId: fc.constantFrom<unknown>(OWN, 'other-1', 'other-2', null, 7, ['own-0']),
        secret: fc.constant(0),
      },
      { requiredKeys: ['secret'] },
    )
  }
  const one = (key: string) => (Array.isArray(schema[key]) ? (schema[key] as Schema[]) : [])
  if (schema['items'] !== undefined)
    return fc.array(valueOf(schema['items'] as Schema), { maxLength: 4 })
  if (schema['prefixItems'] !== undefined) return fc.tuple(...one('prefixItems').map(valueOf))
  if (schema['properties'] !== undefined) {
    const entries = Object.entries(schema['properties'] as Record<string, Schema>)
    return fc.record(Object.fromEntries(entries.map(([name, inner]) => [name, valueOf(inner)])))
  }
  if (schema['additionalProperties'] !== undefined)
    return fc.dictionary(
      fc.constantFrom('x', 'y'),
      valueOf(schema['additionalProperties'] as Schema),
    )
  const branch = one('allOf')[0] ?? one('oneOf')[0] ?? one('anyOf')[0]
  return branch === undefined ? fc.constantFrom('text') : valueOf(branch)
}

/** Whether something of somebody else is still there: every thing carries `secret`. */
function showsForeign(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (!Array.isArray(value) && Object.hasOwn(value, 'secret'))
    if ((value as Record<string, unknown>)['ownerId'] !== OWN) return true
  return Object.values(value).some(showsForeign)
}

function guardOf(schema: Schema) {
  const document = {
    openapi: '3.1.0',
    info: { title: 'Any', version: '1' },
    paths: {
      '/any': {
        get: {
          operationId: 'any',
          responses: { 200: { description: 'ok', content: { 'application/json': { schema } } } },
        },
      },
    },
    components: {
      schemas: {
        Thing: {
          type: 'object',
          required: ['secret'],
          'x-sallyport-owner': 'ownerId',
          properties: { ownerId: { type: 'string' }, secret: { type: 'integer' } },
        },
      },
    },
  }
  return new Bench({ document }).guard(objects, 'any')
}

async function shown(schema: Schema, text: string): Promise<unknown> {
  const guard = guardOf(schema)
  if (guard.guard === undefined) return undefined
  const exchange = exchangeOf({ principal: ANN })
  await guard.response(exchange, 200, ['content-type', 'application/json'])
  const refusal = await guard.responseBody(exchange, text)
  if (refusal !== undefined || text === '') return undefined
  return JSON.parse((exchange.replacement ?? Buffer.from(text)).toString())
}

suite('random answers of random schemas', () => {
  test('never show a thing of somebody else', async () => {
    const cases = schemas.chain((schema) => fc.tuple(fc.constant(schema), valueOf(schema)))
    await fc.assert(
      fc.asyncProperty(cases, async ([schema, value]) => {
        assert.equal(showsForeign(await shown(schema, JSON.stringify(value))), false)
      }),
      { numRuns: 300 },
    )
  })

  test('show all of a thing of one’s own', async () => {
    const cases = schemas.chain((schema) => fc.tuple(fc.constant(schema), valueOf(schema)))
    await fc.assert(
      fc.asyncProperty(cases, async ([schema, value]) => {
        fc.pre(!showsForeign(value) && typeof value === 'object' && value !== null)
        const left = await shown(schema, JSON.stringify(value))
        if (left !== undefined) assert.equal(JSON.stringify(left), JSON.stringify(value))
      }),
      { numRuns: 200 },
    )
  })

  test('end for any text at all', async () => {
    const place = { type: 'array', items: { anyOf: [THING, { type: 'array', items: THING }] } }
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (text) => {
        assert.equal(showsForeign(await shown(place, text)), false)
      }),
      { numRuns: 300 },
    )
  })
})
