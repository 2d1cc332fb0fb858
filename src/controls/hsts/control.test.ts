import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../testing/bench.ts'
import { valuesOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { hsts } from './control.ts'

const YEAR = 'max-age=31536000'

const cases: [name: string, parts: RequestParts, sent: readonly string[]][] = [
  ['says it over HTTPS', {}, [YEAR]],
  ['says it whatever the port', { host: 'api.example.com:8443' }, [YEAR]],
  ['says it in HTTP/2', { httpVersion: '2.0', authority: 'api.example.com' }, [YEAR]],
  ['does not say it over HTTP', { tls: null }, []],
  ['does not say it for localhost', { host: 'localhost:8443' }, []],
  ['does not say it for localhost in capitals', { host: 'LocalHost' }, []],
  ['does not say it for localhost as the root knows it', { host: 'localhost.' }, []],
  ['does not say it for names below localhost', { host: 'shop.localhost' }, []],
  ['does not say it for an address', { host: '127.0.0.1' }, []],
  ['does not say it for a public address', { host: '203.0.113.1:8443' }, []],
  ['does not say it for an IPv6 address', { host: '[::1]:8443' }, []],
  ['does not say it where the host is not known', { host: null }, []],
  ['does not say it where the host is malformed', { host: 'a b' }, []],
]

suite('hsts', () => {
  for (const [name, parts, sent] of cases) {
    test(name, () => {
      const guard = new Bench().guard(hsts)
      const headers = guard.answer(exchangeOf(parts))
      assert.deepEqual(valuesOf(headers, 'Strict-Transport-Security'), sent)
    })
  }

  test('is the only one to say it', () => {
    const guard = new Bench().guard(hsts)
    assert.ok(guard.dropsResponse('strict-transport-security'))
    assert.equal(guard.dropsResponse('content-type'), false)
  })

  test('is not there where it is switched off', () => {
    const policy = { listen: { hstsSeconds: 0 } }
    assert.equal(new Bench({ policy }).guard(hsts).guard, undefined)
  })

  test('refuses nothing', () => {
    assert.deepEqual(hsts.reasons, {})
  })
})
