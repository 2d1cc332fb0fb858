import type { ProofReport, ProofRow } from './result.ts'
import { paint, print, printTable } from '../output.ts'

/** Prints the table, what is not proven and why, and the sum. */
export function printReport(report: ProofReport): void {
  const attacks = report.rows.filter(({ kind }) => kind === 'attack')
  const checks = report.rows.filter(({ kind }) => kind !== 'attack')
  printTable([
    ['control', 'id', 'attack', 'without', 'with', 'result'],
    ...attacks.map((row) => [
      row.control,
      row.id,
      row.name,
      row.without ?? '',
      row.with,
      resultOf(row),
    ]),
  ])
  if (checks.length > 0) print()
  for (const kind of ['honest', 'order', 'hidden', 'own', 'direct'] as const)
    printChecks(kind, checks)
  const bad = report.rows.filter(({ isProven }) => !isProven)
  if (bad.length > 0) print()
  for (const row of bad) print(`${paint('red', 'not proven')} ${label(row)}: ${row.reason ?? ''}`)
  print()
  const sum = `${report.proven} proven, ${report.notProven} not proven, ${report.seconds} s`
  print(report.ok ? paint('green', sum) : paint('red', sum))
}

function resultOf(row: ProofRow): string {
  return row.isProven ? 'proven' : 'NOT PROVEN'
}

function label({ control, id, name }: ProofRow): string {
  return [control, id, name].filter((part) => part !== '').join(' ')
}

const TITLES = {
  honest: 'honest calls that pass on the same gateway',
  order: 'stages in their order: the earliest refuses',
  hidden: 'what must look like a path that does not exist',
  own: 'operations of your documents',
  direct: 'calls of your APIs past the gateway',
} as const

function printChecks(kind: keyof typeof TITLES, rows: readonly ProofRow[]): void {
  const own = rows.filter((row) => row.kind === kind)
  if (own.length === 0) return
  const good = own.filter(({ isProven }) => isProven).length
  print(`${TITLES[kind]}: ${good} of ${own.length}`)
  for (const { name } of own)
    if (kind === 'direct' || name.endsWith('public by its document')) print(`  ${name}`)
}

/** The report as JUnit XML, one suite for each control. */
export function junit({ rows, seconds }: ProofReport): string {
  const groups = Map.groupBy(rows, ({ control, kind }) => (kind === 'attack' ? control : kind))
  const suites = [...groups].map(([name, own]) => suite(name, own))
  const total = `tests="${rows.length}" failures="${failures(rows)}" time="${seconds}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="sallyport prove" ${total}>\n${suites.join('')}</testsuites>\n`
}

function suite(name: string, rows: readonly ProofRow[]): string {
  const head = `  <testsuite name="${escape(name)}" tests="${rows.length}" failures="${failures(rows)}">\n`
  return `${head}${rows.map(testcase).join('')}  </testsuite>\n`
}

function testcase(row: ProofRow): string {
  const name = escape(`${row.id} ${row.name}`.trim())
  const head = `    <testcase classname="${escape(row.control || row.kind)}" name="${name}" time="${row.ms / 1000}"`
  if (row.isProven) return `${head}/>\n`
  return `${head}>\n      <failure message="${escape(row.reason ?? '')}"/>\n    </testcase>\n`
}

function failures(rows: readonly ProofRow[]): number {
  return rows.filter(({ isProven }) => !isProven).length
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
])

/** XML 1.0 has no place for most control characters, escaped or not. */
function escape(text: string): string {
  return text
    .replaceAll(/[&<>"]/g, (character) => ENTITIES.get(character) ?? '')
    .replaceAll(/\p{Cc}|\p{Cs}/gu, ' ')
}
