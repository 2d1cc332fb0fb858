import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gatewayFolder } from './testing/gateway-folder.ts'
import { grantNames } from './grant-names.ts'

const CONFIG = `openapi: ./openapi.yaml
upstream: http://127.0.0.1:3000
store: 'memory:'
logs: { sinks: ['file:./log'] }
authorize:
  roles: { agent: ["*"] }
  acl: { list: { roles: [auditor], groups: [audits], subjects: [ann] } }
`
const DOCUMENT = `openapi: 3.1.0
info: { title: Orders, version: '1' }
components: { securitySchemes: { key: { type: apiKey, in: header, name: X-API-Key } } }
paths:
  /orders:
    get:
      operationId: list
      security: [{ key: ['orders:read'] }]
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema: { properties: { note: { type: string, x-sallyport-read: [clerk] } } }
  /health:
    get: { security: [], responses: { '200': { description: ok } } }
`

test('a plan knows the names of its documents and of its rules', async (t) => {
  const gateway = await gatewayFolder(t, CONFIG, { 'openapi.yaml': DOCUMENT }).start()
  const { operations, scopes, roles, groups } = grantNames(gateway.core.plan)
  assert.deepEqual([...operations], ['list', 'GET /health'])
  assert.deepEqual([...scopes], ['orders:read'])
  assert.deepEqual([...roles], ['agent', 'auditor', 'clerk'])
  assert.deepEqual([...groups], ['audits'])
})
