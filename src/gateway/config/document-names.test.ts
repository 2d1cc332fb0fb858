import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Operation, SecurityScheme } from '../../openapi/model.ts'
import { settingsOf } from './config-fixture.ts'
import type { KnownNames } from './document-names.ts'
import { checkNames } from './document-names.ts'

const source = { file: 'openapi.yaml', pointer: '' }
const operation: Operation = {
  api: 'api',
  id: 'listOrders',
  method: 'GET',
  template: '/orders',
  tags: ['orders'],
  summary: '',
  deprecated: false,
  security: undefined,
  parameters: [],
  requestBody: undefined,
  responses: new Map(),
  extensions: new Map(),
  source,
}
const scheme: SecurityScheme = {
  name: 'PartnerKey',
  type: 'apiKey',
  place: 'header',
  parameterName: 'X-Key',
  httpScheme: undefined,
  source,
}
const SCHEMAS = {
  components: {
    schemas: { Order: { properties: { note: {}, lines: { items: { properties: { sku: {} } } } } } },
  },
}
const known: KnownNames = {
  apis: [
    {
      name: 'api',
      basePath: '/v1',
      operations: [operation],
      securitySchemes: new Map([['PartnerKey', scheme]]),
      files: ['/srv/openapi.yaml'],
      registry: {
        resource: (uri) =>
          uri === 'doc:/openapi.yaml' ? { root: SCHEMAS, dialect: '2020-12' } : undefined,
      },
    },
  ],
  controls: ['scopes'],
}

const cases: [name: string, text: string, path: string | undefined, cure?: RegExp][] = [
  ['an operation of the document', 'limits: { operations: { listOrders: 1/s } }\n', undefined],
  [
    'a misspelt operation in limits',
    'limits: { operations: { listOrder: 1/s } }\n',
    'limits.operations.listOrder',
    /"listOrders"/,
  ],
  ['a field of a schema', 'authorize: { fields: { Order.note: { read: [a] } } }\n', undefined],
  [
    'a field inside a list of a schema',
    'authorize: { fields: { Order.lines.sku: { read: [a] } } }\n',
    undefined,
  ],
  ['a field of any schema', 'authorize: { fields: { "*.password": { write: [a] } } }\n', undefined],
  [
    'a misspelt field',
    'authorize: { fields: { Order.noet: { read: [a] } } }\n',
    'authorize.fields["Order.noet"]',
    /"Order.note"/,
  ],
  [
    'a misspelt operation in the access list',
    'authorize: { acl: { listOrdrs: { roles: [a] } } }\n',
    'authorize.acl.listOrdrs',
    /"listOrders"/,
  ],
  [
    'a misspelt operation in a rule',
    'rules:\n  - { operation: listOrdrs, mode: off }\n',
    'rules[0]',
    /"listOrders"/,
  ],
  ['a tag that no operation has', 'rules:\n  - { tag: order, mode: off }\n', 'rules[0]'],
  ['a path of the document', 'rules:\n  - { path: /v1/orders, mode: off }\n', undefined],
  ['a scheme of the document', 'auth: { schemes: { PartnerKey: apiKey } }\n', undefined],
  [
    'a misspelt scheme',
    'auth: { schemes: { PartnrKey: apiKey } }\n',
    'auth.schemes.PartnrKey',
    /"PartnerKey"/,
  ],
  [
    'a graduated operation',
    'profile: { name: adopt, until: 2026-12-06, graduated: ["api:listOrders"] }\n',
    undefined,
  ],
  [
    'a graduated operation that is none',
    'profile: { name: adopt, until: 2026-12-06, graduated: [x] }\n',
    'profile.graduated.x',
  ],
  ['a control to relax', relax('scopes'), undefined],
  ['a block to relax', relax('validate'), undefined],
  ['a misspelt block to relax', relax('valdate'), 'rules[0].relax.valdate', /"validate"/],
]
function relax(block: string): string {
  return `rules:\n  - { tag: orders, relax: { ${block}: monitor }, why: w, until: 2027-01-01 }\n`
}
for (const [name, text, path, cure] of cases) {
  test(`${path === undefined ? 'accepts' : 'refuses'} ${name}`, async (t) => {
    const faults = checkNames(await settingsOf(t, text), known)
    assert.deepEqual(
      faults.map((fault) => fault.path),
      path === undefined ? [] : [path],
    )
    if (cure !== undefined) assert.match(faults[0]?.cure ?? '', cure)
  })
}
