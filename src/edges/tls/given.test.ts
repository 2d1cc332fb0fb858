import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { suite, test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { ConfigError } from '../../base/config-error.ts'
import type { CertificatePair } from './certificate.ts'
import { GivenTls } from './given.ts'
import { issueCertificate } from './issue.ts'

const NOW_MS = Date.UTC(2026, 5, 1)
const DAY_MS = 86_400_000

function pairOf(
  name: string,
  days: readonly [from: number, to: number] = [-1, 30],
): CertificatePair {
  const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
  const cert = issueCertificate({
    subject: name,
    subjectKey: key,
    issuer: name,
    issuerKey: key,
    notBeforeMs: NOW_MS + days[0] * DAY_MS,
    notAfterMs: NOW_MS + days[1] * DAY_MS,
    names: [name],
  })
  return { cert, key: key.export({ type: 'pkcs8', format: 'pem' }) }
}

const OLD = pairOf('old.example')
const NEW = pairOf('new.example', [-1, 90])
const MIXED = { cert: OLD.cert, key: NEW.key }

suite('a given certificate', () => {
  test('is served with the facts that it states', () => {
    const given = new GivenTls(OLD, '1.2', NOW_MS)
    assert.deepEqual(given.facts.names, ['old.example'])
    assert.equal(given.facts.expiresMs, NOW_MS + 30 * DAY_MS)
    assert.equal(given.options.cert, OLD.cert)
    assert.equal(given.options.minVersion, 'TLSv1.2')
    assert.ok(createSecureContext(given.options))
  })

  test('with TLS 1.3 only says so', () => {
    assert.equal(new GivenTls(OLD, '1.3', NOW_MS).options.minVersion, 'TLSv1.3')
  })

  const bad: [name: string, pair: CertificatePair, message: RegExp][] = [
    ['the key of another', MIXED, /listen\.tls\.key/],
    ['an expired certificate', pairOf('x', [-9, -1]), /listen\.tls\.cert.*expired/],
    ['no certificate at all', { cert: '', key: OLD.key }, /listen\.tls\.cert/],
  ]
  for (const [name, pair, message] of bad) {
    test(`${name} stops the start, and stops no running port`, () => {
      const isRefusal = (error: unknown): boolean =>
        error instanceof ConfigError && message.test(error.message)
      assert.throws(() => new GivenTls(pair, '1.2', NOW_MS), isRefusal)
      const given = new GivenTls(OLD, '1.2', NOW_MS)
      const before = given.options
      given.subscribe(() => assert.fail('told of a pair that was refused'))
      assert.throws(() => given.prepare(pair, '1.2', NOW_MS), isRefusal)
      assert.equal(given.options, before)
      assert.deepEqual(given.facts.names, ['old.example'])
    })
  }
})

suite('another pair', () => {
  test('is served from the moment it is put in place, not from the moment it was checked', () => {
    const given = new GivenTls(OLD, '1.2', NOW_MS)
    const told: unknown[] = []
    given.subscribe((options) => told.push(options))
    const prepared = given.prepare(NEW, '1.3', NOW_MS)
    assert.deepEqual(prepared.facts.names, ['new.example'])
    assert.deepEqual(given.facts.names, ['old.example'])
    assert.deepEqual(told, [])
    prepared.serve()
    assert.deepEqual(given.facts.names, ['new.example'])
    assert.equal(given.options.cert, NEW.cert)
    assert.equal(given.options.minVersion, 'TLSv1.3')
    assert.deepEqual(told, [given.options])
  })

  test('is told to every listener, and not to those who left', () => {
    const given = new GivenTls(OLD, '1.2', NOW_MS)
    const told: string[] = []
    const leave = given.subscribe(() => told.push('a'))
    given.subscribe(() => told.push('b'))
    given.prepare(NEW, '1.2', NOW_MS).serve()
    leave()
    given.prepare(OLD, '1.2', NOW_MS).serve()
    assert.deepEqual(told, ['a', 'b', 'b'])
  })
})
