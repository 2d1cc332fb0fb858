// node bench/kernel/run.ts [--rounds 15]: what filtering an answer costs, by value, by twin and by kernel. See README.md
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { rewriteJson } from '../../src/controls/rewrite-json.ts'
import { mayRepeatKeys } from '../../src/controls/repeated-key.ts'
import { makeFixture } from '../../src/openapi/schema/fixture.ts'
import type { Filters } from '../../src/openapi/kernel/testing/filters.ts'
import { filtersOf } from '../../src/openapi/kernel/testing/filters.ts'
import { ITEM, REPORT } from '../gateway/answers.ts'

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } })
const rounds = Number(options.rounds)

const text = { type: 'string' }
const number = { type: 'number' }
const ROW = {
  type: 'object',
  properties: { id: number, name: text, amount: number, at: text, state: text, owner: text },
}
const ANSWER = {
  type: 'object',
  properties: {
    ...ROW.properties,
    status: text,
    price: number,
    currency: text,
    tags: { type: 'array', items: text },
    owner: { type: 'object', properties: { id: number, name: text } },
    updatedAt: text,
    rows: { type: 'array', items: ROW },
  },
}

const rows = (JSON.parse(REPORT) as { readonly rows: readonly unknown[] }).rows
function report(times: number, space?: number): string {
  return JSON.stringify(
    { rows: Array.from({ length: times }, () => rows).flat() },
    undefined,
    space,
  )
}

const BODIES: readonly (readonly [name: string, body: Buffer])[] = [
  ['300 B, clean', Buffer.from(ITEM)],
  ['300 B, one field goes', Buffer.from(ITEM.replace('{', '{"internal":true,'))],
  ['10 KB, 62 fields go', Buffer.from(REPORT)],
  ['10 KB, clean', Buffer.from(REPORT.replaceAll(',"internalNote":"not for everybody"', ''))],
  ['14 KB, indented', Buffer.from(report(1, 2))],
  ['1 MB, 6,200 fields go', Buffer.from(report(100))],
]

/** What the control `responses` does without a kernel. */
function byValue(filters: Filters, body: Buffer): Buffer {
  const decoded = body.toString('utf8')
  const whole: unknown = JSON.parse(decoded)
  const { value, dropped } = filters.filter(whole)
  const changes = dropped.length > 0 || mayRepeatKeys(whole, decoded)
  return changes ? rewriteJson(value, decoded, whole) : body
}

interface Figures {
  readonly min: number
  readonly median: number
}

/** Microseconds of each way; the ways take turns. */
function measure(ways: readonly (() => unknown)[], calls: number): Figures[] {
  const samples = ways.map((): number[] => [])
  for (let round = -3; round < rounds; round += 1) {
    ways.forEach((way, index) => {
      const start = process.hrtime.bigint()
      for (let call = 0; call < calls; call += 1) way()
      const us = Number(process.hrtime.bigint() - start) / 1000 / calls
      // The first rounds are for the compiler.
      if (round >= 0) samples[index]?.push(us)
    })
  }
  return samples.map((all) => {
    const sorted = all.toSorted((a, b) => a - b)
    return { min: sorted[0] ?? 0, median: sorted[Math.floor(sorted.length / 2)] ?? 0 }
  })
}

function cell({ min, median }: Figures): string {
  const digits = min < 10 ? 2 : 1
  return `${min.toFixed(digits)} / ${median.toFixed(digits)}`
}

function compare(filters: Filters): void {
  console.log('| us, best / median | by value | twin | kernel | kernel, us per KB |')
  console.log('|---|---|---|---|---|')
  for (const [name, body] of BODIES) {
    const ways = [
      () => byValue(filters, body),
      () => filters.twin(body),
      () => filters.kernel(body),
    ]
    const calls = Math.max(2, Math.round(1_000_000 / body.length))
    const figures = measure(ways, calls)
    const perKb = ((figures[2]?.median ?? 0) / body.length) * 1024
    console.log(`| ${name} | ${figures.map(cell).join(' | ')} | ${perKb.toFixed(2)} |`)
  }
}

/** Runs `work` and finds the longest turn of the event loop meanwhile. */
async function longestTurn(work: () => unknown): Promise<{ ms: number; longestMs: number }> {
  let isDone = false
  let longestMs = 0
  const start = performance.now()
  let last = start
  const tick = (): void => {
    const now = performance.now()
    longestMs = Math.max(longestMs, now - last)
    last = now
    if (!isDone) setImmediate(tick)
  }
  setImmediate(tick)
  await work()
  const ms = performance.now() - start
  isDone = true
  await new Promise((resolve) => setImmediate(resolve))
  return { ms, longestMs }
}

/** What large answers cost the event loop, filtered as the gateway does it. */
async function holdLoop(): Promise<void> {
  const fixture = makeFixture({ schema: ANSWER }, '2020-12', { direction: 'response' })
  const kernel = fixture.compiler.kernel(fixture.ref('/schema'))
  if (kernel === undefined) throw new Error('there is no WebAssembly with SIMD here')
  console.log('\n| body, best of all rounds | ms in all | longest turn, ms | us per KB |')
  console.log('|---|---|---|---|')
  for (const times of [10, 100, 900]) {
    const body = Buffer.from(report(times))
    for (let warm = 0; warm < 3; warm += 1) await kernel.run(body)
    const runs: { ms: number; longestMs: number }[] = []
    for (let round = 0; round < rounds; round += 1)
      runs.push(await longestTurn(() => kernel.run(body)))
    // Other programs only ever make it longer.
    const ms = Math.min(...runs.map((run) => run.ms))
    const longestMs = Math.min(...runs.map((run) => run.longestMs))
    const kb = body.length / 1024
    const perKb = (ms * 1000) / kb
    console.log(
      `| ${kb.toFixed(0)} KB | ${ms.toFixed(2)} | ${longestMs.toFixed(2)} | ${perKb.toFixed(2)} |`,
    )
  }
}

console.log(
  `machine: ${cpus()[0]?.model ?? 'unknown'}; load ${loadavg()[0]?.toFixed(2)}; node ${process.version}; ${rounds} rounds`,
)
compare(filtersOf(ANSWER))
await holdLoop()
