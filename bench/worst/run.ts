// npm run bench -- worst [--patterns FILE] [--only NAME] [--rounds 5] [--seconds 60] [--top 15] [--texts FILE] [--show]: see README.md
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadConfig } from '../../src/gateway/config/load-config.ts'
import { Gateway } from '../../src/gateway/gateway.ts'
import { describeMachine } from '../machine/noise.ts'
import { printTable } from '../machine/statistics.ts'
import { benchIssuer } from '../gateway/issuer.ts'
import { SMALL_BYTES, sizeOf } from './attack.ts'
import type { Attack } from './attack.ts'
import { Calibration } from './calibration.ts'
import { worstDocument } from './document.ts'
import { measure } from './meter.ts'
import type { Measuring, Reading } from './meter.ts'
import { huntPatterns, patternAttacks, readPatterns } from './patterns.ts'
import type { Pumped } from './patterns.ts'
import { formAttacks } from './form-attacks.ts'
import { framingAttacks, measureFraming } from './framing.ts'
import { headAttacks } from './head-attacks.ts'
import { jsonAttacks } from './json-attacks.ts'
import { schemaAttacks } from './schema-attacks.ts'

const GOAL_MS = 1
const GOAL_US_PER_KB = 3
/** Time in calibration loops, times the quickest loop of the run: what the core takes at its higher speed. */
const AT_BEST = 'at the best speed of the run'
/** Patterns that are tried through the whole core. */
const PATTERNS = 40

const { values: options } = parseArgs({
  options: {
    patterns: { type: 'string' },
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '60' },
    top: { type: 'string', default: '15' },
    texts: { type: 'string' },
    show: { type: 'boolean', default: false },
  },
})

interface Line extends Reading {
  readonly attack: Attack
  readonly kb: number
}

const CONFIG = `openapi: ./openapi.json
upstream: http://127.0.0.1:9
listen: { http: 9729, plain: serve, address: 127.0.0.1 }
auth: { jwt: { issuers: { "https://id.example": { audience: bench, algs: [RS256], jwks: "file:./jwks.json" } } } }
limits: { ip: off, principal: off, failures: off, errors: off }
logs: { sinks: ["file:./access.log"] }
store: "memory:"
`

async function openCore(folder: string, pumped: readonly Pumped[]): Promise<Gateway> {
  writeFileSync(join(folder, 'openapi.json'), worstDocument(pumped.map(({ pattern }) => pattern)))
  writeFileSync(join(folder, 'jwks.json'), (await benchIssuer(0)).jwks)
  writeFileSync(join(folder, 'sallyport.yaml'), CONFIG)
  const loaded = await loadConfig(join(folder, 'sallyport.yaml'), {})
  return Gateway.start(loaded, { version: 'bench', certificateNames: [] })
}

async function measureAll(
  gateway: Gateway,
  attacks: readonly Attack[],
  measuring: Measuring,
): Promise<Line[]> {
  const lines: Line[] = []
  for (const attack of attacks) {
    const reading = await measure(gateway.core, attack, measuring)
    lines.push({ ...reading, attack, kb: sizeOf(attack) / 1024 })
  }
  return lines
}

/** `bestUs`: the quickest calibration loop of the run. */
function printSmall(lines: readonly Line[], bestUs: number): void {
  const small = lines.filter(({ attack }) => sizeOf(attack) <= SMALL_BYTES)
  const worst = small.toSorted((a, b) => b.us - a.us)
  const over = small.filter(({ us }) => us >= GOAL_MS * 1000)
  const held = small.filter(({ sliceUs }) => sliceUs >= GOAL_MS * 1000)
  const overAtBest = small.filter(({ loops }) => loops * bestUs >= GOAL_MS * 1000)
  console.log(
    `\nUp to 64 KB: ${small.length} requests, worst ${((worst[0]?.us ?? 0) / 1000).toFixed(2)} ms (goal < ${GOAL_MS} ms), ${over.length} over it, ${overAtBest.length} ${AT_BEST}; ${held.length} held the loop so long at one time`,
  )
  printTable(
    ['request', 'KB', 'ms', AT_BEST, 'longest slice ms', 'verdict'],
    worst
      .slice(0, Math.max(Number(options.top), over.length))
      .map(({ attack, kb, us, sliceUs, loops, verdict }) => [
        attack.name,
        kb.toFixed(0),
        (us / 1000).toFixed(2),
        ((loops * bestUs) / 1000).toFixed(2),
        (sliceUs / 1000).toFixed(2),
        verdict,
      ]),
  )
}

function printLarge(lines: readonly Line[], bestUs: number): void {
  const large = lines.filter(({ attack }) => sizeOf(attack) > SMALL_BYTES)
  const worst = large.toSorted((a, b) => b.us / b.kb - a.us / a.kb)
  const [first] = worst
  const over = large.filter(({ us, kb }) => us / kb > GOAL_US_PER_KB)
  const overAtBest = large.filter(({ loops, kb }) => (loops * bestUs) / kb > GOAL_US_PER_KB)
  const rate = first === undefined ? 0 : first.us / first.kb
  console.log(
    `\nLarger: ${large.length} requests, worst ${rate.toFixed(1)} us per KB (goal <= ${GOAL_US_PER_KB}), ${over.length} over it, ${overAtBest.length} ${AT_BEST}`,
  )
  printTable(
    ['request', 'us per KB', AT_BEST, 'ms', 'longest slice ms', AT_BEST, 'verdict'],
    worst
      .slice(0, Math.max(Number(options.top), over.length))
      .map(({ attack, kb, us, loops, sliceUs, sliceLoops, verdict }) => [
        attack.name,
        (us / kb).toFixed(1),
        ((loops * bestUs) / kb).toFixed(1),
        (us / 1000).toFixed(1),
        (sliceUs / 1000).toFixed(1),
        ((sliceLoops * bestUs) / 1000).toFixed(1),
        verdict,
      ]),
  )
}

/** Writes a request as bytes, to be sent with any tool. */
function show(folder: string, { method, target, headers, body }: Attack, index: number): void {
  const fields: string[] = []
  for (let at = 0; at < headers.length; at += 2)
    fields.push(`${headers[at] ?? ''}: ${headers[at + 1] ?? ''}`)
  const head = `${method} ${target} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`
  const bytes = Buffer.concat([Buffer.from(head), body ?? Buffer.alloc(0)])
  writeFileSync(join(folder, `${index}.http`), bytes)
}

function pumpedPatterns(): readonly Pumped[] {
  if (options.patterns === undefined) {
    console.log('skipped: patterns (--patterns FILE)')
    return []
  }
  const { texts } = options
  if (texts !== undefined && existsSync(texts))
    return JSON.parse(readFileSync(texts, 'utf8')) as Pumped[]
  const pumped = huntPatterns(readPatterns(options.patterns), Number(options.seconds), PATTERNS)
  if (texts !== undefined) writeFileSync(texts, JSON.stringify(pumped))
  return pumped
}

async function main(folder: string): Promise<void> {
  console.log(describeMachine())
  const pumped = pumpedPatterns()
  const shapes = [...headAttacks(), ...jsonAttacks(), ...schemaAttacks(), ...formAttacks()]
  const attacks = [...shapes, ...patternAttacks(pumped)].filter(({ name }) =>
    name.includes(options.only),
  )
  const gateway = await openCore(folder, pumped)
  try {
    const calibration = new Calibration()
    // For the compiler: a gateway that has served for a while.
    await measureAll(
      gateway,
      attacks.filter((attack) => sizeOf(attack) <= SMALL_BYTES),
      { rounds: 6, calibration },
    )
    const measuring = { rounds: Number(options.rounds), calibration }
    const framing = framingAttacks().filter(({ name }) => name.includes(options.only))
    for (const attack of framing) measureFraming(attack, { rounds: 6, calibration })
    const lines = [
      ...(await measureAll(gateway, attacks, measuring)),
      ...framing.map((attack) => ({
        ...measureFraming(attack, measuring),
        attack,
        kb: sizeOf(attack) / 1024,
      })),
    ]
    console.log(calibration.describe())
    printSmall(lines, calibration.bestUs)
    printLarge(lines, calibration.bestUs)
    for (const [index, attack] of (options.show ? attacks : []).entries())
      show(folder, attack, index)
    if (options.show) console.log(`\nrequests and openapi.json: ${folder}`)
  } finally {
    await gateway.close()
  }
}

const folder = mkdtempSync(join(tmpdir(), 'sallyport-worst-'))
try {
  await main(folder)
} finally {
  if (!options.show) rmSync(folder, { recursive: true, force: true })
}
