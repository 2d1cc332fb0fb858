// Runs every test; further arguments go to the runner, and files among them replace the patterns.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const PATTERNS: readonly string[] = ['src', 'cli', 'scripts', 'test', 'examples'].map(
  (folder) => `${folder}/**/*.test.ts`,
)

/**
 * The longest that all tests may take: what never yields cannot be stopped by the runner's own timeouts. A host that
 * lends its cores may be twice as slow at one time as at another.
 */
const RUN_TIMEOUT_MS = 25 * 60_000

/** Runs a command to its end with this process's output; a signal counts as failure. */
function run(command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): number {
  const { status, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: 'inherit',
    timeout: RUN_TIMEOUT_MS,
    env: { ...process.env, ...more },
  })
  if (error !== undefined) console.error(`${command}: ${error.message}`)
  return status ?? 1
}

const services = run('bash', ['scripts/services.sh'])
if (services !== 0) process.exit(services)

const given = process.argv.slice(2)
const files = given.filter((argument) => !argument.startsWith('-'))
const scratch = mkdtempSync(join(tmpdir(), 'sallyport-test-'))
const report = join(scratch, 'report.tap')
const tests = [
  '--test',
  // Tests that wait for sockets leave the processor idle, hence never fewer than two files at once.
  `--test-concurrency=${Math.max(2, availableParallelism())}`,
  '--test-timeout=180000',
  '--test-reporter=spec',
  '--test-reporter-destination=stdout',
  '--test-reporter=tap',
  `--test-reporter-destination=${report}`,
  ...given.filter((argument) => argument.startsWith('-')),
  ...(files.length > 0 ? files : PATTERNS),
]
// Hundreds of processes load the same sources: what one has compiled serves all, for this run.
process.exitCode = run(process.execPath, tests, { NODE_COMPILE_CACHE: join(scratch, 'code') })
// After failures the spec reporter ends with their details; the counts belong at the end all the same.
if (process.exitCode !== 0) console.log(countsOf(report))
rmSync(scratch, { recursive: true })

/** The closing lines of a TAP report: `# tests 9`, `# pass 8`, `# fail 1` and so on. */
function countsOf(file: string): string {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^# [a-z_]+ [\d.]+$/.test(line))
    .slice(-8)
    .join('\n')
}
