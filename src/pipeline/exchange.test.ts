import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderTable } from '../http/header-table.ts'
import { Exchange } from './exchange.ts'
import type { RequestHead } from './exchange.ts'

const HEAD: RequestHead = {
  method: 'GET',
  rawTarget: '/',
  httpVersion: '1.1',
  headers: new HeaderTable([]),
  authority: undefined,
  peerAddress: '127.0.0.1',
  peerPort: 1,
  listener: 'https',
  tls: undefined,
  hasBody: false,
}

test('an exchange starts with no rights and nothing decided', () => {
  const exchange = new Exchange('id', HEAD, 5)
  assert.equal(exchange.principal.kind, 'none')
  assert.equal(exchange.principal.scopes.size, 0)
  assert.equal(exchange.principal.roles.length, 0)
  assert.equal(exchange.authorizedBy, undefined)
  assert.equal(exchange.isSecure, false)
  assert.equal(exchange.site, undefined)
  assert.equal(exchange.decision, undefined)
  assert.deepEqual(exchange.met, [])
})

test('two exchanges share nothing that one of them writes', () => {
  const one = new Exchange('1', HEAD, 5)
  const other = new Exchange('2', HEAD, 5)
  one.answerHeaders.push('a', 'b')
  one.events.push({ name: 'x', level: 'info', control: 'c', reason: 'r' })
  const record = { control: 'c', reason: 'r', status: 403, detail: undefined, errors: undefined }
  one.observed.push(record)
  one.repaired.push(record)
  assert.equal(other.answerHeaders.length, 0)
  assert.equal(other.events.length, 0)
  assert.equal(other.observed.length, 0)
  assert.equal(other.repaired.length, 0)
})
