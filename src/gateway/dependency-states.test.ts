import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { ClockState } from './clock-watch.ts'
import { CONFIG, DOCUMENT, gatewayFolder } from './testing/gateway-folder.ts'
import { dependencyStates } from './dependency-states.ts'
import type { DependencyFacts } from './dependency-states.ts'

const FACTS: DependencyFacts = {
  heard: { isUp: () => true, awayForMs: () => 0, isWarmDue: () => false },
  tokens: { issuersWithoutKeys: () => [], warm: () => Promise.resolve() },
  places: undefined,
  sinks: [],
  clock: 'good',
  needs: { keys: false, tokens: false },
  nowMs: 0,
}

async function stateOf(
  t: TestContext,
  name: string,
  facts: Partial<DependencyFacts>,
  store = 'sqlite:./s.db',
): Promise<string> {
  const { loaded } = await gatewayFolder(t, CONFIG.replace("'memory:'", store)).start()
  const found = dependencyStates(loaded.settings, { ...FACTS, ...facts })
  const { isUp, closes } = found.find((one) => one.name === name) ?? {}
  return `${isUp === true ? 'up' : 'away'} ${closes}`
}

const away = (ms: number): Partial<DependencyFacts> => ({
  heard: { isUp: () => false, awayForMs: () => ms, isWarmDue: () => false },
})
const KEYS = { needs: { keys: true, tokens: false } }
const TOKENS = { needs: { keys: false, tokens: true } }

suite('what is closed', () => {
  const stores: [name: string, facts: Partial<DependencyFacts>, state: string][] = [
    ['a store that is there', KEYS, 'up some'],
    [
      'a store that is away, where keys it knows are served',
      { ...away(60_000), ...KEYS },
      'away some',
    ],
    [
      'a store that is away for longer, where all need a key',
      { ...away(60_001), ...KEYS },
      'away all',
    ],
    ['a store that is away for longer, where somebody needs none', away(60_001), 'away some'],
  ]
  for (const [name, facts, state] of stores)
    test(`${name}: ${state}`, async (t) => assert.equal(await stateOf(t, 'store', facts), state))

  test('keys in memory are never away', async (t) =>
    assert.equal(
      await stateOf(t, 'store', { ...away(60_001), ...KEYS }, "'memory:'"),
      'away nothing',
    ))

  const clocks: [clock: ClockState, facts: Partial<DependencyFacts>, state: string][] = [
    ['good', TOKENS, 'up all'],
    ['held', TOKENS, 'away nothing'],
    ['closed', TOKENS, 'away all'],
    ['closed', KEYS, 'away some'],
  ]
  for (const [clock, facts, state] of clocks)
    test(`a clock that is ${clock}: ${state}`, async (t) =>
      assert.equal(await stateOf(t, 'clock', { ...facts, clock }), state))
})

suite('what no request can do without', () => {
  const KEYED = DOCUMENT.replace('security: [], ', '')
  const rows: [name: string, document: string, config: string, keys: boolean][] = [
    ['every operation takes keys only', KEYED, '', true],
    ['one operation is public', DOCUMENT, '', false],
    ['nobody is refused for his key', KEYED, 'auth: { mode: monitor }\n', false],
  ]
  for (const [name, document, config, keys] of rows)
    test(`${name}: ${keys ? 'keys' : 'nothing'}`, async (t) => {
      const at = gatewayFolder(t, `${CONFIG.replace("'memory:'", 'sqlite:./s.db')}${config}`, {
        'openapi.yaml': document,
      })
      const gateway = await at.start()
      const before = performance.now()
      gateway.dependencies.hear({ name: 'store', isUp: false })
      t.mock.method(performance, 'now', () => before + 120_000)
      const store = gateway.dependencyStates().find((one) => one.name === 'store')
      assert.equal(store?.closes, keys ? 'all' : 'some')
    })
})
