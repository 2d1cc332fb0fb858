import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadText, MINIMAL } from './config-fixture.ts'

const NOW = Date.UTC(2026, 5, 1)
const RULE = 'rules:\n  - { operation: a, relax: { validate: monitor }, why: T-412, until: '

const cases: [name: string, text: string, messages: readonly string[]][] = [
  ['a plain configuration', '', []],
  ['the whole in monitor', 'mode: monitor\n', ['mode is monitor: refusals are not enforced']],
  ['a block that is off', 'auth: { mode: off }\n', ['auth is in mode off']],
  ['plain HTTP', 'listen: { http: 80, plain: serve }\n', ['the API is served over plain HTTP']],
  [
    'trust in everybody',
    'listen: { trustedProxies: [0.0.0.0/0] }\n',
    ['0.0.0.0/0 trusts everybody: any client can claim any address'],
  ],
  ['a relaxation', `${RULE}2026-07-01 }\n`, ['validate: monitor until 2026-07-01 (T-412)']],
  ['an ended relaxation', `${RULE}2026-06-01 }\n`, ['validate: monitor ended on 2026-06-01']],
  ['a profile with time', 'profile: { name: adopt, until: 2026-06-14 }\n', []],
  [
    'a profile about to end',
    'profile: { name: adopt, until: 2026-06-03 }\n',
    ['the profile adopt ends on 2026-06-03: then everything enforces'],
  ],
  [
    'a profile that has ended',
    'profile: { name: adopt, until: 2026-05-01 }\n',
    ['the profile adopt ended on 2026-05-01: everything enforces'],
  ],
]
const OUTSIDE =
  'nothing says that api.example.com accepts only the gateway: whoever calls it directly gets past every rule'
const upstreams: [name: string, upstream: string, messages: readonly string[]][] = [
  ['an API on this machine', 'http://127.0.0.1:3000', []],
  [
    'an API at a private address',
    '{ url: http://10.0.0.5, allowPlain: true }',
    ['requests to 10.0.0.5 travel in clear (allowPlain)'],
  ],
  ['an API with an inside name', 'https://orders.internal', []],
  ['an API that anybody can call', 'https://api.example.com', [OUTSIDE]],
  [
    'one of several places that anybody can call',
    '{ urls: [https://a.internal, https://api.example.com] }',
    [OUTSIDE],
  ],
  ['an API that gets no identity', '{ url: https://api.example.com, identity: false }', [OUTSIDE]],
  ['an API that checks the identity', '{ url: https://api.example.com, identity: true }', []],
  [
    'an API that checks an identity of its own kind',
    '{ url: https://api.example.com, identity: { audience: a } }',
    [],
  ],
]
for (const [name, upstream, messages] of upstreams) {
  test(`the audit of ${name} says ${messages.length === 0 ? 'nothing' : 'so'}`, async (t) => {
    const { audit } = await loadText(t, `openapi: ./openapi.yaml\nupstream: ${upstream}\n`)
    assert.deepEqual(
      audit(NOW).map(({ message }) => message),
      messages,
    )
  })
}

for (const [name, text, messages] of cases) {
  test(`the audit tells of ${name}`, async (t) => {
    const findings = (await loadText(t, MINIMAL + text)).audit(NOW)
    assert.deepEqual(
      findings.map((finding) => finding.message),
      messages,
    )
    for (const finding of findings) assert.ok((finding.line ?? 0) >= 3)
  })
}
