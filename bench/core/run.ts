// node bench/core/run.ts [--rounds 3000] [--only GET]: nanoseconds and bytes of garbage of each stage of the decision core. See README.md
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { getHeapStatistics } from 'node:v8'
import { isPromise } from '../../src/base/maybe-promise.ts'
import type { MaybePromise } from '../../src/base/maybe-promise.ts'
import { loadConfig } from '../../src/gateway/config/load-config.ts'
import type { Answer } from '../../src/gateway/core.ts'
import { Gateway } from '../../src/gateway/gateway.ts'
import type { GatewayCore } from '../../src/gateway/gateway-core.ts'
import { HeaderTable } from '../../src/http/header-table.ts'
import type { Exchange, RequestHead } from '../../src/pipeline/exchange.ts'
import { ITEM, NEW_ITEM, REPORT } from '../gateway/answers.ts'
import { benchConfig, benchIssuer } from '../gateway/issuer.ts'

/** Exchanges that are under way at the same time. */
const BATCH = 64
/** Batches between two turns of the event loop. */
const PAUSE_EVERY = 4
const STAGES = ['head table', 'begin', 'decide head', 'decide body', 'upstream request'] as const
const STAGES_BACK = ['response head', 'response body', 'end'] as const
const ALL = [...STAGES, ...STAGES_BACK]
type Stage = (typeof ALL)[number]

interface Kind {
  readonly name: string
  readonly method: string
  readonly target: string
  readonly body: string | undefined
  readonly answer: string
}

const KINDS: readonly Kind[] = [
  {
    name: 'GET 300 B',
    method: 'GET',
    target: '/v1/items/7?expand=owner&lang=en',
    body: undefined,
    answer: ITEM,
  },
  { name: 'POST 500 B', method: 'POST', target: '/v1/items', body: NEW_ITEM, answer: ITEM },
  {
    name: 'GET 10 KB',
    method: 'GET',
    target: '/v1/reports/7?from=2026-01-01&limit=25',
    body: undefined,
    answer: REPORT,
  },
]

interface Cost {
  ns: number
  bytes: number
}

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3000' },
    /** Part of a kind's name. */
    only: { type: 'string', default: '' },
    /** Roles, whose an item is, and a field that this caller is not shown, besides. */
    rules: { type: 'boolean', default: false },
  },
})
const rounds = Number(options.rounds)

/** A string of its own, as a parser makes it: not shared, not flattened into a constant, hash unknown. */
function fresh(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

function rawHead(kind: Kind, token: string, count: number): readonly string[] {
  const lines = ['Host', '127.0.0.1:9713', 'Accept', 'application/json', 'User-Agent', 'bench/1.0']
  lines.push('X-Request-Id', `r-${count}`, 'Authorization', `Bearer ${token}`)
  if (kind.body !== undefined)
    lines.push('Content-Type', 'application/json', 'Content-Length', String(kind.body.length))
  return lines.map(fresh)
}

function rawAnswer(length: number): readonly string[] {
  const date = new Date().toUTCString()
  const lines = ['Server', 'nginx/1.22.1', 'Date', date, 'Content-Type', 'application/json']
  return [...lines, 'Content-Length', String(length), 'Connection', 'keep-alive'].map(fresh)
}

function requestHead(kind: Kind, headers: HeaderTable): RequestHead {
  return {
    method: kind.method,
    rawTarget: fresh(kind.target),
    httpVersion: '1.1',
    headers,
    authority: undefined,
    peerAddress: '127.0.0.1',
    peerPort: 40_000,
    listener: 'http',
    tls: undefined,
    hasBody: kind.body !== undefined,
  }
}

function now<T>(value: MaybePromise<T>): T {
  if (isPromise(value)) throw new Error('the core went to wait: this is no hot path')
  return value
}

function count<T>(cost: Cost, stage: () => T): T {
  const bytes = getHeapStatistics().total_allocated_bytes
  const start = process.hrtime.bigint()
  const result = stage()
  cost.ns += Number(process.hrtime.bigint() - start)
  cost.bytes += getHeapStatistics().total_allocated_bytes - bytes
  return result
}

/** One batch of exchanges, stage by stage, so that one reading of the clock serves all of them. */
function runBatch(core: GatewayCore, kind: Kind, batch: Batch): Record<Stage, Cost> {
  const costs = Object.fromEntries(ALL.map((stage) => [stage, { ns: 0, bytes: 0 }])) as Record<
    Stage,
    Cost
  >
  const { raw, answers, body, answer } = batch
  const tables = count(costs['head table'], () => raw.map((lines) => new HeaderTable(lines)))
  const heads = tables.map((table) => requestHead(kind, table))
  const exchanges = count(costs.begin, () => heads.map((head) => core.begin(head)))
  count(costs['decide head'], () => {
    for (const exchange of exchanges) mustForward(now(core.decideHead(exchange)), exchange)
  })
  if (body !== undefined)
    count(costs['decide body'], () => {
      for (const exchange of exchanges) mustForward(now(core.decideBody(exchange, body)), exchange)
    })
  count(costs['upstream request'], () => {
    for (const exchange of exchanges) core.upstreamRequest(exchange)
  })
  count(costs['response head'], () => {
    exchanges.forEach((exchange, index) =>
      now(core.decideResponseHead(exchange, 200, answers[index] ?? [])),
    )
  })
  let last: Answer | undefined
  count(costs['response body'], () => {
    for (const exchange of exchanges) last = now(core.decideResponseBody(exchange, answer))
  })
  if (last?.status !== 200) throw new Error(`answered ${last?.status}`)
  count(costs.end, () => {
    for (const exchange of exchanges) core.end(exchange)
  })
  return costs
}

interface Batch {
  readonly raw: readonly (readonly string[])[]
  readonly answers: readonly (readonly string[])[]
  readonly body: Buffer | undefined
  readonly answer: Buffer
}

function mustForward(verdict: { readonly kind: string }, exchange: Exchange): void {
  if (verdict.kind === 'forward') return
  throw new Error(`not forwarded: ${exchange.decision?.reason} ${exchange.decision?.detail}`)
}

function makeBatch(kind: Kind, tokens: readonly string[], first: number): Batch {
  const indexes = Array.from({ length: BATCH }, (_, index) => first + index)
  return {
    raw: indexes.map((index) => rawHead(kind, tokens[index % tokens.length] ?? '', index)),
    answers: indexes.map(() => rawAnswer(kind.answer.length)),
    body: kind.body === undefined ? undefined : Buffer.from(kind.body),
    answer: Buffer.from(kind.answer),
  }
}

/** Lets every token be verified once. */
async function warm(core: GatewayCore, kind: Kind, tokens: readonly string[]): Promise<void> {
  for (const token of tokens) {
    const exchange = core.begin(requestHead(kind, new HeaderTable(rawHead(kind, token, 0))))
    await core.decideHead(exchange)
    core.end(exchange)
  }
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[Math.floor(sorted.length / 2)] ?? 0) / BATCH
}

async function measure(gateway: Gateway, tokens: readonly string[]): Promise<void> {
  console.log(`| ns (bytes) per request | ${ALL.join(' | ')} | all |`)
  console.log(`|---|${ALL.map(() => '---|').join('')}---|`)
  for (const kind of KINDS.filter(({ name }) => name.includes(options.only))) {
    await warm(gateway.core, kind, tokens)
    const samples: Record<Stage, Cost>[] = []
    for (let round = 0; round < rounds; round += 1) {
      const costs = runBatch(gateway.core, kind, makeBatch(kind, tokens, round * BATCH))
      // The first half is for the compiler.
      if (round * 2 >= rounds) samples.push(costs)
      // The log is written between, as in a running gateway; and a loop that is held up sheds requests.
      if (round % PAUSE_EVERY === 0) await new Promise(setImmediate)
    }
    const cells = ALL.map((stage) => ({
      ns: median(samples.map((sample) => sample[stage].ns)),
      bytes: median(samples.map((sample) => sample[stage].bytes)),
    }))
    const sum = cells.reduce((a, b) => ({ ns: a.ns + b.ns, bytes: a.bytes + b.bytes }))
    const row = [...cells, sum].map(({ ns, bytes }) => `${ns.toFixed(0)} (${bytes.toFixed(0)})`)
    console.log(`| ${kind.name} | ${row.join(' | ')} |`)
  }
}

/** Every token of the bench has the same client, which stands for its role. */
function withRules(text: string): string {
  const rules = `authorize:
  roles: { bench: ["items:*"] }
  schemas: { Item: 'response.currency == "EUR" && subject.id != "nobody"' }
  fields: { Item.status: { read: [admin] } }
`
  return text.replace('auth: {', 'auth: { roles: claims.client_id,') + rules
}

const folder = mkdtempSync(join(tmpdir(), 'sallyport-core-'))
try {
  const issuer = await benchIssuer(1000)
  const api = fileURLToPath(new URL('../gateway/api.yaml', import.meta.url))
  const benchText = benchConfig({ api, upstreamPort: 9710, port: 9713 })
  writeFileSync(join(folder, 'jwks.json'), issuer.jwks)
  writeFileSync(join(folder, 'sallyport.yaml'), options.rules ? withRules(benchText) : benchText)
  const loaded = await loadConfig(join(folder, 'sallyport.yaml'), {})
  const gateway = await Gateway.start(loaded, { version: 'bench', certificateNames: [] })
  console.log(
    `machine: ${cpus()[0]?.model ?? 'unknown'}; load ${loadavg()[0]?.toFixed(2)}; node ${process.version}; median of ${rounds / 2} batches of ${BATCH}`,
  )
  await measure(gateway, issuer.tokens)
  await gateway.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
