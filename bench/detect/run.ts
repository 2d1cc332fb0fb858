import { behaviour } from '../../src/controls/behaviour/control.ts'
import { bans } from '../../src/controls/bans/control.ts'
import { bots } from '../../src/controls/bots/control.ts'
import { hijack } from '../../src/controls/hijack/control.ts'
import { honeypotOperations } from '../../src/controls/honeypot-operations/control.ts'
import { honeypots } from '../../src/controls/honeypots/control.ts'
import { Bench } from '../../src/controls/testing/bench.ts'
import { exchangeOf } from '../../src/controls/testing/exchange.ts'
import { HONEYPOT_PATHS } from '../../src/gateway/config/resolve/detect.ts'
import { bundledPlaces } from '../../src/gateway/config/resolve/network.ts'
import { ANONYMOUS } from '../../src/identity/principal.ts'
import type { Principal } from '../../src/identity/principal.ts'
import type { AnyControl } from '../../src/controls/kit.ts'
import type { DetectPolicy } from '../../src/pipeline/detect-policy.ts'
import type { Exchange } from '../../src/pipeline/exchange.ts'
import { openPlaces } from '../../src/store/places/place-database.ts'
import { newCounterMemory, SharedCounters } from '../../src/store/shared/shared-counters.ts'

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/orders/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      get: { operationId: 'get', responses: { 200: { description: 'ok' } } },
    },
  },
}
const POLICY: DetectPolicy = {
  bots: 'block',
  enumeration: {
    most: 'block',
    fast: { count: 200, windowMs: 600_000 },
    slow: { count: 1000, windowMs: 86_400_000 },
  },
  stuffing: undefined,
  volume: { most: 'block', factor: 50, minBytes: 5_000_000 },
  honeypots: { most: 'block', paths: HONEYPOT_PATHS },
  hijack: { response: 'kill', travel: 'kill', vpn: ['10.0.0.0/8'], fingerprint: undefined },
  blockMs: 3_600_000,
  acr: [],
  exempt: [],
}
const CALLERS = 200
const OBJECTS = 8
const ROUNDS = 20
const BEST_OF = 100

const controls = [bots, honeypots, hijack, bans, behaviour, honeypotOperations]
const agent = 'shop-sync/1.4 (linux)'

function requests(bench: Bench): readonly Exchange[] {
  const site = bench.site('get')
  const callers = Array.from({ length: CALLERS }, (_, n): Principal => {
    return { ...ANONYMOUS, id: `key:k3yid${n}abcdef`, kind: 'apiKey', credentialId: `k3yid${n}` }
  })
  return callers.flatMap((principal, caller) =>
    Array.from({ length: OBJECTS }, (_, object) => {
      const headers = ['User-Agent', agent, 'Accept', 'application/json', 'X-API-Key', 'secret']
      const peer = `198.51.100.${caller}`
      const target = `/orders/${caller * OBJECTS + object}`
      const exchange = exchangeOf({ target, headers, peer, principal, site })
      exchange.pathValues = [String(caller * OBJECTS + object)]
      exchange.bytesOut = 900
      return exchange
    }),
  )
}

type Step = (exchange: Exchange) => unknown

function stepsOf(bench: Bench, all: readonly AnyControl[]): readonly Step[] {
  return all.flatMap((control) => {
    const id = control.scope === 'gateway' ? undefined : 'get'
    const { guard } = bench.guard(control, id)
    return [guard?.onRequest, guard?.onEnd].filter((hook) => hook !== undefined)
  })
}

/** Nanoseconds of all steps for one request, the best of several runs. */
function measure(steps: readonly Step[], exchanges: readonly Exchange[]): number {
  let best = Infinity
  for (let run = 0; run < BEST_OF; run++) {
    const startedAt = performance.now()
    for (let round = 0; round < ROUNDS; round++)
      for (const exchange of exchanges) for (const step of steps) step(exchange)
    best = Math.min(best, performance.now() - startedAt)
  }
  return (best * 1e6) / (ROUNDS * exchanges.length)
}

const places = openPlaces(bundledPlaces(), Infinity)

function makeBench(): Bench {
  const bench = new Bench({ document: DOCUMENT, policy: { detect: POLICY } })
  Object.assign(bench.kit, { places })
  return bench
}

for (const [kind, make] of [
  ['one thread', makeBench],
  [
    'counters of all threads',
    () => {
      const bench = makeBench()
      const counters = new SharedCounters(newCounterMemory(bench.clock.nowMs()), 0)
      Object.assign(bench.kit, { counters })
      return bench
    },
  ],
] as const) {
  // First, before the parts have taught the engine other shapes.
  const bench = make()
  const all = measure(stepsOf(bench, controls), requests(bench))
  const parts = controls.map((control): [string, number] => {
    const bench = make()
    return [control.name, measure(stepsOf(bench, [control]), requests(bench))]
  })
  process.stdout.write(`${kind}: ${all.toFixed(0)} ns for all\n`)
  for (const [name, ns] of parts) process.stdout.write(`  ${name} ${ns.toFixed(0)} ns\n`)
}
