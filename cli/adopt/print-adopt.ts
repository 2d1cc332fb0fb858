import { count, paint, print, printTable, shown } from '../output.ts'
import type { AdoptReport, FindingView, OperationView } from './adopt-report.ts'

/** Most findings of one operation that are printed; `--json` has all. */
const MAX_SHOWN = 20

/** The report as a person reads it. */
export function printAdopt(report: AdoptReport): void {
  print(headLine(report))
  print()
  printTable([
    ['operation', 'state', 'calls', 'that teach', 'findings'],
    ...report.operations.map((one) => [
      one.operation,
      one.isPublic ? `${one.state} (public)` : one.state,
      String(one.calls),
      String(one.goodCalls),
      String(one.findings.length),
    ]),
  ])
  for (const one of report.operations) if (one.findings.length > 0) printOperation(one)
  if (report.undeclared.length > 0) {
    print()
    print(paint('bold', 'Requests that reach no operation (refused; never proposed):'))
    printFindings(report.undeclared)
  }
}

function headLine({ until, open }: AdoptReport): string {
  const what = `${count(open, 'operation')} with open findings`
  if (until === null) return `The profile adopt is not set: everything enforces. ${what}.`
  return `Adopting until ${until}, then everything enforces. ${what}.`
}

function printOperation({ operation, findings }: OperationView): void {
  print()
  print(paint('bold', shown(operation)))
  printFindings(findings)
}

function printFindings(findings: readonly FindingView[]): void {
  for (const finding of findings.slice(0, MAX_SHOWN)) {
    const { kind, pointer, lastSeen, outcome, why } = finding
    const end = why === '' ? outcome : `${outcome}: ${shown(why)}`
    const times = `${finding.count}x, last ${lastSeen}`
    print(`  ${kind}  ${shown(pointer)}  ${paint('dim', times)}  ${tone(outcome, end)}`)
  }
  if (findings.length > MAX_SHOWN) print(`  … ${findings.length - MAX_SHOWN} more (--json)`)
}

function tone(outcome: FindingView['outcome'], text: string): string {
  if (outcome === 'proposed') return paint('green', text)
  if (outcome === 'by-hand' || outcome === 'kept-out') return paint('yellow', text)
  return paint('dim', text)
}
