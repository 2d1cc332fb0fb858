import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { loadApi } from '../load-api.ts'
import type { ApiModel } from '../model.ts'
import type { Difference } from './change.ts'
import { jsonPathTo } from './json-path-to.ts'
import { compileJsonPath } from '../load/json-path.ts'
import { childPointer } from '../load/pointer.ts'
import { propose } from './propose.ts'
import type { OverlayAction } from './propose.ts'

const OPTIONS = { isSecret: (name: string) => /hash|token/i.test(name) }

function documentOf(version: string): unknown {
  const nullable = version.startsWith('3.0')
  return {
    openapi: version,
    info: { title: 'Shop', version: '1' },
    paths: {
      '/orders/{id}': {
        post: {
          operationId: 'order',
          parameters: [
            { name: 'id', in: 'path', required: true, schema: { type: 'integer' } },
            { name: 'page', in: 'query', required: true, schema: { type: 'integer', maximum: 9 } },
          ],
          requestBody: {
            content: { 'application/json': { schema: { $ref: '#/components/schemas/NewOrder' } } },
          },
          responses: {
            200: {
              description: 'ok',
              content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } },
            },
          },
        },
        get: {
          operationId: 'open',
          responses: {
            200: { description: 'ok', content: { 'application/json': { schema: {} } } },
            202: { description: 'ok', content: { 'application/json': {} } },
          },
        },
      },
    },
    components: {
      schemas: {
        Order: {
          type: 'object',
          properties: {
            lines: { type: 'array', items: { allOf: [{ $ref: '#/components/schemas/Line' }] } },
            owner: { type: 'string' },
            pet: { oneOf: [{ type: 'object', properties: { a: { type: 'string' } } }] },
            secret: { type: 'string', writeOnly: true },
          },
        },
        Line: { type: 'object', properties: { sku: { type: 'string' } } },
        NewOrder: {
          type: 'object',
          required: ['note', 'count'],
          properties: {
            note: { type: 'string', maxLength: 3 },
            count: { type: 'integer', format: 'int32' },
            size: nullable ? { type: 'integer', nullable: true } : { type: ['integer', 'null'] },
          },
        },
      },
    },
  }
}

function load(document: unknown, overlay?: unknown): ApiModel {
  const files = new Map([
    ['/shop.json', JSON.stringify(document)],
    ['/overlay.json', JSON.stringify(overlay)],
  ])
  return loadApi({
    name: 'shop',
    file: '/shop.json',
    overlays: overlay === undefined ? [] : ['/overlay.json'],
    read: (path) => files.get(path) ?? '',
  })
}

function overlayOf(actions: readonly OverlayAction[]): unknown {
  return { overlay: '1.0.0', info: { title: 'seen', version: '1' }, actions }
}

function seen(
  kind: string,
  pointer: string,
  schema: unknown = {},
  operation = 'order',
): Difference {
  return { operation, kind, pointer, sample: JSON.stringify(schema), count: 2 }
}

const JSON_200 = '200 application/json#'
const JSON_IN = 'application/json#'

/** Each difference, and where its change is made. */
const rows: [name: string, difference: Difference, target: string][] = [
  [
    'an undeclared field stands in the schema that the answer refers to',
    seen('response-undeclared-field', `${JSON_200}/total`, { type: 'number' }),
    '$.components.schemas.Order.properties',
  ],
  [
    'an undeclared field of items behind references and allOf',
    seen('response-undeclared-field', `${JSON_200}/lines/*/price`, { type: 'integer' }),
    '$.components.schemas.Line.properties',
  ],
  [
    'an undeclared field beside alternatives',
    seen('response-undeclared-field', `${JSON_200}/pet/b`, { type: 'integer' }),
    '$.components.schemas.Order.properties.pet',
  ],
  [
    'a structure where a text is declared',
    seen('response-undeclared-field', `${JSON_200}/owner`, {
      type: 'object',
      properties: { id: { type: 'integer' } },
    }),
    '$.components.schemas.Order.properties.owner',
  ],
  [
    'a status with its body',
    seen('response-undeclared-status', '201 application/json', { type: 'object' }),
    "$.paths['/orders/{id}'].post",
  ],
  [
    'a status without a body',
    seen('response-undeclared-status', '204'),
    "$.paths['/orders/{id}'].post",
  ],
  [
    'a media type',
    seen('response-undeclared-media-type', '200 text/csv'),
    "$.paths['/orders/{id}'].post.responses['200']",
  ],
  [
    'a schema that says nothing',
    seen('response-open-schema', JSON_200, { type: 'object', properties: { a: {} } }, 'open'),
    "$.paths['/orders/{id}'].get.responses['200'].content['application/json'].schema",
  ],
  [
    'a media type without a schema',
    seen('response-open-schema', '202 application/json#', { type: 'array' }, 'open'),
    "$.paths['/orders/{id}'].get.responses['202'].content['application/json']",
  ],
  [
    'an unknown field of a request',
    seen('request-unknown-field', `${JSON_IN}/gift`, { type: 'boolean' }),
    '$.components.schemas.NewOrder.properties',
  ],
  [
    'a field that was null',
    seen('request-type', `${JSON_IN}/note`, { type: 'null' }),
    '$.components.schemas.NewOrder.properties.note',
  ],
  [
    'a fraction where a whole number is declared',
    seen('request-type', `${JSON_IN}/count`, { type: 'number' }),
    '$.components.schemas.NewOrder.properties.count',
  ],
  [
    'a text where a nullable number is declared',
    seen('request-type', `${JSON_IN}/size`, { type: 'string' }),
    '$.components.schemas.NewOrder.properties.size',
  ],
  [
    'a required field that is not sent',
    seen('request-missing-field', `${JSON_IN}/note`),
    '$.components.schemas.NewOrder.required',
  ],
  [
    'a constraint that honest values break',
    seen('request-constraint', `${JSON_IN}/note maxLength`, { keyword: 'maxLength' }),
    '$.components.schemas.NewOrder.properties.note.maxLength',
  ],
  [
    'a body where none is declared',
    seen('request-undeclared-body', 'application/json', { type: 'object' }, 'open'),
    "$.paths['/orders/{id}'].get",
  ],
  [
    'a body of another type',
    seen('request-undeclared-body', 'text/plain'),
    "$.paths['/orders/{id}'].post.requestBody",
  ],
  [
    'a query parameter',
    seen('request-unknown-parameter', 'query/sort', { type: 'string' }),
    "$.paths['/orders/{id}'].post",
  ],
  [
    'a parameter of another type',
    seen('parameter-type', 'path/id', { type: 'string' }),
    "$.paths['/orders/{id}'].post.parameters[0].schema",
  ],
  [
    'a parameter that is not sent',
    seen('parameter-missing', 'query/page'),
    "$.paths['/orders/{id}'].post.parameters[1]",
  ],
  [
    'a constraint of a parameter',
    seen('parameter-constraint', 'query/page maximum', { keyword: 'maximum' }),
    "$.paths['/orders/{id}'].post.parameters[1].schema.maximum",
  ],
  [
    'cookies that the document does not declare',
    seen('response-undeclared-cookie', '200 sid'),
    "$.paths['/orders/{id}'].post.responses['200']",
  ],
]

for (const version of ['3.0.3', '3.1.0']) {
  suite(`proposals for OpenAPI ${version}`, () => {
    for (const [name, difference, target] of rows) {
      test(name, () => {
        const document = documentOf(version)
        const { judged, actions } = propose(load(document), [difference], OPTIONS)
        assert.equal(judged[0]?.outcome.state, 'proposed')
        assert.ok(
          actions.some((action) => action.target.startsWith(target)),
          JSON.stringify(actions),
        )
        const model = load(document, overlayOf(actions))
        assert.deepEqual(
          model.findings.filter(({ code }) => code.startsWith('overlay')),
          [],
        )
        const after = propose(model, [difference], OPTIONS)
        assert.equal(after.judged[0]?.outcome.state, 'settled', JSON.stringify(actions))
        assert.deepEqual(after.actions, [])
      })
    }

    test('all of them together', () => {
      const document = documentOf(version)
      const all = rows.map(([, difference]) => difference)
      const { actions } = propose(load(document), all, OPTIONS)
      const after = propose(load(document, overlayOf(actions)), all, OPTIONS)
      assert.deepEqual(after.actions, [])
    })
  })
}

suite('what is not proposed', () => {
  const cases: [name: string, difference: Difference, state: string][] = [
    [
      'a field that is named like a secret',
      seen('response-undeclared-field', `${JSON_200}/passwordHash`),
      'kept-out',
    ],
    [
      'a structure that holds one',
      seen('response-undeclared-field', `${JSON_200}/user`, {
        type: 'object',
        properties: { resetToken: { type: 'string' } },
      }),
      'kept-out',
    ],
    [
      'an answer that holds one',
      seen('response-undeclared-status', '201 application/json', {
        type: 'array',
        items: { type: 'object', properties: { token: {} } },
      }),
      'kept-out',
    ],
    ['a secret in the query', seen('request-unknown-parameter', 'query/token'), 'kept-out'],
    [
      'a field that the document says is never returned',
      seen('response-undeclared-field', `${JSON_200}/secret`),
      'by-hand',
    ],
    ['names that are data', seen('response-undeclared-field', `${JSON_200}/*`), 'by-hand'],
    ['an answer of a failed call', seen('response-undeclared-error', '404'), 'note'],
    ['an undeclared operation', seen('undeclared-operation', 'GET /x'), 'by-hand'],
    ['a refusal of another kind', seen('would-refuse', 'url-fields/url'), 'by-hand'],
  ]
  for (const [name, difference, state] of cases) {
    test(name, () => {
      const { judged, actions } = propose(load(documentOf('3.1.0')), [difference], OPTIONS)
      assert.equal(
        judged[0]?.outcome.state,
        difference.kind === 'undeclared-operation' ? 'note' : state,
      )
      assert.deepEqual(actions, [])
    })
  }

  test('never throws, whatever the books say', () => {
    const kinds = rows.map(([, { kind }]) => kind)
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.string(), fc.string(), (kind, pointer, sample) => {
        const pointers = [
          pointer,
          `${JSON_200}${pointer}`,
          `${JSON_IN}/${pointer}`,
          `query/${pointer}`,
        ]
        for (const one of pointers) {
          const difference = { operation: 'order', kind, pointer: one, sample, count: 1 }
          const { actions } = propose(load(documentOf('3.1.0')), [difference], OPTIONS)
          if (actions.length > 0) load(documentOf('3.1.0'), overlayOf(actions))
        }
      }),
      { numRuns: 100 },
    )
  })
})

suite('changes', () => {
  test('that several operations ask for are made once, with what all of them saw', () => {
    const document = documentOf('3.1.0')
    const { actions } = propose(
      load(document),
      [
        seen('response-undeclared-field', `${JSON_200}/total`, { type: 'integer' }),
        seen('response-undeclared-field', `${JSON_200}/total`, { type: 'null' }),
      ],
      OPTIONS,
    )
    assert.equal(actions.length, 1)
    assert.deepEqual(actions[0]?.update, { total: { type: ['integer', 'null'] } })
    assert.match(actions[0]?.description ?? '', /^4 calls of order: /)
  })

  test('that take every name out of a required list take the list', () => {
    const document = documentOf('3.0.3')
    const { actions } = propose(
      load(document),
      [
        seen('request-missing-field', `${JSON_IN}/note`),
        seen('request-missing-field', `${JSON_IN}/count`),
      ],
      OPTIONS,
    )
    assert.deepEqual(
      actions.map(({ target }) => target),
      ['$.components.schemas.NewOrder.required'],
    )
  })

  test('that loosen what callers may send say so', () => {
    const { actions } = propose(
      load(documentOf('3.1.0')),
      [seen('request-unknown-field', `${JSON_IN}/isAdmin`, { type: 'boolean' })],
      OPTIONS,
    )
    assert.match(actions[0]?.description ?? '', /^Look twice/)
  })
})

test('the path of any pointer selects what the pointer names', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 5 }), (names) => {
      const root = names.reduceRight<unknown>(
        (inner, name) => Object.fromEntries([[name, [inner]]]),
        'end',
      )
      const pointer = names.reduce((at, name) => childPointer(childPointer(at, name), 0), '')
      const path = jsonPathTo(root, pointer)
      assert.ok(path !== undefined)
      assert.equal(compileJsonPath(path)(root)[0]?.value, 'end')
    }),
  )
})
