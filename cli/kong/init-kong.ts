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
import { readModel, relativeTo } from '../init/read-document.ts'
import { configOf, hasActions } from './config.ts'
import { skeletonOf } from './documents.ts'
import { readKongFile } from './kong-file.ts'
import type { KongFile, KongNote } from './kong-file.ts'
import { kongApis } from './operations.ts'
import { Notebook } from './notebook.ts'
import { signedIssuers } from './signed-tokens.ts'
import type { KeyFile, KongApi, OwnDocument, Written } from './model.ts'

/** Flags that count here. */
export interface InitKongOptions {
  readonly output: string
  /** The name of the API in `aud` of signed tokens. */
  readonly audience?: string
  /** A document of the API, in place of one that is made. */
  readonly openapi?: string
  readonly force?: true
  readonly json?: true
}

/** What `init --from kong.yaml` did; `--json` prints it. */
export interface KongReport {
  readonly file: string
  readonly documents: readonly string[]
  /** What else was written: documents, an overlay, keys of issuers. */
  readonly files: readonly string[]
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
  const signed = signedIssuers(kong, { audience: options.audience, book })
  const document = options.openapi === undefined ? undefined : readDocument(options.openapi)
  const apis = kongApis(kong, { book, signed, document })
  if (apis.length === 0) {
    for (const note of book.notes) console.error(noteLine(note, kong.file))
    throw new CommandError(`${from}: nothing of it can be served yet`, 'see what is said above')
  }
  const folder = dirname(resolve(options.output))
  const documents = new Map(
    apis.map((api) => [api.name, documentOf(api, { apis, folder, options })]),
  )
  const config = configOf({ kong, apis, documents, overlay: `./${OVERLAY}`, untilDay, book })
  const files: OutFile[] = [
    ...apis.flatMap((api) => documentFiles(api, documents)),
    ...keyFiles(apis),
    { name: options.output, text: `${headOf(folder, from)}${yamlText(config)}`, isSecret: false },
  ].map((file) => ({ ...file, path: resolve(folder, file.name) }))
  refuseExisting(files, options)
  for (const file of files) write(file, options)
  const check = reportOf(await inspect({ config: options.output }), false)
  if (!check.ok) process.exitCode = 1
  const report: KongReport = {
    file: options.output,
    documents: apis.map(({ name }) => relative('.', join(folder, documents.get(name) ?? ''))),
    files: files.slice(0, -1).map(({ path }) => relative('.', path)),
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

interface OutFile extends KeyFile {
  /** Absolute. */
  readonly path: string
}

const OVERLAY = 'kong.overlay.yaml'

function readDocument(openapi: string): OwnDocument {
  const model = readModel(openapi)
  return { model, raw: readYaml(readFileSync(openapi, 'utf8'), openapi).data }
}

interface Naming {
  readonly apis: readonly KongApi[]
  readonly folder: string
  readonly options: InitKongOptions
}

/** As the configuration names the document of an API. */
function documentOf(
  { name, binding }: KongApi,
  { apis, folder, options: { openapi } }: Naming,
): string {
  if (binding !== undefined && openapi !== undefined) return relativeTo(folder, openapi)
  const made = apis.length === 1 ? './openapi.yaml' : `./${name}.openapi.yaml`
  if (openapi !== undefined && resolve(folder, made) === resolve(openapi))
    throw new CommandError(`${made} is your document, and would be that of service ${name} too`)
  return made
}

/** The document that is made for an API, or the overlay of the one that a person has. */
function documentFiles(api: KongApi, documents: ReadonlyMap<string, string>): readonly KeyFile[] {
  const { binding } = api
  if (binding === undefined) {
    const name = documents.get(api.name) ?? ''
    return [{ name, text: yamlText(skeletonOf(api)), isSecret: false }]
  }
  const text = yamlText(binding.overlay)
  return hasActions(binding) ? [{ name: OVERLAY, text, isSecret: false }] : []
}

/** Keys of the issuers that some route takes tokens of. */
function keyFiles(apis: readonly KongApi[]): readonly KeyFile[] {
  const accesses = apis.flatMap(({ operations }) => operations.map(({ policy }) => policy.access))
  const issuers = accesses.flatMap((access) => (access.kind === 'signed' ? access.issuers : []))
  return [...new Map(issuers.map(({ file }) => [file.name, file])).values()]
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

function refuseExisting(files: readonly OutFile[], { force }: InitKongOptions): void {
  const existing = files.find(({ path }) => existsSync(path))
  if (existing === undefined || force === true) return
  throw new CommandError(
    `${relative('.', existing.path)} exists already`,
    '--force replaces it, -o writes another file',
  )
}

/** Never replaces a file that appeared meanwhile; nobody else may write it, and nobody else read a secret. */
function write({ path, text, isSecret }: OutFile, { force }: InitKongOptions): void {
  const mode = isSecret ? 0o600 : 0o644
  writeFileSync(path, text, { mode, flag: force === true ? 'w' : 'wx' })
  chmodSync(path, mode)
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
  const { file, files, notes, publicOperations, check } = report
  const others = files.length === 0 ? '' : ` and ${files.map((one) => shown(one)).join(', ')}`
  print(`Wrote ${paint('bold', shown(file))}${others}.`)
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
