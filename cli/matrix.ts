import type { Command } from 'commander'
import { existsSync, readFileSync } from 'node:fs'
import { CommandError } from './failure.ts'
import { inspectWhole } from './inspect.ts'
import { configFile } from './load.ts'
import type { ConfigOptions } from './load.ts'
import { compareMatrices } from './matrix/compare.ts'
import { matrixOf } from './matrix/matrix.ts'
import type { Matrix } from './matrix/matrix.ts'
import { matrixCsv, printChanges, printMatrix } from './matrix/print-matrix.ts'
import { openRevision } from './matrix/revision.ts'
import { withConfigFlags } from './options.ts'
import { print, printJson } from './output.ts'

interface MatrixOptions extends ConfigOptions {
  readonly json?: true
  readonly csv?: true
  readonly diff?: string
}

/** Somebody may do more than before, or under another condition. */
const EXIT_MORE = 2

const HELP = `
Examples:
  sallyport matrix
  sallyport matrix --csv > access.csv
  sallyport matrix --diff main
  sallyport matrix --diff old.yaml
  sallyport matrix --json > access.json; sallyport matrix --diff access.json

--diff compares with another configuration, a saved matrix, or a revision of the git repository.
Exit codes: 0 done, 1 a configuration has faults, 2 with --diff: somebody may do, see or set
more than before, or it is not clear.`

/** `sallyport matrix`: who may call what, and what has changed about it. */
export function addMatrix(program: Command): void {
  withConfigFlags(
    program
      .command('matrix')
      .description('show who may call, see and set what: operations, fields and objects by roles'),
  )
    .option('--csv', 'print CSV')
    .option('--diff <old>', 'show what differs from a configuration, a saved matrix or a revision')
    .addHelpText('after', HELP)
    .action(matrix)
}

async function matrix(options: MatrixOptions): Promise<void> {
  const now = await matrixOf(await inspectWhole(options))
  if (options.diff !== undefined) return diff(await oldMatrix(options.diff, options), now, options)
  if (options.json === true) printJson(now)
  else if (options.csv === true) print(matrixCsv(now))
  else printMatrix(now)
}

function diff(before: Matrix, now: Matrix, options: MatrixOptions): void {
  const changes = compareMatrices(before, now)
  if (changes.some(({ effect }) => effect !== 'less')) process.exitCode = EXIT_MORE
  if (options.json === true) printJson(changes)
  else printChanges(changes)
}

async function oldMatrix(old: string, options: MatrixOptions): Promise<Matrix> {
  if (old.endsWith('.json') && existsSync(old)) return savedMatrix(old)
  if (existsSync(old)) return matrixOf(await inspectWhole({ config: old }))
  const file = configFile(options)
  if (file === undefined || !existsSync(file))
    throw new CommandError('a revision needs a configuration file', 'name it with -c')
  const revision = openRevision(old, file)
  try {
    return await matrixOf(await inspectWhole({ config: revision.file }))
  } finally {
    revision.dispose()
  }
}

/** What `matrix --json` printed. */
function savedMatrix(file: string): Matrix {
  const refuse = (): never => {
    throw new CommandError(`${file} is no matrix`, 'save one with: sallyport matrix --json')
  }
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Matrix
    const lists = [value.roles, value.rows, value.fields, value.schemas]
    return lists.every(Array.isArray) && value.rows.every(isRow) ? value : refuse()
  } catch (error) {
    if (error instanceof CommandError) throw error
    return refuse()
  }
}

function isRow(row: unknown): boolean {
  if (typeof row !== 'object' || row === null) return false
  const names = [
    'api',
    'operation',
    'label',
    'mode',
    'scopes',
    'anonymous',
    'known',
    'roles',
    'listed',
    'keptOut',
  ]
  return names.every((name) => name in row)
}
