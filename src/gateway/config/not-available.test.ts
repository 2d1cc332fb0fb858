import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultsOf } from './config-fixture.ts'
import { NOT_AVAILABLE, refuseNotAvailable } from './not-available.ts'
import { Report } from './report.ts'

/** A value that is meant where only some are. */
const VALUES: Readonly<Record<string, unknown>> = {
  'auth.schemes.*': 'opaque',
  'admin.listen': 'tcp:127.0.0.1:1',
  secrets: 'kms:x',
  store: 'postgres://u:p@h/d',
}

/** Data with one value at the path that the steps name; a list below `rules`. */
function nest(steps: readonly string[], value: unknown): unknown {
  const [step, next, ...rest] = steps
  if (step === undefined) return value
  if (step === 'rules') return { rules: [nest(rest, value)] }
  return { [step]: nest(next === undefined ? [] : [next, ...rest], value) }
}

for (const { key } of NOT_AVAILABLE) {
  test(`${key} is refused, not accepted in silence`, async (t) => {
    const data = nest(key.split('.'), VALUES[key] ?? 1) as object
    const text = JSON.stringify({ openapi: './openapi.yaml', upstream: 'http://[::1]:1', ...data })
    const faults = await faultsOf(t, text)
    const found = faults.filter((fault) => fault.message.endsWith('is not available yet'))
    assert.equal(found.length, 1)
    assert.doesNotMatch(found[0]?.message ?? '', /u:p@/)
  })
}

const available: [name: string, data: unknown][] = [
  ['workers: auto', { workers: 'auto' }],
  ['workers: 4', { workers: 4 }],
  ['any counting', { limits: { whenStoreFails: 'closed' } }],
  ['a socket', { admin: { listen: 'unix:a' } }],
  ['SQLite', { store: 'sqlite:a' }],
  ['Redis', { counters: 'redis://h' }],
]
for (const [name, data] of available) {
  test(`${name} is available`, () => {
    assert.deepEqual(refuseNotAvailable(data, new Report()), [])
  })
}

/** Part 3 of the design, whole, but for the line of names that stand for blocks. */
const DESIGN = `
apis:
  orders:
    openapi: ./openapi.yaml
    upstream: { url: http://127.0.0.1:3000, timeout: 15s, retry: 1, breaker: 50% of 20, health: /healthz }
profile: { name: adopt, until: 2026-12-06 }
mode: enforce
listen: { https: 8443, http: 8080, plain: redirect, tls: { cert: file:tls.pem, key: file:tls.key, min: "1.2", clientCa: file:ca.pem },
          hsts: 1y, trustedProxies: [10.0.0.0/8], cors: [https://app.example.com], hosts: [api.example.com], health: 9090 }
workers: auto
auth:
  apiKey: { prefix: sp, expires: 90d, overlap: 24h }
  jwt: { issuers: { "https://id.example.com": { audience: orders, algs: [ES256, RS256], maxAge: 15m, dpop: if-bound } } }
  opaque: { introspect: https://id.example.com/introspect, client: env:INTROSPECT_CLIENT, cache: 30s }
  schemes: { PartnerKey: apiKey, session: upstream }
  roles: claims.roles
  mtls: { subject: san.uri }
  sigv4: { service: orders, skew: 5m }
  signature: { required: ["@method", "@target-uri", content-digest] }
  wrap: { operation: login, field: auth_token, subject: sub }
authorize:
  roles: { admin: ["*"], agent: ["orders:*"], partner: ["orders:read"] }
  acl: { listAudit: { groups: [auditors] } }
  operations: { getUser: "path.userId == subject.id" }
  schemas: { Order: "response.ownerId == subject.id" }
  denied: 404
  fields: { Order.note: { read: [admin], write: [admin] }, User.card: { read: { others: last4 } } }
validate: { request: strict, response: filter, maxBody: 1mb, maxDepth: 32 }
data: { errors: generic, mask: [pii], tokenize: { User.ssn: fpe }, seal: [Order.id] }
limits: { ip: 20/s burst 100, principal: 600/min burst 100, failures: 10/5min ban 15min, errors: 60/min, concurrency: adaptive,
          plans: { free: 1k/day }, operations: { login: "5/min by ip, body.email", search: { cost: 10 } }, whenStoreFails: local }
network: { allow: [], deny: [file:deny.cidr], countries: { deny: [XX] }, geo: file:country.mmdb, roles: { admin: [10.8.0.0/16] } }
waf: { paranoia: 1, threshold: 5, rules: [./rules/*.yaml], crs: null }
detect: { bots: challenge, hijack: step-up, enumeration: block, stuffing: block }
rules:
  - { tags: [admin], mfa: { within: 5min }, limits: { principal: 30/min } }
  - { operation: legacySearch, relax: { validate: monitor }, why: client fix due T-412, until: 2027-03-01 }
logs: { redact: auto, audit: hash-chain, sinks: [stdout] }
alerts: { email: [sec@example.com], webhook: env:PAGER, on: [auth.spike, key.leaked, spec.weakened] }
admin: { listen: "unix:./sallyport.sock" }
secrets: file:./sallyport.secrets
store: sqlite:./sallyport.db
counters: memory
`

test('of the whole shape in the design only what is not available yet is refused', async (t) => {
  const files = { 'tls.pem': 'PEM', 'tls.key': 'KEY', 'deny.cidr': '203.0.113.0/24' }
  const faults = await faultsOf(t, DESIGN, { files })
  assert.equal(faults.length, 11)
  for (const fault of faults) assert.match(fault.message, /is not available yet$/)
})
