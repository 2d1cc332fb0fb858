import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConfigError } from '../base/config-error.ts'
import type { AnyControl } from '../controls/kit.ts'
import type { PolicyParts } from '../controls/testing/policy.ts'
import type { Mode } from '../pipeline/policy.ts'
import type { Omission } from '../pipeline/proof.ts'
import { collectFaults, isCanonicalBase } from './plan.ts'
import { allow, controlOf, coreOf, drive, planOf } from './testing/core-bench.ts'

/** Refuses every request to an operation. */
const stern = controlOf({ onRequest: () => ({ reason: 'no' }) }, { name: 'stern' })

suite('a plan', () => {
  test('has a site for every operation, under its public base path', () => {
    const plan = planOf()
    assert.deepEqual(
      plan.sites.map(({ site }) => site.label),
      ['GET /v1/orders', 'POST /v1/orders', 'GET /v1/live'],
    )
    assert.deepEqual([...plan.apis.keys()], ['shop'])
  })

  test('reads bodies whole only where a guard judges them', () => {
    assert.equal(planOf().sites[0]?.bodyMode, 'stream')
    const judging = controlOf({ onRequestBody: () => undefined })
    assert.equal(planOf({ controls: [allow, judging] }).sites[0]?.bodyMode, 'buffer')
  })

  test('runs no gateway-wide request hook twice', async () => {
    let count = 0
    const wide = controlOf(
      {
        onRequest: () => {
          count += 1
          return undefined
        },
      },
      { name: 'wide', scope: 'gateway', stage: 'admit' },
    )
    const { core } = coreOf({ controls: [wide, allow] })
    const { answer } = await drive(core, { target: '/v1/orders' })
    assert.equal(answer.status, 200)
    assert.equal(count, 1)
  })

  test('runs the other hooks of gateway-wide controls with those of the operation, in order', async () => {
    const said = (name: string): AnyControl =>
      controlOf(
        { onAnswer: (_exchange, headers) => void headers.push('x-said', name) },
        { name, scope: name === 'own' ? 'operation' : 'gateway', stage: 'record' },
      )
    const { core } = coreOf({ controls: [said('first'), said('own'), allow, said('last')] })
    const { answer } = await drive(core, { target: '/v1/orders' })
    const found = answer.headers.filter((_, index) => answer.headers[index - 1] === 'x-said')
    // Gateway-wide guards come first as a group: they stand around the operation.
    assert.deepEqual(found, ['first', 'last', 'own'])
  })

  const doors: [name: string, policy: PolicyParts, status: number][] = [
    ['shut by default', {}, 403],
    ['open where everything is only watched', { mode: 'monitor' }, 200],
    ['open where authorize is off', { modes: new Map<string, Mode>([['authorize', 'off']]) }, 200],
    [
      'shut where another block is off',
      { modes: new Map<string, Mode>([['validate', 'off']]) },
      403,
    ],
    ['shut while an API is being adopted', { adopt: { untilMs: 1 } }, 403],
  ]
  for (const [name, policy, status] of doors) {
    test(`without a control that allows, the door is ${name}`, async () => {
      const { core } = coreOf({ controls: [], policy })
      const { answer } = await drive(core, { target: '/v1/orders' })
      assert.equal(answer.status, status)
      if (status === 403) assert.match(String(answer.body), /"urn:sallyport:problem:not_allowed"/)
    })
  }
})

suite('faults of controls', () => {
  const failing = (name: string, scope: 'gateway' | 'operation'): AnyControl => ({
    ...controlOf({}, { name, scope }),
    compile: (_config, site) => {
      if (scope === 'operation' && site === undefined) return undefined
      throw new ConfigError({ path: `${name}.${site?.operation.id ?? 'all'}`, message: 'wrong' })
    },
  })

  test('are told all at once, of every site', () => {
    const controls = [failing('wide', 'gateway'), allow, failing('own', 'operation')]
    assert.throws(
      () => planOf({ controls }),
      (error) => {
        assert.ok(error instanceof ConfigError)
        const paths = error.faults.map(({ path }) => path)
        assert.deepEqual(paths, ['wide.all', 'own.list', 'own.create', 'own.live'])
        return true
      },
    )
  })

  test('a defect is no fault of the operator and is thrown as it is', () => {
    const broken: AnyControl = {
      ...controlOf({}),
      compile: () => {
        throw new TypeError('bug')
      },
    }
    assert.throws(() => planOf({ controls: [allow, broken] }), TypeError)
    assert.throws(
      () =>
        collectFaults([], () => {
          throw new TypeError('bug')
        }),
      TypeError,
    )
  })
})

suite('a control that is left out', () => {
  const rows: [name: string, omit: Omission | undefined, status: number][] = [
    ['refuses where it stands', undefined, 403],
    ['lets pass where it is left out', { control: 'stern' }, 200],
    ['stays where another is left out', { control: 'other' }, 403],
  ]
  for (const [name, omit, status] of rows) {
    test(name, async () => {
      const parts = { controls: [allow, stern], ...(omit === undefined ? {} : { omit }) }
      const { answer } = await drive(coreOf(parts).core, { target: '/v1/orders' })
      assert.equal(answer.status, status)
    })
  }

  test('takes the door with it where it stands at the authorize stage', async () => {
    const shy = controlOf({}, { name: 'shy', stage: 'authorize' })
    const { core } = coreOf({ controls: [shy], omit: { control: 'shy' } })
    assert.equal((await drive(core, { target: '/v1/orders' })).answer.status, 200)
  })

  test('is replaced by what an ordinary proxy does, which sees every site', async () => {
    const naive: Omission['naive'] = (exchange, sites) => {
      exchange.site = sites.find(({ operation }) => operation.id === 'list')
    }
    const { core } = coreOf({ omit: { control: 'routes', naive } })
    const { answer, exchange } = await drive(core, { target: '/nowhere' })
    assert.equal(answer.status, 200)
    assert.equal(exchange.site?.operation.id, 'list')
  })
})

suite('remembered header names', () => {
  test('a name is asked about once, the answer stays', () => {
    const asked: string[] = []
    const picky = controlOf({
      dropsRequestHeader: (name) => {
        asked.push(name)
        return name === 'x-bad'
      },
    })
    const site = planOf({ controls: [allow, picky] }).sites[0]!
    for (let turn = 0; turn < 3; turn += 1) {
      assert.equal(site.keepsRequestHeader('x-bad'), false)
      assert.equal(site.keepsRequestHeader('x-good'), true)
      assert.equal(site.keepsRequestHeader('connection'), false)
      assert.equal(site.keepsResponseHeader('transfer-encoding'), false)
    }
    assert.deepEqual(asked, ['x-bad', 'x-good'])
    assert.equal(site.keepsResponseHeader('x-bad'), true)
  })

  test('names of clients fill no memory: beyond 500 they are asked about anew, and rightly', () => {
    let asked = 0
    const picky = controlOf({
      dropsResponseHeader: (name) => {
        asked += 1
        return name.endsWith('7')
      },
    })
    const site = planOf({ controls: [allow, picky] }).sites[0]!
    for (let n = 0; n < 2000; n += 1) site.keepsResponseHeader(`x-${n}`)
    assert.equal(asked, 2000)
    for (let n = 0; n < 2000; n += 1) {
      assert.equal(site.keepsResponseHeader(`x-${n}`), n % 10 !== 7)
    }
    assert.equal(asked, 2000 + 1500)
  })
})

suite('base paths', () => {
  const rows: [base: string, isGood: boolean][] = [
    ['', true],
    ['/v1', true],
    ['/a/b-c', true],
    ['/caf%C3%A9', true],
    ['/caf%c3%a9', false],
    ['/%61', false],
    ['v1', false],
    ['/v1//x', false],
    ['/v1/../x', false],
    ['/v1?x', false],
    ['/v1#x', false],
    ['/a b', false],
  ]
  for (const [base, isGood] of rows) {
    test(`"${base}" is ${isGood ? '' : 'not '}one that can be served`, () =>
      assert.equal(isCanonicalBase(base), isGood))
  }
})
