// Runs every check that is not a test, prints the time of each, and lists what failed. `check.ts types lint`
// runs only these.
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const MODULES = join(ROOT, 'node_modules')

/** What one step runs: a script of Node's and its arguments. Steps are in the order of what fails most often. */
const STEPS: readonly [name: string, script: string, ...args: string[]][] = [
  ['types', `${MODULES}/typescript/bin/tsc`, '--noEmit'],
  ['lint', `${MODULES}/oxlint/bin/oxlint`, '--type-aware', '--deny-warnings'],
  ['format', `${MODULES}/oxfmt/bin/oxfmt`, '--check'],
  ['architecture', '--test', 'test/architecture.test.ts'],
  ['dead code', `${MODULES}/knip/bin/knip.js`, '--no-progress'],
  ['configuration schema', 'scripts/write-schema.ts', '--check'],
  ['control pages', 'scripts/write-controls.ts', '--check'],
  ['WebAssembly', 'scripts/build-wasm.ts', '--check'],
  ['changelog', 'scripts/changelog.ts', '--check'],
  ['build', 'scripts/build-package.ts'],
  ['installed package', 'scripts/try-package.ts'],
  ['package', `${MODULES}/publint/src/cli.js`, 'dist/package', '--strict'],
  [
    'package types',
    `${MODULES}/@arethetypeswrong/cli/dist/index.js`,
    '--pack',
    'dist/package',
    '--profile',
    'esm-only',
  ],
]

/** The longest that a step may take, milliseconds. */
const STEP_TIMEOUT_MS = 120_000

interface Outcome {
  readonly isGood: boolean
  readonly output: string
}

function runStep(args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, timeout: STEP_TIMEOUT_MS })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', (error) => resolve({ isGood: false, output: error.message }))
    child.on('close', (code) => {
      resolve({ isGood: code === 0, output: Buffer.concat(chunks).toString() })
    })
  })
}

const wanted = process.argv.slice(2)
const steps = STEPS.filter(([name]) => wanted.length === 0 || wanted.includes(name))
const failed: string[] = []
const startedAt = performance.now()
for (const [name, ...args] of steps) {
  const stepAt = performance.now()
  const { isGood, output } = await runStep(args)
  const seconds = ((performance.now() - stepAt) / 1000).toFixed(1)
  console.log(`${isGood ? 'ok    ' : 'FAILED'} ${name.padEnd(22)} ${seconds.padStart(5)} s`)
  if (isGood) continue
  failed.push(name)
  console.log(output)
}
const total = ((performance.now() - startedAt) / 1000).toFixed(1)
if (steps.length === 0) failed.push(`no step is called ${wanted.join(', ')}`)
if (failed.length > 0) console.log(`\nfailed: ${failed.join(', ')}`)
else console.log(`\nall ${steps.length} checks passed in ${total} s`)
process.exitCode = failed.length === 0 ? 0 : 1
