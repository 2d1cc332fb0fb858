import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { FakeClock } from '../base/clock.ts'
import { HeaderTable } from '../http/header-table.ts'
import { Exchange } from '../pipeline/exchange.ts'
import type { DecisionRecord } from '../pipeline/exchange.ts'
import type { Site } from '../pipeline/site.ts'
import { labelText, MAX_CELLS } from './metric-family.ts'
import { createMetrics } from './metrics.ts'
import type { Metrics } from './metrics.ts'

interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A strict reader of the text format 0.0.4: every line must be accounted for. */
function parseExposition(text: string): { types: Map<string, string>; series: Series[] } {
  assert.ok(text.endsWith('\n'))
  const types = new Map<string, string>()
  const series: Series[] = []
  const seen = new Set<string>()
  let current = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][\w:]*) (?:[^\\]|\\[\\n])*$/.exec(line)
    if (help !== null) continue
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary)$/.exec(line)
    if (type !== null) {
      current = type[1] ?? ''
      assert.ok(!types.has(current), `${current} twice`)
      types.set(current, type[2] ?? '')
      continue
    }
    const sample =
      /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.exec(line)
    assert.ok(sample !== null, `not a sample: ${line}`)
    const name = sample[1] ?? ''
    assert.ok(
      name === current ||
        [`${current}_bucket`, `${current}_sum`, `${current}_count`].includes(name),
      line,
    )
    assert.ok(!seen.has(line.slice(0, line.lastIndexOf(' '))), `series twice: ${line}`)
    seen.add(line.slice(0, line.lastIndexOf(' ')))
    series.push({
      name,
      labels: parseLabels(sample[2] ?? ''),
      value: Number(sample[3]?.replace('Inf', 'Infinity')),
    })
  }
  return { types, series }
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  let rest = text
  while (rest !== '') {
    const pair = /^([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/.exec(rest)
    assert.ok(pair !== null, `not a label: ${rest}`)
    labels[pair[1] ?? ''] = (pair[2] ?? '').replace(/\\(.)/g, (_, c: string) =>
      c === 'n' ? '\n' : c,
    )
    rest = rest.slice(pair[0].length)
  }
  return labels
}

function valueOf(
  metrics: Metrics,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const wanted = Object.entries(labels)
  return parseExposition(metrics.text()).series.find(
    (one) => one.name === name && wanted.every(([key, value]) => one.labels[key] === value),
  )?.value
}

function exchangeOf(method: string, status: number, label?: string): Exchange {
  const headers = new HeaderTable([])
  const exchange = new Exchange(
    'r',
    {
      method,
      rawTarget: '/',
      httpVersion: '1.1',
      headers,
      authority: undefined,
      peerAddress: '::1',
      peerPort: 1,
      listener: 'http',
      tls: undefined,
      hasBody: false,
    },
    0,
  )
  exchange.status = status
  if (label !== undefined) exchange.site = { label } as Site
  return exchange
}

function decisionOf(control: string, reason: string, status = 403): DecisionRecord {
  return { control, reason, status, detail: undefined, errors: undefined }
}

function withMetrics(run: (metrics: Metrics, clock: FakeClock) => void): void {
  const clock = new FakeClock()
  const metrics = createMetrics({ version: '1.2.3', clock, authorizeControls: new Set(['scopes']) })
  try {
    run(metrics, clock)
  } finally {
    metrics.close()
  }
}

test('requests are counted by route, method and status; strangers add no series', () =>
  withMetrics((metrics) => {
    metrics.ended(exchangeOf('GET', 200, 'GET /a/{id}'), 0.003)
    metrics.ended(exchangeOf('GET', 200, 'GET /a/{id}'), 0.3)
    metrics.ended(exchangeOf('GET', 404, 'GET /a/{id}'), 99)
    for (let i = 0; i < 50; i++) metrics.ended(exchangeOf(`M${i}`, 501), 0)
    assert.equal(
      valueOf(metrics, 'sallyport_requests_total', {
        route: 'GET /a/{id}',
        method: 'GET',
        status: '200',
      }),
      2,
    )
    assert.equal(
      valueOf(metrics, 'sallyport_requests_total', { route: 'GET /a/{id}', status: '404' }),
      1,
    )
    assert.equal(
      valueOf(metrics, 'sallyport_requests_total', {
        route: 'unrouted',
        method: '_OTHER',
        status: '501',
      }),
      50,
    )
    const { series } = parseExposition(metrics.text())
    assert.equal(series.filter(({ name }) => name === 'sallyport_requests_total').length, 3)
  }))

test('odd statuses stay bounded', () =>
  withMetrics((metrics) => {
    for (const status of [0, 99, 600, -1, Number.NaN]) metrics.ended(exchangeOf('GET', status), 0)
    for (let status = 100; status < 600; status++) metrics.ended(exchangeOf('GET', status), 0)
    const { series } = parseExposition(metrics.text())
    const counts = series.filter(({ name }) => name === 'sallyport_requests_total')
    assert.ok(counts.length <= 64)
    assert.equal(
      counts.reduce((sum, { value }) => sum + value, 0),
      505,
    )
  }))

test('the duration is a cumulative histogram whose sum and count agree', () =>
  withMetrics((metrics) => {
    for (const seconds of [0.0005, 0.001, 0.004, 0.2, 30])
      metrics.ended(exchangeOf('GET', 200, 'GET /h'), seconds)
    const { types, series } = parseExposition(metrics.text())
    assert.equal(types.get('http_server_request_duration_seconds'), 'histogram')
    const buckets = series.filter(
      ({ name, labels }) =>
        name.endsWith('duration_seconds_bucket') && labels['route'] === 'GET /h',
    )
    const at = (le: string) => buckets.find(({ labels }) => labels['le'] === le)?.value
    assert.deepEqual(
      [at('0.001'), at('0.0025'), at('0.005'), at('0.25'), at('10'), at('+Inf')],
      [2, 2, 3, 4, 4, 5],
    )
    for (let i = 1; i < buckets.length; i++)
      assert.ok((buckets[i]?.value ?? 0) >= (buckets[i - 1]?.value ?? 0))
    assert.equal(
      valueOf(metrics, 'http_server_request_duration_seconds_count', { route: 'GET /h' }),
      5,
    )
    assert.ok(
      Math.abs(
        (valueOf(metrics, 'http_server_request_duration_seconds_sum', { route: 'GET /h' }) ?? 0) -
          30.2055,
      ) < 1e-9,
    )
  }))

test('denials are counted in both modes; an own answer is none', () =>
  withMetrics((metrics) => {
    const exchange = exchangeOf('GET', 403, 'GET /d')
    exchange.decision = decisionOf('waf', 'sqli')
    exchange.observed.push(decisionOf('waf', 'sqli'), decisionOf('body', 'schema'))
    metrics.ended(exchange, 0)
    const preflight = exchangeOf('OPTIONS', 204, 'GET /d')
    preflight.decision = decisionOf('cors', 'preflight', 204)
    metrics.ended(preflight, 0)
    const denied = (labels: Record<string, string>) =>
      valueOf(metrics, 'sallyport_denied_total', labels)
    assert.equal(denied({ control: 'waf', reason: 'sqli', route: 'GET /d', mode: 'enforce' }), 1)
    assert.equal(denied({ control: 'waf', reason: 'sqli', route: 'GET /d', mode: 'monitor' }), 1)
    assert.equal(denied({ control: 'body', reason: 'schema', mode: 'monitor' }), 1)
    assert.equal(denied({ control: 'body', mode: 'enforce' }), undefined)
    assert.equal(denied({ control: 'cors' }), undefined)
  }))

test('authorization decisions, upstream faults and requests under way', () =>
  withMetrics((metrics) => {
    for (let i = 0; i < 3; i++) metrics.began()
    assert.equal(valueOf(metrics, 'sallyport_inflight'), 3)
    const allowed = exchangeOf('GET', 502, 'GET /x')
    allowed.authorizedBy = 'scopes'
    allowed.upstream = { status: 503, headers: new HeaderTable([]) }
    allowed.abortedBy = 'upstream'
    metrics.ended(allowed, 0)
    for (const decision of [
      decisionOf('scopes', 'scope'),
      decisionOf('runner', 'no_policy'),
      decisionOf('edge', 'upstream_refused', 502),
    ]) {
      const exchange = exchangeOf('GET', decision.status, 'GET /x')
      exchange.decision = decision
      metrics.ended(exchange, 0)
    }
    assert.equal(valueOf(metrics, 'sallyport_inflight'), 0)
    assert.equal(valueOf(metrics, 'sallyport_authz_decisions_total', { effect: 'allow' }), 1)
    assert.equal(valueOf(metrics, 'sallyport_authz_decisions_total', { effect: 'deny' }), 2)
    assert.equal(valueOf(metrics, 'sallyport_upstream_errors_total', { reason: 'status_5xx' }), 1)
    assert.equal(valueOf(metrics, 'sallyport_upstream_errors_total', { reason: 'aborted' }), 1)
    assert.equal(
      valueOf(metrics, 'sallyport_upstream_errors_total', { reason: 'upstream_refused' }),
      1,
    )
  }))

test('gauges, reloads, certificates, sinks and the process are there', () =>
  withMetrics((metrics, clock) => {
    metrics.configReloaded('failure')
    metrics.certificate('api.example.com', clock.nowMs() + 90_000)
    metrics.placesBuilt(clock.nowMs() - 60_000)
    metrics.securityEvent('authn_login_fail', 'warn')
    metrics.counter('sallyport_h2_resets_total', 'Resets.').cell().value += 2
    metrics.watchSinks(() => [
      { name: 'stdout', isUp: true, bufferedBytes: 7, dropped: { access: 5, security: 1 } },
    ])
    clock.advance(30_000)
    const rows: [string, Record<string, string>, number][] = [
      ['sallyport_config_reload_total', { result: 'failure' }, 1],
      ['sallyport_config_reload_total', { result: 'success' }, 0],
      ['sallyport_cert_expiry_seconds', { certificate: 'api.example.com' }, 60],
      ['sallyport_geo_db_age_seconds', {}, 90],
      ['sallyport_security_events_total', { event: 'authn_login_fail', level: 'warn' }, 1],
      ['sallyport_h2_resets_total', {}, 2],
      ['sallyport_log_dropped_total', { sink: 'stdout', stream: 'access' }, 5],
      ['sallyport_log_dropped_total', { sink: 'stdout', stream: 'security' }, 1],
      ['sallyport_log_queue_bytes', { sink: 'stdout' }, 7],
      ['sallyport_build_info', { version: '1.2.3' }, 1],
    ]
    for (const [name, labels, value] of rows)
      assert.equal(valueOf(metrics, name, labels), value, name)
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'process_start_time_seconds',
      'nodejs_heap_used_bytes',
    ])
      assert.ok((valueOf(metrics, name) ?? 0) > 0, name)
    assert.equal(
      parseExposition(metrics.text()).types.get('sallyport_eventloop_delay_seconds'),
      'summary',
    )
  }))

test('a family that a caller tries to fill ends in one series', () =>
  withMetrics((metrics) => {
    const family = metrics.counter('x_total', 'X.', ['who'])
    for (let i = 0; i < MAX_CELLS + 10; i++) family.cell(String(i)).value++
    assert.equal(valueOf(metrics, 'x_total', { who: '_other' }), 10)
  }))

test('label values come back whatever they hold', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const text = labelText(['a', 'b'], [value, 'z'])
      assert.deepEqual(parseLabels(text.slice(1, -1)), { a: value, b: 'z' })
    }),
  )
})
