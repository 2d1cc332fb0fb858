import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { FakeClock } from '../base/clock.ts'
import { HeaderTable } from '../http/header-table.ts'
import { Exchange } from '../pipeline/exchange.ts'
import type { Site } from '../pipeline/site.ts'
import { createMetrics } from './metrics.ts'
import type { Metrics } from './metrics.ts'
import { EndedNumbers, SharedNumbers } from './numbers.ts'
import type { NumberBlock } from './numbers.ts'

function newMetrics(numbers?: SharedNumbers): Metrics {
  return createMetrics({
    version: '1',
    clock: new FakeClock(),
    authorizeControls: new Set(['scopes']),
    ...(numbers === undefined ? {} : { numbers: numbers.allocate }),
  })
}

const happenings = fc.array(
  fc.record({
    thread: fc.nat(2),
    status: fc.constantFrom(0, 200, 201, 404, 429, 503, 599),
    method: fc.constantFrom('GET', 'POST', 'BREW'),
    route: fc.constantFrom('GET /a', 'GET /b,c', undefined),
    reason: fc.constantFrom('no_scope', 'ip_limit', undefined),
    isObserved: fc.boolean(),
    // Powers of two: their sums are exact in any order.
    seconds: fc.constantFrom(0.0009765625, 0.25, 16),
  }),
  { maxLength: 60 },
)

type Happening = typeof happenings extends fc.Arbitrary<(infer One)[]> ? One : never

function tell(metrics: Metrics, event: Happening): void {
  const exchange = new Exchange(
    'r',
    {
      method: event.method,
      rawTarget: '/',
      httpVersion: '1.1',
      headers: new HeaderTable([]),
      authority: undefined,
      peerAddress: '::1',
      peerPort: 1,
      listener: 'http',
      tls: undefined,
      hasBody: false,
    },
    0,
  )
  exchange.status = event.status
  if (event.route !== undefined) exchange.site = { label: event.route } as Site
  const { reason } = event
  if (reason !== undefined) {
    const control = reason === 'no_scope' ? 'scopes' : 'ip-limit'
    const decision = { control, reason, status: 403, detail: undefined, errors: undefined }
    if (event.isObserved) exchange.observed.push(decision)
    else exchange.decision = decision
  }
  metrics.began()
  metrics.ended(exchange, event.seconds)
  metrics.securityEvent('sp_x', event.isObserved ? 'info' : 'warn')
}

/** What was counted, in any order; not what differs between any two moments or threads. */
function countsOf(text: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#') && !/^(?:process_|nodejs_|sallyport_event)/.test(line))
    .toSorted()
}

test('the numbers of threads, living and dead, are those of one that did it all', () => {
  fc.assert(
    fc.property(happenings, fc.nat(3), (events, dead) => {
      const one = newMetrics()
      const main = new SharedNumbers()
      const parts = [main, new SharedNumbers(), new SharedNumbers()]
      const threads = parts.map((numbers) => newMetrics(numbers))
      for (const event of events) {
        tell(one, event)
        tell(threads[event.thread] ?? one, event)
      }
      const ended = new EndedNumbers()
      for (const numbers of parts.slice(1, dead)) ended.add(numbers.blocks)
      const living = [main, ...parts.slice(Math.max(1, dead))].map(({ blocks }) => blocks)
      const text = threads[0]?.text([...living, ended.blocks]) ?? ''
      assert.deepEqual(countsOf(text), countsOf(one.text()))
      for (const metrics of [one, ...threads]) metrics.close()
    }),
    { numRuns: 50 },
  )
})

test('a block is announced before anything is counted in it', () => {
  const announced: NumberBlock[] = []
  const numbers = new SharedNumbers((block) => announced.push(block))
  const cell = newMetrics(numbers).counter('x_total', 'X.', ['a']).cell('1')
  assert.deepEqual(announced.at(-1)?.key, ['counter', 'x_total', 'X.', 'a', '1'])
  cell.value++
  assert.equal(announced.at(-1)?.values[0], 1)
})

test('gauges end with their thread, counters stay', () => {
  const numbers = new SharedNumbers()
  const thread = newMetrics(numbers)
  thread.began()
  thread.configReloaded('success')
  thread.close()
  const ended = new EndedNumbers()
  ended.add(numbers.blocks)
  const main = newMetrics()
  const lines = countsOf(main.text([ended.blocks]))
  main.close()
  assert.ok(lines.includes('sallyport_inflight 0'))
  assert.ok(lines.includes('sallyport_config_reload_total{result="success"} 1'))
})
