import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadConfig } from '../../src/gateway/config/load-config.ts'
import { rangeConfig } from './range-settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-range-'))
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'sallyport.yaml')
for (const name of ['a.yaml', 'b.yaml']) writeFileSync(join(folder, name), 'openapi: 3.1.0\n')
writeFileSync(
  file,
  `apis:
  one: { openapi: ./a.yaml, upstream: 'https://api.example.com/base' }
  two: { openapi: ./b.yaml, upstream: 'https://other.example.com' }
mode: monitor
auth: { jwt: { issuers: { 'https://id.example.com': { audience: orders } } } }
authorize: { roles: { admin: ['*'] } }
rules:
  - { tag: admin, validate: { maxDepth: 5 }, authorize: { acl: { roles: [admin] } } }
  - { method: GET, validate: { maxDepth: 6 } }
limits: { ip: 1000/s burst 5000, principal: off, failures: 500/5min ban 15min, errors: 10/min }
`,
)

const loaded = await loadConfig(file, {})
const order = {
  flags: {},
  omit: undefined,
  needs: {},
  sinkOrigin: 'http://127.0.0.1:1',
  folder,
  jwksFile: join(folder, 'jwks.json'),
  withOwnApis: true,
} as const
const { settings } = rangeConfig(loaded, order)

test('no upstream and no issuer of the operator is left in the range', () => {
  assert.deepEqual(
    settings.apis.map(({ name, upstream }) => [name, upstream.origin]),
    [
      ['one', 'http://127.0.0.1:1'],
      ['two', 'http://127.0.0.1:1'],
      ['sallyport-prove', 'http://127.0.0.1:1'],
    ],
  )
  assert.ok(settings.auth.issuers.every(({ jwks }) => jwks.kind === 'file'))
})

test('nothing is kept, and nothing is opened but loopback', () => {
  assert.equal(settings.store.kind, 'memory')
  assert.equal(settings.listen.address, '127.0.0.1')
  assert.equal(settings.listen.health, undefined)
  for (const path of [settings.secretsFile, settings.admin.socket])
    assert.ok(path.startsWith(folder))
})

test('modes stay, limits stay where a flood can reach them, and become reachable where not', () => {
  const { mode, limits } = settings.blocks
  assert.equal(mode, 'monitor')
  assert.deepEqual(limits.ip, { count: 50, windowMs: 1000, burst: 300 })
  assert.equal(limits.principal, undefined)
  assert.equal(limits.failures?.count, 50)
  assert.deepEqual(limits.errors, loaded.settings.blocks.limits.errors)
})

test('roles come with an attack that needs them, beside the configured ones', () => {
  assert.equal(settings.blocks.authorize.roles, undefined)
  const needs = { roles: { prover: ['op:x'] } }
  const { roles } = rangeConfig(loaded, { ...order, needs }).settings.blocks.authorize
  assert.deepEqual([...(roles?.keys() ?? [])], ['admin', 'prover'])
})

test('the probe API stands alone where the operator’s documents are not asked about', () => {
  const alone = rangeConfig(loaded, { ...order, withOwnApis: false })
  assert.deepEqual(
    alone.settings.apis.map(({ name }) => name),
    ['sallyport-prove'],
  )
})

test('rules say nothing of callers, and select nothing that is not there', () => {
  const rulesOf = (withOwnApis: boolean): readonly unknown[] =>
    rangeConfig(loaded, { ...order, withOwnApis }).settings.rules.map((rule) => [
      rule.validate.maxDepth,
      rule.authorize,
    ])
  assert.deepEqual(rulesOf(true), [
    [5, {}],
    [6, {}],
  ])
  assert.deepEqual(rulesOf(false), [[6, {}]])
})
