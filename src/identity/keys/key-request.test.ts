import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../../base/config-error.ts'
import { parseKeyRequest } from './key-request.ts'
import type { KeyRequest } from './key-request.ts'

const NOW = Date.UTC(2026, 0, 1)
const DAY = 86_400_000

test('a bare request grants no scope, restricts nothing and lives 90 days', () => {
  assert.deepEqual(parseKeyRequest({}, NOW), {
    kind: 'sk',
    env: 'live',
    owner: undefined,
    name: '',
    scopes: [],
    roles: [],
    groups: [],
    operations: undefined,
    cidrs: undefined,
    origins: undefined,
    tags: [],
    createdBy: 'operator',
    expiresAtMs: NOW + 90 * DAY,
  })
})

const GOOD: [name: string, request: KeyRequest, field: keyof KeyRequest, value: unknown][] = [
  ['takes the longest life', { expiresAtMs: NOW + 365 * DAY }, 'expiresAtMs', NOW + 365 * DAY],
  ['takes "never" when it is said', { expiresAtMs: Infinity }, 'expiresAtMs', Infinity],
  ['drops a scope said twice', { scopes: ['a', 'a'] }, 'scopes', ['a']],
  ['normalizes origins', { origins: ['https://A.example:443'] }, 'origins', ['https://a.example']],
  ['keeps networks as written', { cidrs: ['10.0.0.0/8'] }, 'cidrs', ['10.0.0.0/8']],
]
for (const [name, request, field, value] of GOOD)
  test(name, () => assert.deepEqual(parseKeyRequest(request, NOW)[field], value))

const BAD: [name: string, request: KeyRequest, path: string][] = [
  ['a life of 366 days', { expiresAtMs: NOW + 366 * DAY }, 'expires'],
  ['an expiry now', { expiresAtMs: NOW }, 'expires'],
  ['an expiry that is no number', { expiresAtMs: Number.NaN }, 'expires'],
  ['an environment with an underscore', { env: 'li_ve' }, 'env'],
  ['a publishable key without origins', { kind: 'pk' }, 'origins'],
  ['an origin with a path', { origins: ['https://a.example/x'] }, 'origins[0]'],
  ['a network that is none', { cidrs: ['10.0.0.0/8', '10.0.0.0/33'] }, 'cidrs[1]'],
  ['an empty list of networks', { cidrs: [] }, 'cidrs'],
  ['an empty list of operations', { operations: [] }, 'operations'],
  ['a scope with a space', { scopes: ['a b'] }, 'scopes[0]'],
  ['an owner with a line end', { owner: 'a\nb' }, 'owner'],
  ['an empty owner', { owner: '' }, 'owner'],
  ['a name that is too long', { name: 'n'.repeat(201) }, 'name'],
  ['too many tags', { tags: Array.from({ length: 201 }, (_, i) => `t${i}`) }, 'tags'],
]
for (const [name, request, path] of BAD)
  test(`refuses ${name}`, () =>
    assert.throws(
      () => parseKeyRequest(request, NOW),
      (error) =>
        error instanceof ConfigError &&
        error.faults[0]?.path === path &&
        error.faults[0].cure !== undefined,
    ))
