import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Control } from '../../pipeline/control.ts'
import { exchangeOf } from './exchange.ts'
import { Bench } from './bench.ts'
import type { Kit } from '../kit.ts'
import { assertEveryReason, statusOf, valueOf, valuesOf } from './check.ts'

const ORDERS = {
  openapi: '3.1.0',
  info: { title: 'Orders', version: '1' },
  servers: [{ url: 'https://api.example.com/v1' }],
  paths: { '/orders': { get: { operationId: 'list', responses: { 200: { description: 'ok' } } } } },
}

/** A control that says no to everybody and mends every body. */
function sternControl(run: () => { reason: string } | undefined): Control<object, Kit> {
  return {
    name: 'stern',
    ids: [],
    stage: 'admit',
    scope: 'gateway',
    block: 'stern',
    adopt: 'enforce',
    onFault: 'deny',
    reasons: { no: { status: 403, problem: 'no', title: 'No' } },
    configure: () => ({}),
    compile: () => ({ onRequest: run }),
  }
}

suite('the bench', () => {
  test('refuses with the status of the reason', async () => {
    const guard = new Bench().guard(sternControl(() => ({ reason: 'no' })))
    assert.equal(statusOf(await guard.request(exchangeOf())), 403)
  })

  test('lets pass and notes in monitor, and does nothing in off', async () => {
    const control = sternControl(() => ({ reason: 'no' }))
    const watched = exchangeOf()
    const monitor = new Bench({ policy: { modes: new Map([['stern', 'monitor']]) } }).guard(control)
    assert.equal(await monitor.request(watched), undefined)
    assert.equal(watched.observed[0]?.reason, 'no')
    const off = new Bench({ policy: { modes: new Map([['stern', 'off']]) } }).guard(control)
    assert.equal(off.guard, undefined)
  })

  test('fails the test when a control throws', async () => {
    const guard = new Bench().guard(
      sternControl(() => {
        throw new Error('broken')
      }),
    )
    await assert.rejects(guard.request(exchangeOf()), /stern threw: Error: broken/)
  })

  test('serves the operations of the document under its base path', () => {
    const bench = new Bench({ document: ORDERS })
    assert.equal(bench.site('list').label, 'GET /v1/orders')
    assert.throws(() => bench.site('other'), /no operation other/)
  })

  test('makes keys and tokens that are good', async () => {
    const bench = new Bench()
    const { text } = await bench.key()
    assert.ok('principal' in (await bench.keys.verify(text, bench.clock.nowMs())))
    const token = await bench.tokens.verify(bench.token({ sub: 'ann' }), bench.clock.nowMs())
    assert.ok('principal' in token && token.principal.subject === 'ann')
  })
})

test('an exchange stands where address and target would have left it', () => {
  const exchange = exchangeOf({ target: '/%61?b=1', peer: '2001:db8::1', tls: null })
  assert.equal(exchange.path, '/a')
  assert.deepEqual(exchange.query.pairs, [['b', '1', '1']])
  assert.equal(exchange.clientKey, '2001:db8::/64')
  assert.equal(exchange.isSecure, false)
  assert.equal(exchangeOf({ target: '/a/../b' }).path, '')
})

test('fields of a flat list are found in any case', () => {
  assert.deepEqual(valuesOf(['A', '1', 'b', 'a', 'a', '2'], 'a'), ['1', '2'])
  assert.equal(valueOf(undefined, 'a'), undefined)
})

test('a reason that no row reaches is told', () => {
  const control = sternControl(() => undefined)
  assertEveryReason(control, ['no', undefined])
  assert.throws(() => assertEveryReason(control, [undefined]))
})
