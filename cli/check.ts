import { isPublic } from '../src/openapi/is-public.ts'
import type { Command } from 'commander'
import { relative } from 'node:path'
import { formatFault } from '../src/base/config-error.ts'
import type { ConfigFault } from '../src/base/config-error.ts'
import { systemClock } from '../src/base/clock.ts'
import { operationAccess } from '../src/controls/access/operation-access.ts'
import { hasNobody } from './access-text.ts'
import type { Kit } from '../src/controls/kit.ts'
import { uncoveredOf, uncoveredText } from '../src/controls/objects/coverage.ts'
import { queryCoverage } from '../src/controls/query-fields/coverage.ts'
import type { Finding } from '../src/openapi/model.ts'
import type { Site } from '../src/pipeline/site.ts'
import { capProposal } from './check-caps.ts'
import { answerProposals } from './check-answers.ts'
import { exposureProposals } from './check-exposure.ts'
import { proposalsOf } from './check-proposals.ts'
import { auditDocument } from './document-audit.ts'
import { placesOf } from './document-places.ts'
import type { FilePlace } from './document-places.ts'
import { reopenedOperations } from './check-removed.ts'
import { faultLine } from './failure.ts'
import { groupFaults } from './group-faults.ts'
import type { FaultGroup } from './group-faults.ts'
import { inspect } from './inspect.ts'
import type { Inspection } from './inspect.ts'
import type { ConfigOptions } from './load.ts'
import { withConfigFlags } from './options.ts'
import { count, paint, print, printJson, shown } from './output.ts'

interface CheckOptions extends ConfigOptions {
  readonly json?: true
  readonly verbose?: true
}

const HELP = `
Examples:
  sallyport check
  sallyport check -c prod.yaml --json

Reads configuration and documents and compiles everything as serve would; changes nothing.
Exit codes: 0 no faults, 1 there are some.`

/** `sallyport check`: configuration and documents, every fault with its place. */
export function addCheck(program: Command): void {
  withConfigFlags(
    program.command('check').description('check configuration and documents, show every fault'),
  )
    .option('--verbose', 'show notes and every schema of a request without bounds too')
    .addHelpText('after', HELP)
    .action(check)
}

/** Something that a document says, with its place. */
export interface PlacedFinding extends FilePlace {
  readonly code: string
  readonly message: string
  /** JSON Pointer inside the file. */
  readonly path: string
}

/** What `check --json` prints. */
export interface CheckReport {
  readonly ok: boolean
  readonly faults: readonly ConfigFault[]
  readonly warnings: readonly PlacedFinding[]
  /** Number of operations that would be served. */
  readonly operations: number
  /** Labels of operations that need no credential. */
  readonly publicOperations: readonly string[]
  /** Operations whose answers hold parts that cannot be filtered, and where. */
  readonly unfilterable: readonly (FilePlace & { readonly operation: string })[]
  /** Ids and answers for which nothing says whose the object is [AZN-04]. */
  readonly uncovered: readonly (FilePlace & {
    readonly operation: string
    readonly place: string
    readonly name: string
    readonly message: string
  })[]
  /** Parameters that name fields which somebody may not read, and what is known of them [AZN-05]. */
  readonly queries: readonly (FilePlace & {
    readonly operation: string
    readonly name: string
    readonly message: string
    readonly isJudged: boolean
  })[]
  /** What weakens the protection: relaxations, modes, plain HTTP. */
  readonly audit: readonly ConfigFault[]
  /** Schemas of requests without bounds, by kind. */
  readonly unbounded: Readonly<Record<string, number>>
  /** What would protect more, and how it is written. */
  readonly proposals: readonly string[]
  /** With `--verbose`. */
  readonly notes: readonly PlacedFinding[]
}

async function check(options: CheckOptions): Promise<void> {
  const report = reportOf(await inspect(options), options.verbose === true)
  if (!report.ok) process.exitCode = 1
  if (options.json === true) printJson(report)
  else printReport(report, options)
}

/** The findings of an inspection, sorted by what they mean to a person; notes only where they are wanted. */
export function reportOf(inspection: Inspection, wantsNotes: boolean): CheckReport {
  const { loaded, built, apis, documents } = inspection
  const sites = built?.plan.sites.map(({ site }) => site) ?? []
  const faults = [...inspection.faults, ...sites.flatMap((site) => ungranted(site, inspection))]
  const findings = [
    ...apis.flatMap((api) => api.findings),
    ...reopenedOperations(loaded?.settings.apis ?? [], apis),
  ]
  const audits = built === undefined ? [] : apis.map((api) => auditDocument(api))
  const open = audits.flatMap((audit) => audit.open)
  const unbounded: Record<string, number> = { string: 0, array: 0, number: 0, any: 0, page: 0 }
  for (const { kind } of open) unbounded[kind] = (unbounded[kind] ?? 0) + 1
  return {
    ok: faults.length === 0,
    faults,
    warnings: placed(findings, 'warning', documents),
    operations: sites.length,
    publicOperations: sites.filter((site) => isPublic(site.operation)).map(({ label }) => label),
    unfilterable: unfilterable(audits, sites, documents),
    uncovered: built === undefined ? [] : uncovered(sites, built.kit, documents),
    queries: built === undefined ? [] : queriesOf(sites, built.kit, documents),
    audit: loaded?.audit(systemClock.nowMs()) ?? [],
    unbounded,
    proposals:
      built === undefined
        ? []
        : [
            ...proposalsOf(sites),
            ...exposureProposals(sites, built.kit),
            ...answerProposals(sites),
            ...capProposal(sites, unbounded),
          ],
    notes: wantsNotes ? placed([...findings, ...open.map(openFinding)], 'note', documents) : [],
  }
}

function openFinding({ kind, source }: ReturnType<typeof auditDocument>['open'][number]): Finding {
  const lacks = {
    string: 'a string without maxLength',
    array: 'an array without maxItems',
    number: 'a number without minimum and maximum',
    any: 'a value of any type',
    page: 'how much they want of a list, without a maximum',
  }[kind]
  return {
    severity: 'note',
    code: `unbounded-${kind}`,
    message: `requests may send ${lacks}`,
    source,
  }
}

function placed(
  findings: readonly Finding[],
  severity: Finding['severity'],
  documents: readonly string[],
): readonly PlacedFinding[] {
  const some = findings.filter((finding) => finding.severity === severity)
  const places = placesOf(
    some.map(({ source }) => source),
    documents,
  )
  return some.map(({ code, message, source }, index) => ({
    ...(places[index] ?? { file: source.file }),
    path: source.pointer,
    code,
    message,
  }))
}

function unfilterable(
  audits: readonly ReturnType<typeof auditDocument>[],
  sites: readonly Site[],
  documents: readonly string[],
): CheckReport['unfilterable'] {
  const labels = new Map(sites.map(({ operation, label }) => [operation, label]))
  const found = audits.flatMap((audit) => audit.unfilterable)
  const places = placesOf(
    found.map(({ source }) => source),
    documents,
  )
  return found.map(({ operation, source }, index) => ({
    operation: labels.get(operation) ?? operation.id,
    ...(places[index] ?? { file: source.file }),
  }))
}

function uncovered(
  sites: readonly Site[],
  kit: Kit,
  documents: readonly string[],
): CheckReport['uncovered'] {
  const found = sites.flatMap((site) => uncoveredOf(site, kit).map((one) => ({ site, one })))
  const places = placesOf(
    found.map(({ one }) => one.source),
    documents,
  )
  return found.map(({ site, one }, index) => ({
    operation: site.label,
    place: one.place,
    name: one.name,
    message: uncoveredText(site, one),
    ...(places[index] ?? { file: one.source.file }),
  }))
}

function queriesOf(
  sites: readonly Site[],
  kit: Kit,
  documents: readonly string[],
): CheckReport['queries'] {
  const found = sites.flatMap((site) => queryCoverage(site, kit).map((one) => ({ site, one })))
  const places = placesOf(
    found.map(({ one }) => one.source),
    documents,
  )
  return found.map(({ site, one: { name, says, isJudged, source } }, index) => ({
    operation: site.label,
    name,
    message: `${site.label}: query.${name} ${says}`,
    isJudged,
    ...(places[index] ?? { file: source.file }),
  }))
}

/** Default deny would refuse everybody here: an operation that no rule names was forgotten [AZN-01]. */
function ungranted(site: Site, { documents, loaded, built }: Inspection): readonly ConfigFault[] {
  const { operation } = site
  if (built === undefined || isPublic(operation)) return []
  if (!hasNobody(operationAccess(site, built.kit))) return []
  const [place] = placesOf([operation.source], documents)
  const message = `no role, access list or condition on the caller allows ${site.label}: every call would be refused`
  const cure = `give a role "op:${operation.id}", or write authorize.acl.${operation.id}`
  return [
    loaded?.placeFault({ path: 'authorize', message, cure }) ?? { path: '', message, ...place },
  ]
}

function alone(first: ConfigFault): FaultGroup {
  return { first, others: 0 }
}

/** Lines of one kind shown before the rest is counted. */
const MAX_LINES = 20

function printReport(report: CheckReport, options: CheckOptions): void {
  const most = options.verbose === true ? Infinity : MAX_LINES
  const groups = options.verbose === true ? report.faults.map(alone) : groupFaults(report.faults)
  for (const { first, others } of groups.slice(0, most)) {
    console.error(faultLine(first))
    if (others > 0) console.error(`      … the same of ${count(others, 'other')} (--verbose)`)
  }
  if (groups.length > most)
    console.error(`      … ${count(groups.length - most, 'more fault')} (--verbose)`)
  const lines = (tone: 'yellow' | 'dim', word: string, texts: readonly string[]): void => {
    for (const text of texts.slice(0, most)) print(`${paint(tone, word)} ${shown(text, 1000)}`)
    if (texts.length > most) print(`${paint(tone, word)} … ${texts.length - most} more (--verbose)`)
  }
  lines('yellow', 'audit  ', report.audit.map(formatFault))
  lines('yellow', 'warning', report.warnings.map(findingText))
  if (options.verbose === true) lines('dim', 'note   ', report.notes.map(findingText))
  lines('yellow', 'public ', report.publicOperations)
  lines('dim', 'propose', report.proposals)
  lines('yellow', 'unfiltered', report.unfilterable.map(unfilterableText))
  lines('yellow', 'unowned', report.uncovered.map(uncoveredLine))
  const [judged, unjudged] = [true, false].map((is) =>
    report.queries.filter(({ isJudged }) => isJudged === is).map(uncoveredLine),
  )
  lines('dim', 'queries', judged ?? [])
  lines('yellow', 'unjudged', unjudged ?? [])
  printSummary(report)
}

function printSummary(report: CheckReport): void {
  const { ok, faults, operations, publicOperations, unbounded } = report
  const open = Object.values(unbounded).reduce((sum, one) => sum + one, 0)
  if (open > 0) {
    const kinds = Object.entries(unbounded).filter(([, number]) => number > 0)
    const text = kinds.map(([kind, number]) => `${number} ${kind}`).join(', ')
    print(`${paint('dim', 'unbounded')} schemas of requests: ${text} (--verbose lists them)`)
  }
  if (ok) {
    const text = `${count(operations, 'operation')}, ${publicOperations.length} of them public`
    return print(`${paint('green', 'ok')} ${text}`)
  }
  console.error(count(faults.length, 'fault'))
}

function findingText({ file, line, column, path, message, code }: PlacedFinding): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':')
  return `${place} ${path}: ${message} [${code}]`
}

function uncoveredLine({
  message,
  file,
  line,
  column,
}: FilePlace & { readonly message: string }): string {
  return `${message}, ${[relative('.', file), line, column].filter((part) => part !== undefined).join(':')}`
}

function unfilterableText({
  operation,
  file,
  line,
  column,
}: CheckReport['unfilterable'][number]): string {
  const place = [relative('.', file), line, column].filter((part) => part !== undefined).join(':')
  return `${operation}: parts of its answers have no declared fields, ${place}`
}
