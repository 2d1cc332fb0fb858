import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Explanation } from './explain.ts'
import { DOCUMENT, makeFolder, runCli } from './testing/cli-process.ts'

const YAML = `openapi: ./openapi.yaml
upstream: http://127.0.0.1:3000
profile: { name: adopt, until: 2099-01-01 }
auth:
  schemes: { session: upstream }
  jwt: { issuers: { "https://id.example.com": { audience: a, jwks: "https://id.example.com/k" } } }
authorize: { roles: { reader: ["orders:read"] } }
limits: { ip: 30/s burst 50 }
rules:
  - operation: getOrder
    relax: { parameters: off }
    why: T-1
    until: 2099-01-01
    limits: { operation: 5/min }
`

const SECURED = `${DOCUMENT.replace(
  '      operationId: getOrder\n',
  '      operationId: getOrder\n      security: [{ id: [orders:read] }, { key: [orders:read] }, { session: [] }]\n',
)}components:
  securitySchemes:
    id: { type: http, scheme: bearer }
    key: { type: apiKey, in: header, name: X-Api-Key }
    session: { type: apiKey, in: cookie, name: sid }
`

function folderOf(t: TestContext): string {
  return makeFolder(t, { 'sallyport.yaml': YAML, 'openapi.yaml': SECURED })
}

async function explain(folder: string, ...args: readonly string[]): Promise<Explanation> {
  const { code, stdout, stderr } = await runCli(folder, 'explain', ...args, '--json')
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as Explanation
}

test('shows each control of a request in order, with mode, numbers and place', async (t) => {
  const folder = folderOf(t)
  const explanation = await explain(folder, 'get', '/orders/7?x=1')
  assert.equal(explanation.operation?.label, 'GET /orders/{orderId}')
  assert.equal(explanation.operation.document?.line, 5)
  assert.deepEqual(
    explanation.rules.map(({ index, why, place }) => [index, why, place?.line]),
    [[0, 'T-1', 10]],
  )
  const { controls } = explanation
  const order = [
    'wire',
    'ip-limit',
    'routes',
    'authenticate',
    'scopes',
    'access',
    'body',
    'responses',
  ]
  const names = controls.map(({ control }) => control)
  assert.deepEqual(
    names.filter((name) => order.includes(name)),
    order,
  )
  const row = (name: string) => controls.find(({ control }) => control === name)
  assert.match(row('ip-limit')?.does ?? '', /^30\/s burst 50 by address/)
  assert.deepEqual(
    [row('ip-limit')?.setting?.path, row('ip-limit')?.setting?.line],
    ['limits.ip', 8],
  )
  assert.match(row('principal-limit')?.does ?? '', /this operation 5\/min by principal/)
  assert.equal(row('principal-limit')?.setting?.path, 'rules[0].limits.operation')
  assert.match(row('authenticate')?.does ?? '', /access token of https:\/\/id\.example\.com/)
  assert.match(
    row('authenticate')?.does ?? '',
    /cookie sid, passed on to the API, not verified here/,
  )
  assert.match(row('scopes')?.does ?? '', /orders:read/)
  assert.match(row('access')?.does ?? '', /^role reader/)
  assert.deepEqual([row('parameters')?.mode, row('parameters')?.does], ['off', 'switched off'])
  assert.equal(row('parameters')?.modeSetting?.path, 'rules[0].relax["parameters"]')
  assert.deepEqual([row('body')?.mode, row('body')?.modeSetting?.path], ['monitor', 'profile'])
  assert.ok(row('authenticate')?.ids.includes('AUN-01'))
  assert.deepEqual(readdirSync(folder).toSorted(), ['openapi.yaml', 'sallyport.yaml'], 'read-only')
})

const answers: [name: string, args: string[], control: string, status: number][] = [
  ['an undeclared path', ['GET', '/nothing'], 'routes', 404],
  ['an undeclared method', ['PUT', '/orders/7'], 'routes', 405],
  ['a path with two readings', ['GET', '/orders//7'], 'target', 400],
]
for (const [name, args, control, status] of answers) {
  test(`says what ${name} is answered`, async (t) => {
    const { operation, refusal } = await explain(folderOf(t), ...args)
    assert.equal(operation, null)
    assert.deepEqual([refusal?.control, refusal?.status], [control, status])
  })
}

const TOKEN = 'sub:https://id.example.com|u7'
const callers: [name: string, args: string[], verdict: string][] = [
  ['nobody', ['--as', 'anonymous'], '401 missing by authenticate'],
  [
    'a token of another issuer',
    ['--as', 'sub:https://evil|u7'],
    '401 token_issuer by authenticate',
  ],
  [
    'a token without the scope',
    ['--as', TOKEN, '--role', 'reader'],
    '403 insufficient_scope by scopes',
  ],
  [
    'a token without the role',
    ['--as', TOKEN, '--scope', 'orders:read'],
    '403 not_granted by access',
  ],
  ['a role alone', ['--as', 'role:reader'], '403 insufficient_scope by scopes'],
  ['a role with the scope', ['--as', 'role:reader', '--scope', 'orders:read'], 'passes'],
  ['a token with both', ['--as', TOKEN, '--scope', 'orders:read', '--role', 'reader'], 'passes'],
]
for (const [name, args, verdict] of callers) {
  test(`judges ${name}`, async (t) => {
    const { as } = await explain(folderOf(t), 'GET', '/orders/7', ...args)
    const refused = as?.steps.find((step) => step.verdict === 'refuses')
    const { status, reason, control } = refused ?? {}
    assert.equal(refused === undefined ? 'passes' : `${status} ${reason} by ${control}`, verdict)
    assert.equal(as?.passes, refused === undefined)
  })
}

test('judges a key by what it may do, where it comes from, and whether it is good', async (t) => {
  const folder = folderOf(t)
  const flags = ['--scope', 'orders:read', '--role', 'reader', '--cidr', '10.0.0.0/8', '--json']
  const made = await runCli(folder, 'keys', 'create', ...flags)
  const { id } = JSON.parse(made.stdout) as { id: string }
  const judge = async (...more: readonly string[]): Promise<string> => {
    const { as } = await explain(folder, 'GET', '/orders/7', '--as', `key:${id}`, ...more)
    return as?.steps.find((step) => step.verdict === 'refuses')?.reason ?? 'passes'
  }
  assert.equal(await judge('--address', '10.1.2.3'), 'passes')
  assert.equal(await judge(), 'key_network')
  await runCli(folder, 'keys', 'revoke', id)
  assert.equal(await judge('--address', '10.1.2.3'), 'key_revoked')
})

const RULED = `openapi: ./openapi.yaml
upstream: http://127.0.0.1:3000
auth: { jwt: { issuers: { "https://id.example.com": { audience: a, jwks: "file:keys.json" } } }, schemes: { session: upstream } }
authorize:
  roles:
    reader: { allow: ["orders:read"], when: 'network.ip in ["10.0.0.0/8"]' }
    chief: { includes: [reader] }
  operations:
    getOrder: 'path.orderId == subject.id || "chief" in subject.roles'
`
const NAMED = SECURED.replace(
  'required: true, schema: { type: integer }',
  'required: true, schema: { type: string }',
)
const ruled: [name: string, args: string[], verdict: string][] = [
  [
    'a role from its network',
    ['u7', '--role', 'reader', '--address', '10.1.1.1'],
    'passes: by role reader, 6',
  ],
  ['a role from another', ['u7', '--role', 'reader'], '403 not_granted by access'],
  [
    'somebody else’s object',
    ['u8', '--role', 'reader', '--address', '10.1.1.1'],
    '404 hidden by conditions, 9',
  ],
  [
    'a role that includes another',
    ['u8', '--role', 'chief', '--address', '10.1.1.1'],
    'passes: by role chief, 7',
  ],
]
for (const [name, [subject = '', ...args], verdict] of ruled) {
  test(`judges ${name}, and says where that stands`, async (t) => {
    const folder = makeFolder(t, {
      'sallyport.yaml': RULED,
      'openapi.yaml': NAMED,
      'keys.json': '{"keys":[]}',
    })
    const as = ['--as', `sub:https://id.example.com|${subject}`, '--scope', 'orders:read']
    const found = await explain(folder, 'GET', '/orders/u7', ...as, ...args)
    const refused = found.as?.steps.find((step) => step.verdict === 'refuses')
    const granted = found.as?.steps.find((step) => step.control === 'access')
    const line = refused?.place?.line
    const refusal = `${refused?.status} ${refused?.reason} by ${refused?.control}${line === undefined ? '' : `, ${line}`}`
    const pass = `passes: ${granted?.detail}, ${granted?.place?.line}`
    assert.equal(
      refused === undefined
        ? pass
        : refusal.replace(/, \d+$/, (text) => (refused.control === 'access' ? '' : text)),
      verdict,
    )
  })
}

test('verifies a real token', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'k' }
  const now = Math.floor(Date.now() / 1000)
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    iss: 'https://id.example.com',
    aud: 'a',
    sub: 'u7',
    client_id: 'c',
    jti: 'j',
    iat: now,
    exp: now + 60,
    scope: 'orders:read',
    roles: ['chief'],
  }
  const head = `${part({ alg: 'ES256', typ: 'at+jwt', kid: 'k' })}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(head), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  const files = {
    'good.txt': `${head}.${signature.toString('base64url')}\n`,
    'bad.txt': `${head}.${'A'.repeat(86)}`,
  }
  const folder = makeFolder(t, {
    'sallyport.yaml': RULED,
    'openapi.yaml': NAMED,
    'keys.json': JSON.stringify({ keys: [jwk] }),
    ...files,
  })
  const judge = async (file: string): Promise<string | undefined> => {
    const { as } = await explain(
      folder,
      'GET',
      '/orders/u7',
      '--address',
      '10.1.1.1',
      '--as',
      `token:${file}`,
    )
    return as?.passes === true ? as.id : (as?.steps.at(-1)?.reason ?? undefined)
  }
  assert.equal(await judge('good.txt'), 'https://id.example.com|u7')
  assert.equal(await judge('bad.txt'), 'token_signature')
})

test('refuses a caller that names nobody', async (t) => {
  const { code, stderr } = await runCli(folderOf(t), 'explain', 'GET', '/orders/7', '--as', 'bob')
  assert.equal(code, 1)
  assert.match(stderr, /--as bob names nobody \(key:ID, token:FILE, role:NAME,NAME, sub:/)
})
