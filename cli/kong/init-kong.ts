import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { Document, isScalar, visit } from 'yaml'
import { ConfigError } from '../../src/base/config-error.ts'
import { schemaComment } from '../../src/gateway/config/schema-comment.ts'
import { readYaml } from '../../src/gateway/config/yaml-source.ts'
import { reportOf } from '../check.ts'
import type { CheckReport } from '../check.ts'
import { CommandError, faultLine } from '../failure.ts'
import { inspect } from '../inspect.ts'
import { count, paint, print, printJson, shown } from '../output.ts'
import { configOf } from './config.ts'
import { skeletonOf } from './documents.ts'
import type { Written } from './documents.ts'
import { readKongFile } from './kong-file.ts'
import type { KongFile, KongNote } from './kong-file.ts'
import { kongApis } from './operations.ts'
import type { KongApi } from './operations.ts'
import { Notebook } from './policy.ts'

/** Flags that count here. */
export interface InitKongOptions {
  readonly output: string
  readonly force?: true
  readonly json?: true
}

/** What `init --from kong.yaml` did; `--json` prints it. */
export interface KongReport {
  readonly file: string
  readonly documents: readonly string[]
  /** Everything that is not as it was, or not at all, by line of the Kong file. */
  readonly notes: readonly KongNote[]
  /** Operations that nobody needed a credential for. */
  readonly publicOperations: readonly string[]
  /** Consumers with keys, for `keys import`. */
  readonly consumersWithKeys: number
  readonly check: CheckReport
}

/** Largest file that is read. */
const MAX_FILE_BYTES = 16 * 1024 * 1024

/** Whether a file is a declarative configuration of Kong; anything else is a log. */
export function isKongFile(path: string): boolean {
  if (!/\.(?:ya?ml|json)$/i.test(path) || !existsSync(path)) return false
  return /^\s*["']?_format_version["']?\s*:/m.test(readFileSync(path, 'utf8').replace('{', '\n'))
}

/** Writes a configuration and documents for what Kong had in front, and tells what a person must do. */
export async function initFromKong(
  from: string,
  options: InitKongOptions,
  untilDay: string,
): Promise<void> {
  const kong = readKong(from)
  const book = new Notebook()
  for (const { line, what, todo } of kong.notes) book.add(line, what, todo)
  tellConsumers(kong, book)
  const apis = kongApis(kong, book)
  if (apis.length === 0) {
    for (const note of book.notes) console.error(noteLine(note, kong.file))
    throw new CommandError(`${from}: nothing of it can be served yet`, 'see what is said above')
  }
  const folder = dirname(resolve(options.output))
  const documents = new Map(apis.map(({ name }) => [name, `./${documentName(name, apis)}`]))
  const config = configOf({ kong, apis, documents, untilDay, book })
  const files = [...documents.values()].map((name) => join(folder, name))
  refuseExisting([options.output, ...files], options)
  for (const [index, api] of apis.entries()) write(files[index] ?? '', skeletonOf(api), '', options)
  write(options.output, config, headOf(folder, from), options)
  const check = reportOf(await inspect({ config: options.output }), false)
  if (!check.ok) process.exitCode = 1
  const report: KongReport = {
    file: options.output,
    documents: files.map((file) => relative('.', file)),
    notes: book.notes,
    publicOperations: check.publicOperations,
    consumersWithKeys: kong.consumers.filter(({ keys }) => keys.length > 0).length,
    check,
  }
  if (options.json === true) printJson(report)
  else printReport(report, kong, from)
}

function readKong(from: string): KongFile {
  const text = readFileSync(from, 'utf8')
  if (text.length > MAX_FILE_BYTES) throw new CommandError(`${from} is larger than 16 MB`)
  const file = relative('.', from)
  const source = readYaml(text, file)
  if (source.faults.length > 0) throw new ConfigError(source.faults)
  return readKongFile(source, file)
}

/** Limits and networks of a consumer go into its key; the rest is told. */
function tellConsumers({ plugins, consumers }: KongFile, book: Notebook): void {
  for (const { name, isEnabled, consumer, route, service, line, config } of plugins) {
    if (!isEnabled) book.add(line, `plugin ${name}`, 'is switched off: not taken over')
    else if (consumer !== undefined && (route !== undefined || service !== undefined))
      book.add(
        line,
        `plugin ${name} of consumer ${consumer}`,
        'for one route alone: not taken over',
      )
    else if (consumer !== undefined && !consumers.some((one) => one.name === consumer))
      book.add(line, `plugin ${name}`, `there is no consumer ${consumer} in the file`)
    else if (consumer !== undefined && name === 'ip-restriction' && config['deny'] !== undefined)
      book.add(
        line,
        `plugin ${name} of consumer ${consumer}`,
        'deny is not taken over, allow is (keys import)',
      )
    else if (consumer !== undefined && !BY_KEY.has(name))
      book.add(line, `plugin ${name} of consumer ${consumer}`, 'not taken over')
  }
}

const BY_KEY: ReadonlySet<string> = new Set([
  'ip-restriction',
  'rate-limiting',
  'rate-limiting-advanced',
])

function documentName(name: string, apis: readonly KongApi[]): string {
  return apis.length === 1 ? 'openapi.yaml' : `${name}.openapi.yaml`
}

function headOf(folder: string, from: string): string {
  const comment = schemaComment(folder)
  return [
    ...(comment === '' ? [] : [comment]),
    `# Made from ${relative(folder, resolve(from)).replaceAll(/[^\x20-\x7e]/g, '?')}, a configuration of Kong.`,
    '# Until the day of the profile, what honest clients may trip over is observed; the documents are open inside until you',
    '# narrow them down (sallyport adopt proposes how).',
    '',
  ].join('\n')
}

function refuseExisting(files: readonly string[], { force }: InitKongOptions): void {
  const existing = files.find((file) => existsSync(file))
  if (existing === undefined || force === true) return
  throw new CommandError(
    `${relative('.', existing)} exists already`,
    '--force replaces it, -o writes another file',
  )
}

function write(file: string, data: Written, head: string, { force }: InitKongOptions): void {
  const text = `${head}${yamlText(data)}`
  writeFileSync(file, text, { mode: 0o644, flag: force === true ? 'w' : 'wx' })
  chmodSync(file, 0o644)
}

/** Lists of words on one line, as a person writes them. */
function yamlText(data: Written): string {
  const document = new Document(data, { aliasDuplicateObjects: false })
  visit(document, {
    Seq: (_, list) => {
      if (list.items.every((item) => isScalar(item))) list.flow = true
    },
  })
  return document.toString({ lineWidth: 120, flowCollectionPadding: false })
}

function noteLine({ line, what, todo }: KongNote, file: string): string {
  return `${shown(`${file}:${line}`)} ${shown(what, 200)}: ${shown(todo, 400)}`
}

function printReport(report: KongReport, kong: KongFile, from: string): void {
  const { file, documents, notes, publicOperations, check } = report
  print(`Wrote ${paint('bold', shown(file))} and ${documents.map((one) => shown(one)).join(', ')}.`)
  print()
  print(paint('bold', 'Public, as before (no credential is asked for)'))
  if (publicOperations.length === 0) print('  none')
  for (const label of publicOperations.slice(0, 20)) print(`  ${shown(label)}`)
  if (publicOperations.length > 20) print(`  … ${publicOperations.length - 20} more`)
  print()
  print(paint('bold', `To look at by hand: ${count(notes.length, 'thing')}`))
  for (const note of notes) print(`  ${noteLine(note, kong.file)}`)
  for (const fault of check.faults.slice(0, 20)) console.error(faultLine(fault))
  const flag = file === 'sallyport.yaml' ? '' : ` -c ${shown(file)}`
  print()
  print(paint('bold', 'Next'))
  if (report.consumersWithKeys > 0)
    print(`  sallyport keys import ${shown(from)} --expires never --dry-run${flag}`)
  print(`  sallyport check${flag}`)
  print(`  sallyport serve${flag}`)
}
