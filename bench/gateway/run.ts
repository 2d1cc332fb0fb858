// npm run bench -- gateway [--repeats 5] [--seconds 3] [--only small,post] [--transport both] [--json FILE]: see README.md
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Sample } from '../load/load.ts'
import { describeMachine, watchNoise, watchOthers } from '../machine/noise.ts'
import type { Noise } from '../machine/noise.ts'
import { listening, startOn, stopAll } from '../machine/processes.ts'
import { needPrograms } from '../machine/programs.ts'
import { scratchFolder } from '../machine/scratch.ts'
import { writeInputs } from './inputs.ts'
import type { Transport } from './issuer.ts'
import { Measurer, SETTLE_SECONDS } from './measure.ts'
import { startEachTransport, startOthers } from './peers.ts'
import type { Peer } from './peers.ts'
import { PORTS } from './ports.ts'
import { printGoals, printNoise, printRows, printThin } from './report.ts'
import { allRows, PARTS, rowName } from './rows.ts'
import type { Part, Row } from './rows.ts'

const HERE = import.meta.dirname
/** More than the 50,000 verified tokens a gateway remembers, so that a token is forgotten before it comes again. */
const MOST_COLD_TOKENS = 60_000

const { values: options } = parseArgs({
  options: {
    repeats: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    /** Parts, joined by commas; all unless said. */
    only: { type: 'string', default: PARTS.join() },
    transport: { type: 'string', default: 'both' },
    /** Where every sample goes. */
    json: { type: 'string' },
  },
})
const repeats = Number(options.repeats)
const seconds = Number(options.seconds)

function chosenParts(): ReadonlySet<Part> {
  const names = options.only.split(',')
  const unknown = names.filter((name) => !PARTS.some((part) => part === name))
  if (unknown.length > 0) throw new Error(`--only knows ${PARTS.join()}, not ${unknown.join()}`)
  return new Set(PARTS.filter((part) => names.includes(part)))
}

function chosenTransports(): readonly Transport[] {
  if (options.transport === 'both') return ['node', 'fast']
  if (options.transport === 'node' || options.transport === 'fast') return [options.transport]
  throw new Error('--transport node, fast or both')
}

function installPeers(): void {
  const { dependencies } = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const isThere = (name: string): boolean => existsSync(join(HERE, 'node_modules', name))
  if (Object.keys(dependencies).every(isThere)) return
  execFileSync('npm', ['ci'], { cwd: HERE, stdio: 'inherit' })
}

/** As many as the rows of one transport use up, at the most 15,000 a second. */
function coldTokens(parts: ReadonlySet<Part>): number {
  if (!parts.has('tokens')) return 0
  return Math.min(MOST_COLD_TOKENS, Math.ceil(1.61 * 15_000 * (repeats * seconds + SETTLE_SECONDS)))
}

interface Measured {
  readonly results: Map<string, Sample[]>
  readonly noise: Noise[]
}

/** Repeats are interleaved, so that what else the machine does falls on all alike. */
async function measureAll(rows: readonly Row[], measurer: Measurer): Promise<Measured> {
  const measured: Measured = { results: new Map(), noise: [] }
  for (const row of rows) await measurer.warm(row)
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const row of rows) {
      const stop = watchNoise()
      const sample = await measurer.measure(row, seconds)
      measured.noise.push(stop())
      const name = rowName(row)
      measured.results.set(name, [...(measured.results.get(name) ?? []), sample])
    }
  }
  return measured
}

async function main(folder: string): Promise<void> {
  const parts = chosenParts()
  const asked = chosenTransports()
  console.log(describeMachine())
  await writeInputs(folder, coldTokens(parts))
  const upstream = startOn(1, ['nginx', '-c', join(folder, 'upstream.conf')])
  const peers: Peer[] = []
  try {
    await listening(PORTS.upstream, upstream)
    peers.push(...(await startOthers(folder)))
    const { peers: ours, served } = await startEachTransport(folder, asked)
    peers.push(...ours)
    const rows = allRows(peers, served, parts)
    console.log(`${repeats} repeats of ${seconds} s, ${rows.length} rows\n`)
    const others = watchOthers()
    const { results, noise } = await measureAll(rows, new Measurer(folder, peers))
    printRows(rows, results)
    printGoals(served, results)
    printThin(results, seconds)
    printNoise(noise, others())
    console.log(describeMachine())
    if (options.json !== undefined)
      writeFileSync(options.json, JSON.stringify({ repeats, seconds, rows: [...results], noise }))
  } finally {
    await stopAll([upstream, ...peers.map(({ program }) => program)])
  }
}

needPrograms(['nginx', 'haproxy', 'wrk', 'h2load', 'openssl', 'taskset'])
installPeers()
await main(scratchFolder('bench'))
