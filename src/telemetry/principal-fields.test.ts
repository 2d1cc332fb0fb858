import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { Exchange } from '../pipeline/exchange.ts'
import { createPrincipalFields } from './principal-fields.ts'

type Principal = Exchange['principal']

const hash = createHash('sha256').update('basic YW5uOnN1bW1lcg==').digest('hex').slice(0, 16)
const base = { subject: '', issuer: '', scopes: new Set(), roles: [], groups: [] }

const ROWS: [name: string, principal: object, expected: string][] = [
  ['nothing is told of nobody', { id: 'anonymous', kind: 'none', credentialId: '' }, ''],
  [
    'a key is told by its id',
    { id: 'key:k1', kind: 'apiKey', credentialId: 'k1' },
    ',"user.id":"p(key:k1)","sallyport.credential.kind":"apiKey","sallyport.credential.id":"k1"',
  ],
  [
    'a password that the API checks leaves nothing that could be compared with guesses',
    { id: `upstream:${hash}`, kind: 'upstream', credentialId: hash },
    `,"user.id":"p(upstream:${hash})","sallyport.credential.kind":"upstream","sallyport.credential.id":"p(${hash})"`,
  ],
]
for (const [name, principal, expected] of ROWS)
  test(name, () => {
    const fieldsOf = createPrincipalFields((id) => `p(${id})`)
    const kept = { ...base, ...principal, notes: { logFields: '' } } as unknown as Principal
    assert.equal(fieldsOf({ ...base, ...principal } as unknown as Principal), expected)
    assert.equal(fieldsOf(kept), expected)
    assert.equal(fieldsOf(kept), expected, 'kept')
    const others = createPrincipalFields((id) => `q(${id})`)
    assert.equal(others(kept), expected.replaceAll('p(', 'q('), 'of another recorder')
  })
