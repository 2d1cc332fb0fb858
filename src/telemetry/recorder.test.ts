import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../base/secret.ts'
import { HeaderTable } from '../http/header-table.ts'
import { Exchange } from '../pipeline/exchange.ts'
import { createMetrics } from './metrics.ts'
import { createRecorder } from './recorder.ts'
import type { Recorder } from './recorder.ts'
import type { Sink, SinkWatch, Stream } from './sink.ts'

interface Stage {
  readonly recorder: Recorder
  readonly lines: [string, Stream][]
  readonly watch: SinkWatch
  readonly calls: string[]
}

function stageOf(writesAccess = true): Stage {
  const lines: [string, Stream][] = []
  const calls: string[] = []
  let watch: SinkWatch = {}
  const sink: Sink = {
    state: { name: 'list', isUp: true, bufferedBytes: 0, dropped: { access: 3, security: 0 } },
    isFull: false,
    write: (line, stream) => lines.push([line, stream]),
    flush: () => Promise.resolve(calls.push('flush') > 0),
    reopen: () => calls.push('reopen'),
    close: () => Promise.resolve(void calls.push('close')),
  }
  const recorder = createRecorder({
    metrics: createMetrics({ version: '1' }),
    pseudonymKey: new Secret(Buffer.alloc(32)),
    openSinks: (given) => {
      watch = given
      return [sink]
    },
    writesAccess,
  })
  return { recorder, lines, watch, calls }
}

function exchangeOf(): Exchange {
  return new Exchange(
    'r1',
    {
      method: 'GET',
      rawTarget: '/x',
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
}

const actionOf = (line: string | undefined): unknown =>
  (JSON.parse(line ?? '') as Record<string, unknown>)['event.action']

test('an exchange gives its record, its events and its counts', async () => {
  const { recorder, lines } = stageOf()
  recorder.began()
  const exchange = exchangeOf()
  exchange.status = 403
  exchange.events.push({ name: 'authz_fail', level: 'critical', control: 'c', reason: 'r' })
  recorder.record(exchange)
  assert.deepEqual(
    lines.map(([, stream]) => stream),
    ['access', 'security'],
  )
  assert.equal(actionOf(lines[1]?.[0]), 'authz_fail')
  assert.match(
    recorder.metricsText(),
    /^sallyport_requests_total\{route="unrouted",method="GET",status="403"\} 1$/m,
  )
  assert.match(
    recorder.metricsText(),
    /^sallyport_security_events_total\{event="authz_fail",level="critical"\} 1$/m,
  )
  assert.match(
    recorder.metricsText(),
    /^sallyport_log_dropped_total\{sink="list",stream="access"\} 3$/m,
  )
  assert.match(recorder.metricsText(), /^sallyport_inflight 0$/m)
  await recorder.close()
})

test('without access records events are still written', async () => {
  const { recorder, lines } = stageOf(false)
  const exchange = exchangeOf()
  exchange.observed.push({
    control: 'c',
    reason: 'r',
    status: 403,
    detail: undefined,
    errors: undefined,
  })
  recorder.record(exchange)
  recorder.emit({ name: 'sys_startup', level: 'info', control: 'gateway', reason: 'started' })
  assert.deepEqual(
    lines.map(([line]) => actionOf(line)),
    ['sp_would_refuse', 'sys_startup'],
  )
  await recorder.close()
})

test('a broken exchange throws nothing and leaves a gap that is seen', async () => {
  const { recorder, lines } = stageOf()
  recorder.record(Object.assign(exchangeOf(), { query: undefined }))
  assert.equal(actionOf(lines[0]?.[0]), 'sp_log_gap')
  assert.match(recorder.metricsText(), /^sallyport_record_faults_total 1$/m)
  await recorder.close()
})

test('what sinks report becomes events', async () => {
  const { recorder, lines, watch } = stageOf()
  watch.down?.('stdout', Object.assign(new Error('x'), { code: 'EPIPE' }))
  watch.up?.('stdout', { access: 0, security: 0 })
  watch.up?.('stdout', { access: 4, security: 0 })
  assert.deepEqual(
    lines.map(([line]) => actionOf(line)),
    ['sp_sink_down', 'sp_sink_up', 'sp_log_gap'],
  )
  assert.equal(
    (JSON.parse(lines[2]?.[0] ?? '') as Record<string, unknown>)['sallyport.lost_access'],
    4,
  )
  await recorder.close()
})

test('reopen, flush and close reach every sink', async () => {
  const { recorder, calls } = stageOf()
  recorder.reopen()
  await recorder.flush()
  await recorder.close()
  assert.deepEqual(calls, ['reopen', 'flush', 'close'])
})

test('the log is full where no sink has room, and is told of at each change alone', () => {
  const told: boolean[] = []
  let watch: SinkWatch = {}
  const full = [false, false]
  const sinkAt = (index: number): Sink => ({
    state: { name: `${index}`, isUp: true, bufferedBytes: 0, dropped: { access: 0, security: 0 } },
    get isFull() {
      return full[index] ?? false
    },
    write: () => undefined,
    flush: () => Promise.resolve(true),
    reopen: () => undefined,
    close: () => Promise.resolve(),
  })
  const metrics = createMetrics({ version: '1' })
  const recorder = createRecorder({
    metrics,
    pseudonymKey: new Secret(Buffer.alloc(32)),
    openSinks: (given) => {
      watch = given
      return [sinkAt(0), sinkAt(1)]
    },
    onRoom: (isFull) => told.push(isFull),
  })
  metrics.close()
  const steps: [first: boolean, second: boolean, isFull: boolean][] = [
    [true, false, false],
    [true, true, true],
    [true, true, true],
    [false, true, false],
  ]
  for (const [first, second, isFull] of steps) {
    full.splice(0, 2, first, second)
    watch.room?.()
    assert.equal(recorder.isFull, isFull)
  }
  assert.deepEqual(told, [true, false])
})
