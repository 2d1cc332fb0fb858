import type { CheckReport } from '../check.ts'
import { faultLine } from '../failure.ts'
import { count, paint, print, shown } from '../output.ts'
import type { FoundOperation } from './found-operations.ts'
import type { SchemeChoice } from './scheme-choice.ts'

/** What `init` did and found; `init --json` prints it. */
export interface InitReport {
  readonly file: string
  readonly overlay: string | null
  /** Last day of the profile `adopt`: `2026-12-06`. */
  readonly until: string
  readonly schemes: readonly SchemeChoice[]
  /** Labels of operations for which the document says nothing of security: they take keys of the gateway. */
  readonly withoutSecurity: readonly string[]
  readonly deprecated: readonly string[]
  readonly log: {
    readonly lines: number
    readonly unreadable: number
    readonly isCut: boolean
    readonly basePath: string | null
    readonly operations: readonly FoundOperation[]
    readonly outside: number
  } | null
  readonly check: CheckReport
}

/** Lines of one list shown before the rest is counted. */
const MAX_LINES = 20

/** Tells a person what was written, what the document leaves open, what to decide, and what comes next. */
export function printInit(report: InitReport): void {
  print(`Wrote ${paint('bold', shown(report.file))}: profile adopt until ${report.until}.`)
  printAudit(report)
  printCredentials(report)
  if (report.log !== null) printLog(report.log, report.overlay)
  printOpen(report)
  for (const fault of report.check.faults.slice(0, MAX_LINES)) console.error(faultLine(fault))
  printNext(report)
}

function title(text: string): void {
  print()
  print(paint('bold', text))
}

function list(word: string, texts: readonly string[]): void {
  for (const text of texts.slice(0, MAX_LINES)) print(`  ${paint('yellow', word)} ${shown(text)}`)
  const more = texts.length - MAX_LINES
  if (more > 0) print(`  ${paint('yellow', word)} … ${more} more`)
}

function printAudit({ check, deprecated }: InitReport): void {
  const { operations, publicOperations, warnings, unfilterable, unbounded } = check
  title('Security audit of the document')
  const publics = `${publicOperations.length} of them public (no credential is asked for)`
  print(`  ${count(operations, 'operation')}, ${publics}`)
  list('public ', publicOperations)
  if (deprecated.length > 0) list('deprecated', deprecated)
  const kinds = Object.entries(unbounded).filter(([, number]) => number > 0)
  const open = kinds.map(([kind, number]) => `${number} ${kind}`).join(', ')
  if (open !== '') print(`  requests may be of any size in: ${open} (check --verbose lists them)`)
  list(
    'unfiltered',
    unfilterable.map(
      ({ operation }) => `${operation}: parts of its answers have no declared fields`,
    ),
  )
  list(
    'warning',
    warnings.map(({ file, line, message }) => `${file}:${line ?? ''} ${message}`),
  )
}

function printCredentials({ schemes, withoutSecurity }: InitReport): void {
  title('Credentials')
  for (const { name, what, choice, operations } of schemes) {
    const asked = `(${what}, ${count(operations, 'operation')})`
    print(`  ${shown(name)} ${paint('dim', shown(asked))}: ${CHOICES[choice]}`)
  }
  if (withoutSecurity.length > 0) {
    print(
      `  The document says nothing of security for ${count(withoutSecurity.length, 'operation')}:`,
    )
    print('  they take keys of this gateway. Where everybody may come, write security: [].')
    list('no security', withoutSecurity)
  }
}

const CHOICES: Readonly<Record<SchemeChoice['choice'], string>> = {
  gateway: 'keys of this gateway (sallyport keys create), or write upstream to keep the API’s own',
  upstream: 'passed on to the API, NOT VERIFIED HERE; to check it here see auth in the file',
  none: 'cannot be met yet: client certificates are not available',
}

/** What nobody has said yet: proposals as `check` makes them, and ids whose owner no rule knows. */
function printOpen({ check: { proposals, uncovered } }: InitReport): void {
  if (proposals.length === 0 && uncovered.length === 0) return
  title('Not said yet (docs/guide/put-in-front.md)')
  list('propose', proposals)
  if (uncovered.length > 0)
    print(
      `  no rule says whose objects ${count(uncovered.length, 'id')} are of: see sallyport check`,
    )
}

function printLog(log: NonNullable<InitReport['log']>, overlay: string | null): void {
  title('Access log')
  print(`  ${count(log.lines, 'line')}, ${log.unreadable} of them unreadable`)
  if (log.isCut) print('  there were too many different paths: some are left out')
  if (log.basePath !== null)
    print(`  requests come under ${shown(log.basePath || '/')}: written as basePath`)
  if (log.outside > 0)
    print(`  ${count(log.outside, 'path')} outside of the base path are left out`)
  if (overlay === null) return print('  every operation in use is declared')
  print(`  in use but not declared, now in ${shown(overlay)} (open: narrow it down):`)
  list(
    'added  ',
    log.operations.map(({ method, template, count }) => `${method} ${template} (${count})`),
  )
}

function printNext({ check, file }: InitReport): void {
  title('Next')
  const flag = file === 'sallyport.yaml' ? '' : ` -c ${shown(file)}`
  if (!check.ok) return print(`  decide what the errors say, then: sallyport check${flag}`)
  print(`  sallyport keys create${flag}`)
  print(`  sallyport serve${flag}`)
  print(`  sallyport check${flag}          after every change`)
}
