import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { FakeClock } from '../base/clock.ts'
import { ConfigError } from '../base/config-error.ts'
import type { Dependency } from '../gateway/dependencies.ts'
import { KeyService } from '../identity/keys/service.ts'
import { MemoryRecords } from '../store/memory-records.ts'
import { MemoryRelations } from '../store/relations/memory-relations.ts'
import { StoreError } from '../store/records.ts'
import { ephemeralSecrets } from '../store/secrets-file.ts'
import type { LifecycleEvent } from '../telemetry/security-events.ts'
import { AdminUnreachable, createAdminClient } from './client.ts'
import type { AdminReply } from './client.ts'
import { startAdmin, startHealth } from './server.ts'
import type { RunningServer } from './server.ts'
import { readiness } from './target.ts'
import type { AdminTarget, Readiness, ReloadResult } from './target.ts'

const folder = mkdtempSync(join(tmpdir(), 'adm-'))
const socketPath = join(folder, 's.sock')
const clock = new FakeClock()
const keys = new KeyService({ records: new MemoryRecords(), secrets: ephemeralSecrets() })
const relations = new MemoryRelations()
const events: LifecycleEvent[] = []
const unlocked: unknown[] = []
const lifted: string[] = []
const READY: Readiness = { isReady: true, reasons: [], dependencies: [] }
let state: Readiness = READY
let reloaded: ReloadResult = { ok: true, planId: 'p2' }
const target: AdminTarget = {
  status: () => ({
    version: '1.0.0',
    pid: 1,
    uptimeSeconds: 2,
    plan: { id: 'p1', hash: 'abc' },
    configFile: null,
    apis: [{ name: 'orders', operations: 3 }],
    lastReload: null,
  }),
  ready: () => state,
  metricsText: () => 'up 1\n',
  keySetText: () => '{"keys":[]}',
  reload: () => Promise.resolve(reloaded),
  keys: keys.admin,
  grantNames: () => ({
    operations: new Set(['listOrders', 'getOrder']),
    scopes: new Set(['orders:read', 'orders:write', 'ok']),
    roles: new Set(['agent']),
    groups: new Set<string>(),
  }),
  relations,
  keyPrefix: 'sp',
  bans: () =>
    Promise.resolve([
      {
        subject: '203.0.113.7',
        grade: 'block' as const,
        reason: 'honeypot',
        score: 100.4,
        sinceMs: 0,
        untilMs: 3_600_000,
      },
    ]),
  liftBan: (subject) => void lifted.push(subject),
  unlock: (subject) => {
    unlocked.push(subject)
    return 3
  },
  emit: (event) => events.push(event),
}
const client = createAdminClient(socketPath)
let server: RunningServer

before(async () => {
  server = await startAdmin(target, socketPath, clock)
})
beforeEach(() => events.splice(0))
after(async () => {
  await server.close()
  assert.equal(existsSync(socketPath), false, 'the socket is gone after the stop')
  rmSync(folder, { recursive: true })
})

type Fields = Record<string, unknown>
const bodyOf = (reply: AdminReply): Fields => reply.body as Fields

/** Sends what the client would not. */
function raw(
  method: string,
  path: string,
  headers: Fields,
  body: string | Buffer,
): Promise<{ status: number; headers: Fields; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { socketPath, path, method, headers: headers as never, agent: false },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        )
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

test('the socket belongs to its owner alone', () => {
  assert.equal(statSync(socketPath).mode & 0o777, 0o600)
})

const readyRows: [name: string, isUp: boolean, closes: Dependency['closes'], isReady: boolean][] = [
  ['what closes everything is away', false, 'all', false],
  ['what closes everything is there', true, 'all', true],
  ['what closes some is away', false, 'some', true],
  ['what closes nothing is away', false, 'nothing', true],
]
for (const [name, isUp, closes, isReady] of readyRows)
  test(`${isReady ? 'ready' : 'not ready'}: ${name}`, () => {
    const { reasons, ...found } = readiness([{ name: 'x', isUp, closes }], false)
    assert.equal(found.isReady, isReady)
    assert.equal(reasons.length, isUp ? 0 : 1)
  })

test('health, metrics and status are there', async () => {
  assert.deepEqual(await client.request('/live'), { status: 200, body: { status: 'live' } })
  assert.deepEqual(await client.request('/metrics'), { status: 200, body: 'up 1\n' })
  assert.deepEqual(await client.request('/status'), { status: 200, body: target.status() })
  assert.deepEqual(await client.request('/ready?x=1'), {
    status: 200,
    body: { status: 'ready', reasons: [], dependencies: [] },
  })
  const store: Dependency = { name: 'store', isUp: true, closes: 'some' }
  const issuer: Dependency = { name: 'issuer a', isUp: false, closes: 'some' }
  state = readiness([store, issuer], true)
  assert.deepEqual(await client.request('/ready'), {
    status: 503,
    body: {
      status: 'not ready',
      reasons: ['draining', 'issuer a is away, closes some'],
      dependencies: [
        { name: 'store', state: 'up', closes: 'some' },
        { name: 'issuer a', state: 'away', closes: 'some' },
      ],
    },
  })
})

test('POST /keys makes a key that works at once, and shows it once [S0.11]', async () => {
  const reply = await client.request('/keys', 'POST', {
    owner: 'alice',
    scopes: ['orders:read'],
    expires: '30d',
  })
  const made = bodyOf(reply)
  assert.equal(reply.status, 201)
  assert.equal(made['expiresAt'], new Date(clock.nowMs() + 30 * 86_400_000).toISOString())
  const key = String(made['key'])
  const verified = await keys.verify(key, clock.nowMs())
  assert.ok('principal' in verified && verified.principal.subject === 'alice')
  const shown = await client.request(`/keys/${String(made['id'])}`)
  const list = await client.request('/keys')
  assert.ok((list.body as Fields[]).some((one) => one['id'] === made['id']))
  for (const { body } of [shown, list])
    assert.ok(!JSON.stringify(body).includes(key.slice(-30)), 'the secret is shown once')
  assert.deepEqual(
    events.map(({ name, reason }) => [name, reason]),
    [['authn_token_created', 'created']],
  )
  assert.equal(events[0]?.facts?.['key_id'], made['id'])
  assert.ok(!JSON.stringify(events).includes(key))
})

test('a key without any wish is made by a bare POST', async () => {
  const answer = await raw('POST', '/keys', {}, '')
  assert.equal(answer.status, 201)
  assert.equal(answer.headers['cache-control'], 'no-store')
  assert.equal(
    answer.headers['location'],
    `/keys/${String((JSON.parse(answer.text) as Fields)['id'])}`,
  )
})

test('a key can be rotated, changed and revoked; each change is told', async () => {
  const made = bodyOf(await client.request('/keys', 'POST', { cidrs: ['10.0.0.0/8'] }))
  const id = String(made['id'])
  const rotated = await client.request(`/keys/${id}/rotate`, 'POST', { overlap: '1h' })
  assert.equal(rotated.status, 200)
  assert.notEqual(bodyOf(rotated)['key'], made['key'])
  assert.equal(bodyOf(rotated)['oldSecretUntil'], new Date(clock.nowMs() + 3_600_000).toISOString())
  const changed = await client.request(`/keys/${id}`, 'PATCH', {
    roles: ['agent'],
    cidrs: null,
    expires: 'never',
  })
  assert.deepEqual(
    [
      changed.status,
      bodyOf(changed)['roles'],
      bodyOf(changed)['cidrs'],
      bodyOf(changed)['expiresAt'],
    ],
    [200, ['agent'], null, null],
  )
  const revoked = await client.request(`/keys/${id}/revoke`, 'POST', { why: 'lost' })
  assert.deepEqual(
    [revoked.status, bodyOf(revoked)['state'], bodyOf(revoked)['revokedWhy']],
    [200, 'revoked', 'lost'],
  )
  assert.equal((await client.request(`/keys/${id}/rotate`, 'POST')).status, 409)
  assert.deepEqual(
    events.map(({ name, reason }) => [name, reason]),
    [
      ['authn_token_created', 'created'],
      ['authn_token_created', 'rotated'],
      ['privilege_permissions_changed', 'updated'],
      ['authn_token_revoked', 'revoked'],
    ],
  )
})

const refusals: [
  name: string,
  method: string,
  path: string,
  body: unknown,
  status: number,
  pointer?: string,
][] = [
  ['an unknown field', 'POST', '/keys', { scope: ['x'] }, 422, '/scope'],
  ['a prototype as a field', 'POST', '/keys', { toString: 'x' }, 422, '/toString'],
  ['a list that is none', 'POST', '/keys', { scopes: 'x' }, 422, '/scopes'],
  ['a list of other things', 'POST', '/keys', { roles: [1] }, 422, '/roles'],
  ['a text that is none', 'POST', '/keys', { owner: 1 }, 422, '/owner'],
  ['null where nothing can be taken away', 'POST', '/keys', { cidrs: null }, 422, '/cidrs'],
  ['an unknown kind', 'POST', '/keys', { kind: 'xx' }, 422, '/kind'],
  ['a bad scope by its place', 'POST', '/keys', { scopes: ['ok', 'not ok'] }, 422, '/scopes/1'],
  ['a bad duration', 'POST', '/keys', { expires: 'soon' }, 422, '/expires'],
  ['a bad time', 'POST', '/keys', { expiresAt: '2027-13-01T00:00:00Z' }, 422, '/expiresAt'],
  [
    'an expiry said twice',
    'POST',
    '/keys',
    { expires: '1d', expiresAt: '2026-02-01T00:00:00Z' },
    422,
    '/expiresAt',
  ],
  [
    'an expiry in the past',
    'POST',
    '/keys',
    { expiresAt: '2020-01-01T00:00:00Z' },
    422,
    '/expires',
  ],
  ['a body that is no object', 'POST', '/keys', ['x'], 422, ''],
  ['an unknown key', 'GET', '/keys/nope', undefined, 404],
  ['the rotation of an unknown key', 'POST', '/keys/nope/rotate', {}, 404],
  ['the revocation of an unknown key', 'POST', '/keys/nope/revoke', {}, 404],
  ['the change of an unknown key', 'PATCH', '/keys/nope', { name: 'x' }, 404],
  ['an id that is none', 'GET', '/keys/a%2fb', undefined, 404],
  ['an unknown path', 'GET', '/nope', undefined, 404],
  ['another method', 'DELETE', '/keys', undefined, 405],
]
for (const [name, method, path, body, status, pointer] of refusals) {
  test(`${name} is refused`, async () => {
    const reply = await client.request(path, method, body)
    assert.equal(reply.status, status, JSON.stringify(reply.body))
    const told = bodyOf(reply)
    assert.equal(told['status'], status)
    assert.match(String(told['type']), /^urn:sallyport:problem:/)
    const pointers = ((told['errors'] ?? []) as Fields[]).map((error) => error['pointer'])
    assert.deepEqual(pointers, pointer === undefined ? [] : [pointer])
    assert.deepEqual(events, [])
  })
}

test('every wrong field is named, with what was meant', async () => {
  const { body } = await client.request('/keys', 'POST', { scoops: [], owner: 1 })
  const errors = (body as Fields)['errors'] as Fields[]
  assert.equal(errors.length, 2)
  assert.match(String(errors[0]?.['detail']), /did you mean "scopes"/)
})

const JSON_TYPE = { 'content-type': 'application/json' }
const wire: [name: string, headers: Fields, body: string | Buffer, status: number][] = [
  ['broken JSON', JSON_TYPE, '{"owner":', 400],
  ['duplicate keys', JSON_TYPE, '{"owner":"a","owner":"b"}', 400],
  ['a dangerous key', JSON_TYPE, '{"__proto__":{"owner":"a"}}', 400],
  ['bytes that are no UTF-8', JSON_TYPE, Buffer.from([0x7b, 0xff, 0x7d]), 400],
  ['another media type', { 'content-type': 'text/plain' }, '{}', 415],
  ['no media type', {}, '{}', 415],
  ['a body over 64 KiB', JSON_TYPE, JSON.stringify({ owner: 'x'.repeat(70_000) }), 413],
]
for (const [name, headers, body, status] of wire) {
  test(`${name} is refused`, async () => {
    const answer = await raw('POST', '/keys', headers, body)
    assert.equal(answer.status, status, answer.text)
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
  })
}

test('405 says what is allowed', async () => {
  assert.equal((await raw('PUT', '/keys', {}, '')).headers['allow'], 'GET, POST')
})

test('reload answers what became of it', async () => {
  assert.deepEqual(await client.request('/reload', 'POST'), {
    status: 200,
    body: { status: 'reloaded', planId: 'p2' },
  })
  reloaded = { ok: false, faults: ['sallyport.yaml:3:1 limts: unknown key'] }
  const reply = await client.request('/reload', 'POST')
  assert.equal(reply.status, 422)
  assert.deepEqual(bodyOf(reply)['errors'], [
    { pointer: '', detail: 'sallyport.yaml:3:1 limts: unknown key' },
  ])
  assert.deepEqual(
    events.map(({ name }) => name),
    ['authz_admin', 'authz_admin'],
  )
})

const faults: [name: string, error: Error, status: number, event: string][] = [
  [
    'a store that is away',
    new StoreError('unavailable', 'disk secret-detail'),
    503,
    'sp_dependency_down',
  ],
  ['a defect', new TypeError('secret-detail'), 500, 'sp_control_fault'],
]
for (const [name, error, status, event] of faults) {
  test(`${name} is ${status}, told in an event and nowhere else`, async () => {
    const path = join(folder, 'f.sock')
    const broken = {
      ...target,
      keys: { ...target.keys, list: () => Promise.reject(error) },
    } as AdminTarget
    const other = await startAdmin(broken, path, clock)
    const reply = await createAdminClient(path).request('/keys')
    await other.close()
    assert.equal(reply.status, status)
    assert.ok(!JSON.stringify(reply.body).includes('secret-detail'))
    assert.equal(events[0]?.name, event)
  })
}

test('a socket on which somebody listens is not taken', async () => {
  await assert.rejects(
    startAdmin(target, socketPath),
    (error) => error instanceof ConfigError && error.faults[0]?.path === 'admin.listen',
  )
  assert.equal((await client.request('/live')).status, 200)
})

test('a socket that a killed process left is replaced', async () => {
  const path = join(folder, 'stale.sock')
  const script = join(folder, 'leave.mjs')
  writeFileSync(
    script,
    `import { createServer } from 'node:net'; createServer().listen(process.argv[2], () => process.send('up'))`,
  )
  const child = fork(script, [path], { execArgv: [] })
  await once(child, 'message')
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.ok(existsSync(path))
  const other = await startAdmin(target, path, clock)
  assert.equal((await createAdminClient(path).request('/live')).status, 200)
  await other.close()
})

test('a file in the place of the socket is left alone', async () => {
  const path = join(folder, 'file')
  writeFileSync(path, 'x')
  await assert.rejects(startAdmin(target, path), ConfigError)
  assert.equal(statSync(path).size, 1)
})

test('a path that is too long or in no folder is a mistake of the configuration', async () => {
  await assert.rejects(startAdmin(target, join(folder, 'x'.repeat(120))), ConfigError)
  await assert.rejects(startAdmin(target, join(folder, 'no', 's.sock')), ConfigError)
})

test('the client tells a gateway that is not there from one that answers nonsense', async () => {
  await assert.rejects(
    createAdminClient(join(folder, 'none')).request('/live'),
    (error) => error instanceof AdminUnreachable && error.code === 'not_running',
  )
  const path = join(folder, 'odd.sock')
  const odd = createServer((socket) => socket.end('nonsense')).listen(path)
  await once(odd, 'listening')
  await assert.rejects(
    createAdminClient(path).request('/live'),
    (error) => error instanceof AdminUnreachable && error.code === 'broken',
  )
  odd.close()
})

test('the health listener answers health and nothing else', async () => {
  state = READY
  const health = await startHealth(target, 0, '127.0.0.1')
  const base = `http://127.0.0.1:${health.port}`
  const statuses = await Promise.all(
    ['/live', '/ready', '/metrics', '/.well-known/jwks.json', '/status', '/keys'].map(
      async (path) => (await fetch(base + path)).status,
    ),
  )
  assert.deepEqual(statuses, [200, 200, 200, 200, 404, 404])
  assert.equal(
    (await fetch(`${base}/metrics`)).headers.get('content-type'),
    'text/plain; version=0.0.4; charset=utf-8',
  )
  assert.equal((await fetch(`${base}/live`, { method: 'POST' })).status, 404)
  await health.close()
})

test('lists what is done about suspicious callers, and ends it [MON-03]', async () => {
  const listed = await client.request('/bans')
  assert.deepEqual(listed.body, [
    {
      subject: '203.0.113.7',
      response: 'block',
      reason: 'honeypot',
      score: 100,
      since: '1970-01-01T00:00:00.000Z',
      until: '1970-01-01T01:00:00.000Z',
    },
  ])
  for (const [subject, meant] of [
    ['key:k1', 'key:k1'],
    ['2001:db8::7', '2001:db8::/64'],
  ]) {
    const reply = await client.request('/bans/lift', 'POST', { subject })
    assert.deepEqual(reply.body, { lifted: meant })
  }
  assert.deepEqual(lifted, ['key:k1', '2001:db8::/64'])
  for (const body of [{}, { subject: '' }, { subject: 'x'.repeat(1001) }, { address: '1.1.1.1' }])
    assert.equal((await client.request('/bans/lift', 'POST', body)).status, 422)
})

test('forgets what is counted against somebody, and tells of it', async () => {
  const reply = await client.request('/unlock', 'POST', { account: 'ann@x.test' })
  assert.equal(reply.status, 200)
  assert.deepEqual(reply.body, { unlocked: { account: 'ann@x.test' } })
  assert.deepEqual(unlocked, [{ account: 'ann@x.test' }])
  assert.deepEqual(
    events.map(({ name, reason }) => [name, reason]),
    [['authz_admin', 'unlock']],
  )
  // Whose account it is does not go into the log.
  assert.ok(!JSON.stringify(events).includes('ann@x.test'))
})

test('forgets nobody in particular, or somebody at no address, not at all', async () => {
  for (const body of [{}, { adress: '1.1.1.1' }, { address: 'here' }, { account: '' }]) {
    const reply = await client.request('/unlock', 'POST', body)
    assert.equal(reply.status, 422, JSON.stringify(body))
  }
})
