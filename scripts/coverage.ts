// Runs every test and counts the lines of src and cli that ran; fails below the floors of STYLE 10. Not part of
// `npm test`: counting slows down what other tests measure. Arguments are test files in place of all.
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { floorFaults, lineRanges, percentOf, readLcov, unloaded } from './coverage-floor.ts'
import type { FileCoverage } from './coverage-floor.ts'

const ROOT = join(import.meta.dirname, '..')
const SOURCES: readonly string[] = ['src/**/*.ts', 'cli/**/*.ts']
const TESTS: readonly string[] = ['src', 'cli', 'scripts', 'test', 'examples'].map(
  (folder) => `${folder}/**/*.test.ts`,
)
/** Tests that measure time mean nothing while lines are counted. */
const TIMED = '/ is slow$/'
const TIMEOUT_MS = 20 * 60_000
/** Columns of line numbers in the table. */
const MAX_RANGES = 60

function isProduct(path: string): boolean {
  return !path.endsWith('.test.ts') && !path.includes('/testing/')
}

function runTests(report: string): number {
  const given = process.argv.slice(2)
  const { status } = spawnSync(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${Math.max(2, availableParallelism())}`,
      '--test-timeout=180000',
      `--test-skip-pattern=${TIMED}`,
      '--experimental-test-coverage',
      ...SOURCES.map((pattern) => `--test-coverage-include=${pattern}`),
      '--test-reporter=dot',
      '--test-reporter-destination=stdout',
      '--test-reporter=lcov',
      `--test-reporter-destination=${report}`,
      ...(given.length > 0 ? given : TESTS),
    ],
    { cwd: ROOT, stdio: 'inherit', timeout: TIMEOUT_MS },
  )
  return status ?? 1
}

/** Whether a file has anything that could run; what holds only types never does. */
function hasCode(text: string): boolean {
  const code = stripTypeScriptTypes(text).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
  return code.trim() !== ''
}

/** What was loaded, and what never was although it could have been. */
function wholeCoverage(report: string): readonly FileCoverage[] {
  const loaded = readLcov(readFileSync(report, 'utf8'))
    .map((file) => ({ ...file, path: file.path.replace(`${ROOT.replaceAll('\\', '/')}/`, '') }))
    .filter(({ path }) => isProduct(path))
  const known = new Set(loaded.map(({ path }) => path))
  const missing = globSync([...SOURCES], { cwd: ROOT })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => isProduct(path) && !known.has(path))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
    .filter(({ text }) => hasCode(text))
  return [...loaded, ...missing.map(({ path, text }) => unloaded(path, text))]
}

function printTable(files: readonly FileCoverage[]): void {
  const missed = files.filter((file) => file.coveredLines < file.lines)
  const rows = missed.toSorted((a, b) => percentOf([a]) - percentOf([b]))
  for (const file of rows) {
    const ranges = lineRanges(file.missed)
    const cut = ranges.length > MAX_RANGES ? `${ranges.slice(0, MAX_RANGES)}…` : ranges
    console.log(`${percentOf([file]).toFixed(1).padStart(5)} %  ${file.path}  ${cut}`)
  }
  console.log(`\n${files.length - rows.length} of ${files.length} files ran as a whole`)
  console.log(`${percentOf(files).toFixed(2)} % of lines ran`)
}

const scratch = mkdtempSync(join(tmpdir(), 'sallyport-coverage-'))
const report = join(scratch, 'lcov.info')
const tested = runTests(report)
const files = wholeCoverage(report)
rmSync(scratch, { recursive: true })
printTable(files)
const faults = floorFaults(files)
for (const fault of faults) console.log(`below the floor: ${fault}`)
process.exitCode = tested === 0 && faults.length === 0 ? 0 : 1
