// Installs the built package as a user would and runs it there: what users get is what was tested.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PACKAGE = join(import.meta.dirname, '../dist/package')
const folder = mkdtempSync(join(tmpdir(), 'sallyport-package-'))

/** Runs a command in the folder; throws with its output when it fails. */
function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
  })
  if (status === 0) return stdout
  throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? ''}\n${stdout}\n${stderr}`)
}

try {
  run('npm', 'pack', PACKAGE, '--silent')
  const [tarball = ''] = readdirSync(folder)
  writeFileSync(
    join(folder, 'package.json'),
    '{ "name": "user", "private": true, "type": "module" }',
  )
  run('npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', `./${tarball}`)
  const bin = join(folder, 'node_modules/sallyport/dist/cli/sallyport.mjs')
  run(
    process.execPath,
    '--input-type=module',
    '-e',
    "import { defineConfig } from 'sallyport'; if (typeof defineConfig !== 'function') process.exit(1)",
  )
  console.log(run(process.execPath, bin, '--version').trim())
  console.log(run(process.execPath, bin, 'demo', '--try').trim())
} finally {
  rmSync(folder, { recursive: true, force: true })
}
