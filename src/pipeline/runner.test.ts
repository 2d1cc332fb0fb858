import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { UnavailableError } from '../base/unavailable.ts'
import * as fc from 'fast-check'
import { isPromise } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { HeaderTable } from '../http/header-table.ts'
import type { Denial, ReasonSpec } from './denial.ts'
import { Exchange } from './exchange.ts'
import { runHooks } from './runner.ts'
import type { Hook, Refusal } from './runner.ts'

/** What every hook of these tests may say. */
const REASONS: Readonly<Record<string, ReasonSpec>> = {
  no: { status: 403, problem: 'not_allowed', title: 'Not allowed', event: 'authz_fail' },
  grave: { status: 400, problem: 'bad', title: 'Bad', event: 'sp_bad', level: 'critical' },
  quiet: { status: 404, problem: 'not_found', title: 'Not found' },
  preflight: { status: 204, problem: 'ok', title: 'Ok' },
  moved: { status: 308, problem: 'moved', title: 'Moved', event: 'sp_cleartext' },
}

type Options = Partial<Omit<Hook<number>, 'run'>>

function hook(run: Hook<number>['run'], options: Options = {}): Hook<number> {
  return {
    control: 'guard',
    mode: 'enforce',
    onFault: 'deny',
    faultStatus: 503,
    reasons: REASONS,
    run,
    ...options,
  }
}

/** A hook that says `verdict`, at once or later. */
function saying(
  verdict: Denial | undefined,
  options: Options & { readonly later?: boolean } = {},
): Hook<number> {
  const { later = false, ...rest } = options
  return hook(() => (later ? Promise.resolve(verdict) : verdict), rest)
}

function throwing(options: Options & { readonly later?: boolean } = {}): Hook<number> {
  const { later = false, ...rest } = options
  const fault = new Error('broken')
  if (later) return hook(() => Promise.reject(fault), rest)
  return hook(() => {
    throw fault
  }, rest)
}

function newExchange(): Exchange {
  return new Exchange(
    'id',
    {
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
    },
    0,
  )
}

/** Runs hooks that must not wait. */
function runNow(
  hooks: readonly Hook<number>[],
  exchange: Exchange = newExchange(),
): Refusal | undefined {
  const found = runHooks(hooks, exchange, 7)
  assert.ok(!isPromise(found), 'a promise where nothing waits')
  return found
}

suite('order', () => {
  test('hooks run in the order of the list, with the exchange and the argument', () => {
    const seen: unknown[] = []
    const exchange = newExchange()
    const note = (name: string): Hook<number> =>
      hook((own, argument) => {
        assert.equal(own, exchange)
        seen.push(name, argument)
        return undefined
      })
    assert.equal(runNow([note('a'), note('b'), note('c')], exchange), undefined)
    assert.deepEqual(seen, ['a', 7, 'b', 7, 'c', 7])
  })

  test('no hooks refuse nothing', () => assert.equal(runNow([]), undefined))

  for (const later of [false, true]) {
    test(`nothing runs after the first refusal, which comes ${later ? 'later' : 'at once'}`, async () => {
      const after = hook(() => assert.fail('ran after a refusal'))
      const hooks = [saying(undefined), saying({ reason: 'no' }, { later, control: 'b' }), after]
      const exchange = newExchange()
      const found = await runHooks(hooks, exchange, 7)
      assert.equal(found?.control, 'b')
      assert.equal(found.denial.reason, 'no')
      assert.equal(found.spec, REASONS['no'])
      assert.equal(exchange.decision?.reason, 'no')
    })
  }

  test('hooks after a promise wait until it is kept', async () => {
    const seen: string[] = []
    let go: (verdict: undefined) => void = () => undefined
    const waits = new Promise<undefined>((resolve) => (go = resolve))
    const hooks = [
      hook(() => waits),
      hook(() => {
        seen.push('after')
        return undefined
      }),
    ]
    const found = runHooks(hooks, newExchange(), 7)
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(seen, [], 'a check behind the promise was overtaken')
    go(undefined)
    assert.equal(await found, undefined)
    assert.deepEqual(seen, ['after'])
  })
})

suite('promises', () => {
  const isSync: [name: string, hooks: Hook<number>[], promised: boolean][] = [
    ['hooks that answer at once make no promise', [saying(undefined), saying(undefined)], false],
    ['a refusal at once makes none', [saying({ reason: 'no' })], false],
    ['a fault at once makes none', [throwing()], false],
    ['a noted refusal makes none', [saying({ reason: 'no' }, { mode: 'monitor' })], false],
    [
      'one hook that waits makes one',
      [saying(undefined), saying(undefined, { later: true })],
      true,
    ],
    [
      'a hook behind the refusal that would wait makes none',
      [saying({ reason: 'no' }), saying(undefined, { later: true })],
      false,
    ],
  ]
  for (const [name, hooks, promised] of isSync) {
    test(name, async () => {
      const found = runHooks(hooks, newExchange(), 7)
      assert.equal(isPromise(found), promised)
      await found
    })
  }

  test('several promises in a row are all awaited', async () => {
    const passing = Array.from({ length: 50 }, () => saying(undefined, { later: true }))
    const found = await runHooks([...passing, saying({ reason: 'no' })], newExchange(), 7)
    assert.equal(found?.denial.reason, 'no')
  })
})

suite('faults', () => {
  test('what is away refuses with 503, and who found it has told', async () => {
    const exchange = newExchange()
    const away = hook(() => {
      throw new UnavailableError('the store is away')
    })
    const found = await runHooks([away], exchange, 7)
    assert.equal(found?.spec.status, 503)
    assert.deepEqual(found?.denial.headers, ['Retry-After', '1'])
    assert.deepEqual(exchange.events, [])
  })
  for (const later of [false, true]) {
    const when = later ? 'that comes later' : 'thrown at once'
    for (const faultStatus of [500, 502, 503] as const) {
      test(`a fault ${when} is answered with ${faultStatus} where the hook says so`, async () => {
        const exchange = newExchange()
        const found = await runHooks([throwing({ later, faultStatus })], exchange, 7)
        assert.equal(found?.spec.status, faultStatus)
        assert.equal(found.denial.reason, 'fault')
        assert.equal(exchange.decision?.status, faultStatus)
        assert.match(exchange.decision.detail ?? '', /Error: broken\n/, 'the log has the stack')
        assert.equal(exchange.events.length, 1, 'one event for one fault')
        const [event] = exchange.events
        assert.equal(event?.name, 'sp_control_fault')
        assert.equal(event?.level, 'critical')
        assert.equal(event?.control, 'guard')
      })
    }

    test(`a fault ${when} passes where the control says so, and is told`, async () => {
      const exchange = newExchange()
      const next = saying({ reason: 'no' })
      const found = await runHooks([throwing({ later, onFault: 'pass' }), next], exchange, 7)
      assert.equal(found?.denial.reason, 'no', 'the run goes on')
      const names = exchange.events.map(({ name }) => name)
      assert.deepEqual(names, ['sp_control_fault', 'authz_fail'])
    })

    test(`a fault ${when} breaks nobody in monitor, and is told`, async () => {
      const exchange = newExchange()
      assert.equal(
        await runHooks([throwing({ later, mode: 'monitor' }), saying(undefined)], exchange, 7),
        undefined,
      )
      assert.equal(exchange.observed[0]?.reason, 'fault')
      assert.equal(exchange.observed[0].status, 503)
      assert.equal(exchange.decision, undefined)
      assert.equal(exchange.events.length, 1)
    })
  }

  const problems = [
    [500, 'internal_error'],
    [502, 'bad_gateway'],
    [503, 'unavailable'],
  ] as const
  for (const [faultStatus, problem] of problems) {
    test(`the client of a ${faultStatus} is told only "${problem}"`, () => {
      const found = runNow([throwing({ faultStatus })])
      assert.equal(found?.spec.problem, problem)
      assert.equal(found.denial.errors, undefined)
    })
  }

  test('a fault that is no error is told as text', () => {
    const exchange = newExchange()
    // eslint-disable-next-line typescript/only-throw-error -- a library may throw anything
    const odd = hook(() => {
      throw 'text'
    })
    assert.equal(runNow([odd], exchange)?.denial.detail, 'text')
    assert.equal(exchange.events[0]?.detail, 'text')
  })

  test('an error without a stack is told by its message', () => {
    const bare = new Error('bare')
    delete bare.stack
    const found = runNow([
      hook(() => {
        throw bare
      }),
    ])
    assert.equal(found?.denial.detail, 'bare')
  })

  test('where a dependency is down the client is told when to come again', () => {
    assert.deepEqual(runNow([throwing({ faultStatus: 503 })])?.denial.headers, ['Retry-After', '1'])
    assert.equal(runNow([throwing({ faultStatus: 500 })])?.denial.headers, undefined)
  })

  test('a reason that the control did not declare is a fault, never a pass', () => {
    const found = runNow([saying({ reason: 'misspelt' }, { faultStatus: 500 })])
    assert.equal(found?.spec.status, 500)
    assert.equal(found.spec.problem, 'internal_error')
  })
})

suite('monitor', () => {
  test('a refusal is noted with its event, and the run goes on', () => {
    const exchange = newExchange()
    const errors = [{ pointer: '/a', detail: 'x' }]
    const evidence = (): [] => []
    const noted: Denial = { reason: 'no', detail: 'why', errors, evidence, status: 400 }
    const found = runNow(
      [saying(noted, { mode: 'monitor' }), saying({ reason: 'quiet' })],
      exchange,
    )
    assert.equal(found?.denial.reason, 'quiet')
    assert.deepEqual(exchange.observed, [
      { control: 'guard', reason: 'no', status: 400, detail: 'why', errors, evidence },
    ])
    assert.deepEqual(exchange.events, [
      { name: 'authz_fail', level: 'warn', control: 'guard', reason: 'no', detail: 'why' },
    ])
  })

  for (const reason of ['preflight', 'moved']) {
    test(`an answer below 400 is given all the same (${reason})`, () => {
      const exchange = newExchange()
      const found = runNow([saying({ reason }, { mode: 'monitor' })], exchange)
      assert.equal(found?.spec, REASONS[reason])
      assert.equal(exchange.observed.length, 0)
      assert.equal(exchange.decision?.reason, reason)
    })
  }
})

suite('repairs', () => {
  const repair = Buffer.from('mended')

  test('a repair takes the place of the body in enforce, and the run goes on', () => {
    const exchange = newExchange()
    let seen: Buffer | undefined
    const next = hook((own) => {
      seen = own.replacement
      return undefined
    })
    assert.equal(runNow([saying({ reason: 'no', repair }), next], exchange), undefined)
    assert.equal(exchange.replacement, repair)
    assert.equal(seen, repair, 'the guards behind see it')
    assert.equal(exchange.repaired[0]?.reason, 'no')
    assert.equal(exchange.decision, undefined)
    assert.equal(exchange.observed.length, 0)
  })

  test('a repair changes no byte in monitor', () => {
    const exchange = newExchange()
    const found = runNow([saying({ reason: 'no', repair }, { mode: 'monitor' })], exchange)
    assert.equal(found, undefined)
    assert.equal(exchange.replacement, undefined)
    assert.equal(exchange.repaired.length, 0)
    assert.equal(exchange.observed[0]?.reason, 'no')
  })
})

suite('events', () => {
  const rows: [name: string, denial: Denial, expected: readonly object[]][] = [
    [
      'a reason with an event is told as a warning unless it says more',
      { reason: 'no', detail: 'why' },
      [{ name: 'authz_fail', level: 'warn', control: 'guard', reason: 'no', detail: 'why' }],
    ],
    [
      'a reason with a level is told with it',
      { reason: 'grave' },
      [{ name: 'sp_bad', level: 'critical', control: 'guard', reason: 'grave' }],
    ],
    ['a reason without an event is told by the access record alone', { reason: 'quiet' }, []],
  ]
  for (const [name, denial, expected] of rows) {
    test(name, () => {
      const exchange = newExchange()
      runNow([saying(denial)], exchange)
      assert.deepEqual(exchange.events, expected)
    })
  }

  test('the status of the denial stands in the record before that of the reason', () => {
    const exchange = newExchange()
    runNow([saying({ reason: 'no', status: 400 })], exchange)
    assert.equal(exchange.decision?.status, 400)
    assert.equal(exchange.decision.evidence, undefined)
    assert.ok(!('evidence' in exchange.decision))
  })
})

// ---- agreement with a reference ----

interface Act {
  readonly does: 'pass' | 'no' | 'quiet' | 'preflight' | 'misspelt' | 'throw' | 'repair'
  readonly later: boolean
  readonly mode: 'enforce' | 'monitor'
  readonly onFault: 'deny' | 'pass'
}

const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.record({
    does: fc.constantFrom('pass', 'no', 'quiet', 'preflight', 'misspelt', 'throw', 'repair'),
    later: fc.boolean(),
    mode: fc.constantFrom('enforce', 'monitor'),
    onFault: fc.constantFrom('deny', 'pass'),
  }),
  { maxLength: 12 },
)

interface Outcome {
  ran: number
  refused: string | undefined
  noted: string[]
  repaired: number
}

/** What DESIGN 5 says, in the fewest words. */
function reference(list: readonly Act[]): Outcome {
  const out: Outcome = { ran: 0, refused: undefined, noted: [], repaired: 0 }
  for (const { does, mode, onFault } of list) {
    out.ran += 1
    if (does === 'pass' || (does === 'throw' && onFault === 'pass')) continue
    const reason = does === 'throw' ? 'fault' : does === 'repair' ? 'no' : does
    if (mode === 'monitor' && does !== 'preflight') out.noted.push(reason)
    else if (does === 'repair') out.repaired += 1
    else return { ...out, refused: reason }
  }
  return out
}

function verdictOf(does: Act['does']): Denial | undefined {
  if (does === 'throw') throw new Error('thrown')
  if (does === 'pass') return undefined
  return does === 'repair' ? { reason: 'no', repair: Buffer.alloc(0) } : { reason: does }
}

test('agrees with the reference for any list of hooks', async () => {
  await fc.assert(
    fc.asyncProperty(acts, async (list) => {
      let ran = 0
      const hooks = list.map(({ does, later, mode, onFault }) =>
        hook(
          (): MaybePromise<Denial | undefined> => {
            ran += 1
            if (later) return Promise.resolve().then(() => verdictOf(does))
            return verdictOf(does)
          },
          { mode, onFault },
        ),
      )
      const exchange = newExchange()
      const pending = runHooks(hooks, exchange, 7)
      const refused = (await pending)?.denial.reason
      const noted = exchange.observed.map(({ reason }) => reason)
      const expected = reference(list)
      assert.deepEqual({ ran, refused, noted, repaired: exchange.repaired.length }, expected)
      assert.equal(
        isPromise(pending),
        list.slice(0, expected.ran).some(({ later }) => later),
      )
      assert.equal(exchange.decision?.reason, refused)
    }),
  )
})

test('nothing runs after a hook for which nobody waited', async () => {
  const exchange = newExchange()
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const ran: string[] = []
  const { signal } = exchange
  const verdict = runHooks(
    [
      hook(() => promise),
      hook(() => {
        ran.push('next')
        return undefined
      }),
    ],
    exchange,
    7,
  )
  exchange.abandon()
  assert.equal(signal.aborted, true)
  resolve(undefined)
  assert.ok(isPromise(verdict))
  const first = await Promise.race([verdict, new Promise((done) => setImmediate(done, 'silence'))])
  assert.deepEqual([first, ran, exchange.events], ['silence', [], []])
})

test('a signal that is asked for too late is aborted already', () => {
  const exchange = newExchange()
  exchange.abandon()
  assert.equal(exchange.signal.aborted, true)
})
