import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { FakeClock } from '../../base/clock.ts'
import { HeaderTable } from '../../http/header-table.ts'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Operation } from '../../openapi/model.ts'
import type { Evidence } from '../../pipeline/evidence.ts'
import { Exchange } from '../../pipeline/exchange.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { StoreError } from '../../store/records.ts'
import type { AdoptFinding, AdoptRecords } from '../../store/records.ts'
import type { LifecycleEvent } from '../../telemetry/security-events.ts'
import type { Plan } from '../plan.ts'
import { ExpiryNotice } from './expiry-notice.ts'
import { AdoptLedger } from './ledger.ts'
import { ADOPT_NUMBERS } from './numbers.ts'
import { UndeclaredPaths } from './undeclared.ts'

const MINUTE_MS = 60_000

interface Range {
  readonly clock: FakeClock
  readonly records: AdoptRecords
  readonly events: LifecycleEvent[]
  readonly ledger: AdoptLedger
  reloads: number
}

function operation(id: string, parts: Partial<Operation> = {}): Operation {
  return {
    api: 'shop',
    id,
    method: 'GET',
    template: `/${id}`,
    security: undefined,
    ...parts,
  } as Operation
}

const ORDERS = operation('orders', { template: '/orders/{id}' })
const OPEN = operation('open', { security: [] })

function planOf(operations: readonly Operation[], adopt = true): Plan {
  const sites = operations.map((one) => ({
    site: { operation: one, policy: { adopt: adopt ? { untilMs: Infinity } : undefined } },
  }))
  const apis = new Map([['shop', { runtime: { model: { operations } } }]])
  return { sites, apis } as unknown as Plan
}

function range(records: AdoptRecords = new MemoryRecords().adopt): Range {
  const clock = new FakeClock()
  const events: LifecycleEvent[] = []
  const made: Range = {
    clock,
    records,
    events,
    reloads: 0,
    ledger: new AdoptLedger({
      records,
      clock,
      numbers: { flushMs: 1_000_000 },
      emit: (event) => void events.push(event),
      onGraduated: async () => void made.reloads++,
    }),
  }
  made.ledger.setPlan(planOf([ORDERS, OPEN]))
  return made
}

interface CallParts {
  readonly operation?: Operation
  readonly isAnonymous?: boolean
  readonly status?: number
  readonly evidence?: readonly Evidence[]
  readonly isAborted?: boolean
  readonly control?: string
}

/** An exchange as the core ends it. */
function call(parts: CallParts = {}): Exchange {
  const exchange = bare('GET', '/orders/7')
  const { status = 200, evidence = [] } = parts
  const site = { operation: parts.operation ?? ORDERS, policy: { adopt: { untilMs: Infinity } } }
  exchange.site = site as unknown as NonNullable<Exchange['site']>
  exchange.principal =
    parts.isAnonymous === true ? ANONYMOUS : { ...ANONYMOUS, id: 'key:a', kind: 'apiKey' }
  exchange.upstream = { status, headers: new HeaderTable([]) }
  exchange.status = status
  if (parts.isAborted === true) exchange.abortedBy = 'client'
  if (evidence.length > 0) {
    const record = { control: parts.control ?? 'responses', reason: 'r', status: 502 }
    exchange.observed.push({
      ...record,
      detail: undefined,
      errors: undefined,
      evidence: () => evidence,
    })
  }
  return exchange
}

function bare(method: string, path: string): Exchange {
  const head = { method, headers: new HeaderTable([]) } as unknown as Exchange['head']
  const exchange = new Exchange('id', head, 0)
  exchange.path = path
  return exchange
}

function field(name: string, type = 'string'): Evidence {
  return {
    kind: 'response-undeclared-field',
    pointer: `200 application/json#/${name}`,
    sample: JSON.stringify({ type }),
  }
}

async function listed(records: AdoptRecords): Promise<Map<string, AdoptFinding>> {
  const rows = await records.list()
  return new Map(rows.map((row) => [`${row.operation} ${row.kind} ${row.pointer}`, row]))
}

suite('what the books take in', () => {
  test('findings are counted by kind and place, samples merged', async () => {
    const { ledger, records } = range()
    for (const type of ['integer', 'number', 'null'])
      ledger.note(call({ evidence: [field('total', type)] }))
    await ledger.flush()
    const rows = await listed(records)
    const row = rows.get('orders response-undeclared-field 200 application/json#/total')
    assert.equal(row?.count, 3)
    assert.deepEqual(JSON.parse(row.sample), { type: ['null', 'number'] })
    assert.equal(rows.get('orders calls ')?.count, 3)
    assert.equal(rows.get('orders good-calls ')?.count, 3)
  })

  const silent: [name: string, parts: CallParts][] = [
    ['a caller without a credential', { isAnonymous: true }],
    ['a failed call', { status: 404 }],
    ['a call that was broken off', { isAborted: true }],
    ['a control that the configuration itself holds back', { control: 'access' }],
  ]
  for (const [name, parts] of silent) {
    test(`${name} teaches nothing`, async () => {
      const { ledger, records } = range()
      ledger.note(call({ ...parts, evidence: [field('isAdmin')] }))
      await ledger.flush()
      const kinds = (await records.list()).map(({ kind }) => kind)
      assert.ok(kinds.includes('calls'))
      assert.ok(!kinds.includes('response-undeclared-field'), kinds.join())
    })
  }

  test('on a public operation everybody counts', async () => {
    const { ledger, records } = range()
    ledger.note(call({ operation: OPEN, isAnonymous: true, evidence: [field('a')] }))
    await ledger.flush()
    const rows = await listed(records)
    assert.ok(rows.has('open response-undeclared-field 200 application/json#/a'))
  })

  test('the status of a failed call is kept apart from what is proposed', async () => {
    const { ledger, records } = range()
    const evidence: Evidence = {
      kind: 'response-undeclared-status',
      pointer: '404 application/json',
      sample: '{"type":"object"}',
    }
    ledger.note(call({ status: 404, evidence: [evidence] }))
    await ledger.flush()
    const rows = await listed(records)
    assert.equal(rows.get('orders response-undeclared-error 404 application/json')?.sample, '{}')
  })

  test('a refusal without evidence is counted all the same', async () => {
    const { ledger, records } = range()
    const exchange = call()
    exchange.observed.push({
      control: 'url-fields',
      reason: 'url',
      status: 422,
      detail: undefined,
      errors: undefined,
    })
    ledger.note(exchange)
    await ledger.flush()
    assert.ok((await listed(records)).has('orders would-refuse url-fields/url'))
  })

  test('an operation has room for so many findings, and says so once', async () => {
    const { ledger, records, events } = range()
    for (let i = 0; i < 600; i++) ledger.note(call({ evidence: [field(`f${i}`)] }))
    await ledger.flush()
    assert.equal((await records.list()).length, 490)
    assert.equal(events.filter(({ name }) => name === 'sp_adopt_overflow').length, 1)
  })

  test('an operation that is enforced is left alone', async () => {
    const { ledger, records } = range()
    ledger.setPlan(planOf([ORDERS], false))
    ledger.note(call({ evidence: [field('a')] }))
    await ledger.flush()
    assert.equal((await records.list()).length, 0)
  })
})

suite('graduation', () => {
  /** Good calls spread over a time. */
  function calls(at: Range, count: number, overMs: number, parts: CallParts = {}): void {
    for (let i = 0; i < count; i++) {
      at.ledger.note(call(parts))
      at.clock.advance(overMs / count)
    }
  }

  const { calls: enough, trialMs } = ADOPT_NUMBERS
  const rows: [name: string, play: (at: Range) => void, graduates: boolean][] = [
    ['comes after enough quiet calls over enough time', (at) => calls(at, enough, trialMs), true],
    ['needs one more call', (at) => calls(at, enough - 1, trialMs), false],
    ['needs one more minute', (at) => calls(at, enough, trialMs - MINUTE_MS), false],
    [
      'waits for as many quiet calls after a finding',
      (at) => {
        calls(at, 1, trialMs, { evidence: [field('a')] })
        calls(at, enough - 1, trialMs)
      },
      false,
    ],
    [
      'comes once the finding is left behind',
      (at) => {
        calls(at, 1, trialMs, { evidence: [field('a')] })
        calls(at, enough, trialMs)
      },
      true,
    ],
    [
      'is not earned by callers without a credential',
      (at) => calls(at, 200, trialMs, { isAnonymous: true }),
      false,
    ],
    [
      'is not held up by failed calls',
      (at) => {
        for (let i = 0; i < enough; i++) {
          calls(at, 1, trialMs, {})
          calls(at, 1, 0, { status: 500, evidence: [field('a')] })
        }
      },
      true,
    ],
  ]
  for (const [name, play, graduates] of rows) {
    test(name, async () => {
      const at = range()
      play(at)
      await at.ledger.flush()
      const list = await at.records.graduations()
      assert.deepEqual(
        list.map((one) => one.operation),
        graduates ? ['orders'] : [],
      )
      assert.equal(at.reloads, graduates ? 1 : 0)
      assert.equal(
        at.events.some(({ name }) => name === 'sp_adopt_graduated'),
        graduates,
      )
    })
  }

  test('counts on where an earlier process stopped', async () => {
    const first = range()
    calls(first, enough / 2, trialMs)
    await first.ledger.flush()
    const second = range(first.records)
    second.clock.advance(trialMs)
    await second.ledger.load()
    calls(second, enough / 2, MINUTE_MS)
    await second.ledger.flush()
    assert.equal((await first.records.graduations()).length, 1)
  })

  test('operations with findings are counted until they are quiet', () => {
    const at = range()
    calls(at, 1, 0, { evidence: [field('a')] })
    assert.equal(at.ledger.openOperations(), 1)
    calls(at, enough, 0)
    assert.equal(at.ledger.openOperations(), 0)
  })
})

suite('a store that is away', () => {
  test('costs nothing: what was not written is written later, and it is told once', async () => {
    const real = new MemoryRecords().adopt
    let isAway = true
    const records: AdoptRecords = {
      merge: (findings) => {
        if (isAway) throw new StoreError('unavailable', 'away')
        return real.merge(findings)
      },
      list: () => real.list(),
      clear: (api, id) => real.clear(api, id),
      graduate: (graduation) => real.graduate(graduation),
      graduations: () => real.graduations(),
    }
    const at = range(records)
    at.ledger.note(call({ evidence: [field('a')] }))
    await at.ledger.flush()
    at.ledger.note(call({ evidence: [field('a')] }))
    await at.ledger.flush()
    assert.equal(at.events.filter(({ name }) => name === 'sp_dependency_down').length, 1)
    isAway = false
    await at.ledger.flush()
    const rows = await listed(real)
    assert.equal(rows.get('orders calls ')?.count, 2)
    await at.ledger.close()
  })
})

suite('requests that reach no operation', () => {
  const paths = new UndeclaredPaths(planOf([ORDERS, operation('any', { template: '/{x}' })]))
  const rows: [name: string, method: string, path: string, expected: string | undefined][] = [
    ['an unknown path', 'GET', '/carts/items', 'undeclared-operation GET /carts/items'],
    [
      'ids in it',
      'GET',
      '/carts/12345/x/5f2b1c9de4b0',
      'undeclared-operation GET /carts/{id}/x/{id}',
    ],
    ['an address in it', 'PUT', '/carts/a%40b.c', 'undeclared-operation PUT /carts/{id}'],
    ['another base path', 'GET', '/api/v2/orders/7', 'wrong-base-path shop /api/v2'],
    ['no base path', 'GET', '/orders/7', 'wrong-base-path shop /'],
    [
      'a known path with another method',
      'PUT',
      '/orders/7',
      'undeclared-operation PUT /orders/{id}',
    ],
    ['too many segments', 'GET', '/a/b/c/d/e/f/g/h/i/j/k', undefined],
  ]
  for (const [name, method, path, expected] of rows) {
    test(name, () => {
      const found = paths.describe(method, path)
      assert.equal(found === undefined ? undefined : `${found.kind} ${found.pointer}`, expected)
    })
  }

  test('never throws and keeps no id', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.integer({ min: 100_000 }), (parts, id) => {
        const found = paths.describe('GET', `/${[...parts, String(id)].join('/')}`)
        assert.ok(found === undefined || !found.pointer.includes(String(id)))
      }),
    )
  })

  test('are counted; a scanner cannot fill the books', async () => {
    const { ledger, records } = range()
    const miss = (path: string): void => {
      const exchange = bare('GET', path)
      exchange.decision = {
        control: 'routes',
        reason: 'unknown_path',
        status: 404,
        detail: undefined,
        errors: undefined,
      }
      ledger.note(exchange)
    }
    const word = (i: number): string =>
      `p${String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))}`
    for (let i = 0; i < 400; i++) miss(`/${word(i)}`)
    for (let i = 0; i < 3; i++) miss('/carts')
    await ledger.flush()
    const rows = await records.list('*')
    assert.equal(rows.length, 251)
    assert.ok(rows.some(({ pointer }) => pointer === 'GET /carts'))
  })
})

suite('the end of the profile', () => {
  const DAY_MS = 86_400_000

  test('is announced at the start and daily, during the last days only', () => {
    const clock = new FakeClock()
    const events: LifecycleEvent[] = []
    const notice = new ExpiryNotice({
      clock,
      openOperations: () => 4,
      emit: (event) => void events.push(event),
    })
    const untilMs = clock.nowMs() + 10 * DAY_MS
    notice.follow(untilMs)
    assert.equal(events.length, 0)
    clock.advance(7 * DAY_MS)
    notice.check()
    notice.check()
    assert.equal(events.length, 1)
    assert.equal(events[0]?.facts?.['operations'], 4)
    clock.advance(DAY_MS)
    notice.check()
    assert.equal(events.length, 2)
    clock.advance(2 * DAY_MS)
    notice.check()
    assert.equal(events.length, 2)
    notice.close()
  })
})
