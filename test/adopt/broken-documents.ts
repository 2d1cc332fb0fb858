import type { Damage } from './true-shop.ts'

/** A document as careless teams leave it. */
export interface BrokenDocument {
  readonly name: string
  /** What is done to the right document. */
  readonly damage: readonly Damage[]
  /** Lines of the configuration beyond the usual ones. */
  readonly config?: string
  /** An Overlay that stands beside it, as `init` would write it from a log. */
  readonly overlay?: unknown
  /** Findings that honest traffic must leave, as `operation kind pointer`. */
  readonly findings: readonly string[]
}

const JSON_200 = '200 application/json#'
const ORDER = '/components/schemas/Order'
const NEW_ORDER = '/components/schemas/NewOrder'

export const BROKEN: readonly BrokenDocument[] = [
  {
    name: 'no security',
    damage: [
      ['/security', undefined],
      ['/components/securitySchemes', undefined],
    ],
    findings: [],
  },
  {
    name: 'missing statuses',
    damage: [
      ['/paths/~1orders/post/responses', { 200: { description: 'ok' } }],
      ['/paths/~1orders~1{id}/delete/responses', { 200: { description: 'ok' } }],
    ],
    findings: [
      'addOrder response-undeclared-status 201 application/json',
      'dropOrder response-undeclared-status 204',
    ],
  },
  {
    name: 'wrong types',
    damage: [
      ['/paths/~1orders~1{id}/parameters/0/schema', { type: 'boolean' }],
      ['/paths/~1orders/get/parameters/1/schema', { type: 'boolean' }],
      [`${ORDER}/properties/customer`, { type: 'string' }],
      [`${NEW_ORDER}/properties/count`, { type: 'string' }],
    ],
    findings: [
      'getOrder parameter-type path/id',
      'listOrders parameter-type query/limit',
      `getOrder response-type ${JSON_200}/customer`,
      'addOrder request-type application/json#/count',
    ],
  },
  {
    name: 'property-less schemas',
    damage: [[ORDER, { type: 'object' }]],
    findings: [
      `getOrder response-open-schema ${JSON_200}`,
      `listOrders response-open-schema ${JSON_200}/*`,
    ],
  },
  {
    name: 'wrong base path',
    damage: [['/servers', [{ url: 'https://old.example.com/shop/api' }]]],
    config: 'basePath: /v1',
    findings: [],
  },
  {
    name: 'undeclared operations in use',
    damage: [
      ['/paths/~1report', undefined],
      ['/paths/~1orders~1{id}/delete', undefined],
    ],
    overlay: {
      overlay: '1.0.0',
      info: { title: 'from the log', version: '1' },
      actions: [
        {
          target: '$.paths',
          update: {
            '/report': {
              get: {
                operationId: 'report',
                responses: { default: { description: 'Anything', content: { '*/*': {} } } },
              },
            },
            '/orders/{id}': {
              delete: {
                operationId: 'dropOrder',
                responses: { default: { description: 'Anything', content: { '*/*': {} } } },
              },
            },
          },
        },
      ],
    },
    findings: [],
  },
  {
    name: 'undeclared query parameters',
    damage: [['/paths/~1orders/get/parameters', undefined]],
    findings: [
      'listOrders request-unknown-parameter query/status',
      'listOrders request-unknown-parameter query/limit',
    ],
  },
  {
    name: 'undeclared media type',
    damage: [
      ['/paths/~1report/get/responses/200/content', { 'application/pdf': {} }],
      [
        '/paths/~1orders/post/requestBody/content',
        { 'application/xml': { schema: { type: 'object' } } },
      ],
    ],
    findings: [
      'report response-undeclared-media-type 200 text/csv',
      'addOrder request-undeclared-body application/json',
    ],
  },
  {
    name: 'missing required and nullable',
    damage: [
      [`${NEW_ORDER}/required`, ['sku', 'count', 'coupon']],
      [`${NEW_ORDER}/properties/coupon`, { type: 'string' }],
      [`${NEW_ORDER}/properties/note`, { type: 'string' }],
      [
        '/paths/~1orders/get/parameters/2',
        { name: 'tenant', in: 'query', required: true, schema: { type: 'string' } },
      ],
    ],
    findings: [
      'addOrder request-missing-field application/json#/coupon',
      'addOrder request-type application/json#/note',
      'listOrders parameter-missing query/tenant',
    ],
  },
  {
    name: 'wrong request body and answer',
    damage: [
      [
        NEW_ORDER,
        {
          type: 'object',
          required: ['product'],
          properties: { product: { type: 'string' } },
          additionalProperties: false,
        },
      ],
      [`${ORDER}/properties`, { id: { type: 'integer' } }],
    ],
    findings: [
      'addOrder request-unknown-field application/json#/sku',
      'addOrder request-unknown-field application/json#/gift',
      'addOrder request-missing-field application/json#/product',
      `getOrder response-undeclared-field ${JSON_200}/customer`,
      `listOrders response-undeclared-field ${JSON_200}/*/total`,
    ],
  },
]
