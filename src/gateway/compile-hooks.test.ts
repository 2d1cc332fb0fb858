import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../controls/testing/bench.ts'
import { exchangeOf } from '../controls/testing/exchange.ts'
import { policyOf } from '../controls/testing/policy.ts'
import type { Guard } from '../pipeline/control.ts'
import type { Mode } from '../pipeline/policy.ts'
import { runHooks } from '../pipeline/runner.ts'
import { hookLists, readyGuards } from './compile-hooks.ts'
import type { HookLists, ReadyGuard } from './compile-hooks.ts'
import { controlOf } from './testing/core-bench.ts'

const { kit, sites } = new Bench()
const PLACE = { site: sites[0], kit }

function ready(guard: Guard, parts: Parameters<typeof controlOf>[1] = {}): ReadyGuard {
  return { control: controlOf(guard, parts), mode: 'enforce', guard }
}

suite('guards made ready', () => {
  const guard: Guard = {}
  const wide = { scope: 'gateway' } as const

  test('a control in mode off is left out, the others carry their mode', () => {
    const policy = policyOf({
      modes: new Map<string, Mode>([
        ['a', 'off'],
        ['b', 'monitor'],
      ]),
    })
    const controls = ['a', 'b', 'c'].map((name) => controlOf(guard, { ...wide, name, block: name }))
    const found = readyGuards(controls, policy, PLACE)
    assert.deepEqual(
      found.map(({ control, mode }) => [control.name, mode]),
      [
        ['b', 'monitor'],
        ['c', 'enforce'],
      ],
    )
  })

  test('a control that is off is not even configured', () => {
    const off = { ...controlOf(guard), configure: () => assert.fail('configured') }
    const policy = policyOf({ modes: new Map<string, Mode>([['probe', 'off']]) })
    assert.deepEqual(readyGuards([off], policy, PLACE), [])
  })

  test('a control that the policy does not want, or with nothing to do, is left out', () => {
    const unwanted = { ...controlOf(guard, wide), configure: () => undefined }
    const idle = controlOf(undefined, wide)
    assert.deepEqual(readyGuards([unwanted, idle], policyOf(), PLACE), [])
  })
})

suite('lists of hooks', () => {
  test('a guard stands in the lists of the hooks that it has, and keeps its this', async () => {
    class Own implements Guard {
      readonly #answer = { reason: 'no' }
      onRequestBody(): { reason: string } {
        return this.#answer
      }
      dropsRequestHeader(): boolean {
        return this.#answer !== undefined
      }
    }
    const lists = hookLists([ready(new Own())], 'off')
    const lengths = Object.entries(lists).filter(([, list]) => list.length > 0)
    assert.deepEqual(lengths.map(([name]) => name).toSorted(), ['body', 'dropsRequestHeader'])
    const found = await runHooks(lists.body, exchangeOf(), Buffer.alloc(0))
    assert.equal(found?.denial.reason, 'no')
    assert.equal(lists.dropsRequestHeader[0]?.('a'), true)
  })

  test('every kind of hook has its list', () => {
    const all: Required<Guard> = {
      onRequest: () => undefined,
      onRequestBody: () => undefined,
      dropsRequestHeader: () => false,
      onForward: () => undefined,
      onResponse: () => undefined,
      wantsResponseBody: () => false,
      watchesResponse: () => undefined,
      keepsUncoded: () => false,
      onResponseBody: () => undefined,
      dropsResponseHeader: () => false,
      onAnswer: () => undefined,
      onRefusal: () => undefined,
      onEnd: () => undefined,
    }
    const lists = hookLists([ready(all)], 'off')
    for (const [name, list] of Object.entries(lists)) assert.equal(list.length, 1, name)
    assert.equal(Object.keys(lists).length, Object.keys(all).length)
  })

  const statuses: [
    name: string,
    pick: (lists: HookLists) => { faultStatus: number }[],
    status: number,
  ][] = [
    ['a body guard, before the API', ({ body }) => [...body], 503],
    ['a response guard', ({ response }) => [...response], 502],
    ['a guard of response bodies', ({ responseBody }) => [...responseBody], 502],
    ['a guard of refusals', ({ refusal }) => [...refusal], 500],
  ]
  const noop = (): undefined => undefined
  for (const [name, pick, status] of statuses) {
    test(`a fault of ${name} is answered with ${status}`, () => {
      const guard: Guard = {
        onRequestBody: noop,
        onResponse: noop,
        onResponseBody: noop,
        onRefusal: noop,
      }
      assert.deepEqual(
        pick(hookLists([ready(guard)], 'off')).map((hook) => hook.faultStatus),
        [status],
      )
    })
  }
})

suite('the door behind the authorize stage', () => {
  const order: string[] = []
  const noting = (name: string): Guard => ({
    onRequest: () => {
      order.push(name)
      return undefined
    },
  })
  const guards = [
    ready(noting('authenticate'), { stage: 'authenticate' }),
    ready(noting('scopes'), { stage: 'authorize' }),
    ready(noting('parameters'), { stage: 'validate' }),
  ]

  test('refuses what no control allowed, before anything is validated', async () => {
    order.length = 0
    const exchange = exchangeOf()
    const found = await runHooks(hookLists(guards, 'enforce').request, exchange, undefined)
    assert.equal(found?.denial.reason, 'no_policy')
    assert.equal(found.spec.status, 403)
    assert.deepEqual(order, ['authenticate', 'scopes'])
    assert.equal(exchange.events[0]?.name, 'authz_fail')
  })

  test('is shut where there is no control at all', async () => {
    const found = await runHooks(hookLists([], 'enforce').request, exchangeOf(), undefined)
    assert.equal(found?.denial.reason, 'no_policy')
  })

  test('opens for what a control allowed', async () => {
    const exchange = exchangeOf()
    exchange.authorizedBy = 'scopes'
    assert.equal(
      await runHooks(hookLists(guards, 'enforce').request, exchange, undefined),
      undefined,
    )
  })

  test('in monitor it notes and lets pass', async () => {
    order.length = 0
    const exchange = exchangeOf()
    assert.equal(
      await runHooks(hookLists(guards, 'monitor').request, exchange, undefined),
      undefined,
    )
    assert.equal(exchange.observed[0]?.reason, 'no_policy')
    assert.deepEqual(order, ['authenticate', 'scopes', 'parameters'])
  })

  test('off, there is none', async () => {
    const exchange = exchangeOf()
    assert.equal(await runHooks(hookLists(guards, 'off').request, exchange, undefined), undefined)
    assert.equal(exchange.observed.length, 0)
  })

  test('a fault before the door is 503, behind it 500', () => {
    const request = hookLists(guards, 'enforce').request
    assert.deepEqual(
      request.map(({ control, faultStatus }) => [control, faultStatus]),
      [
        ['probe', 503],
        ['probe', 503],
        ['authorize', 503],
        ['probe', 500],
      ],
    )
  })
})
