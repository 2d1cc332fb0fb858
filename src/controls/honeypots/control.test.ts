import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { NOTHING_WATCHED } from '../../pipeline/detect-policy.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { honeypots } from './control.ts'

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/{file}/env': {
      parameters: [{ name: 'file', in: 'path', required: true, schema: { type: 'string' } }],
      get: { operationId: 'env', responses: { 200: { description: 'ok' } } },
    },
  },
}
const paths = ['/.env', '/actuator/env']
const detect = { ...NOTHING_WATCHED, honeypots: { most: 'block', paths } } as const

suite('honeypots', () => {
  for (const [name, target, reason] of [
    ['a trap', '/.env', 'honeypot'],
    ['another spelling of it', '/%2Eenv', 'honeypot'],
    ['something beside it', '/.env2', undefined],
    ['a path that the document declares', '/actuator/env', undefined],
  ] as const)
    for (const place of ['here', 'elsewhere'] as const)
      test(`${name} (counters ${place})`, async () => {
        const bench = new Bench({ document: DOCUMENT, policy: { detect } })
        const kit = place === 'here' ? bench.kit : { ...bench.kit, counters: bench.later() }
        const exchange = exchangeOf({ target })
        const guard = bench.guard(honeypots, undefined, undefined, kit)
        assertRefused(await guard.request(exchange), reason, 404)
        const until = bench.counters.isBanned('risk-block:203.0.113.7', bench.clock.nowMs())
        assert.equal(until !== undefined, reason !== undefined)
        assert.deepEqual(
          exchange.events.map((event) => event.name),
          reason === undefined ? [] : ['malicious_attack_tool', 'sp_response_action'],
        )
      })

  test('nobody is blocked behind a proxy that hides its clients', async () => {
    const bench = new Bench({ policy: { detect } })
    const exchange = exchangeOf({ target: '/.env' })
    exchange.hidesClients = true
    assertRefused(await bench.guard(honeypots).request(exchange), 'honeypot', 404)
    assert.equal(exchange.events.length, 0)
  })

  test('the rows reach every reason', () => assertEveryReason(honeypots, ['honeypot']))
})
