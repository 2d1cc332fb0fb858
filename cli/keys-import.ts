import { ConfigError } from '../src/base/config-error.ts'
import type { ConfigFault } from '../src/base/config-error.ts'
import { CommandError } from './failure.ts'
import { openKeyDesk } from './open-key-desk.ts'
import type { ImportedView, ImportReport, KeyDesk } from './key-desk.ts'
import { readEntry } from './key-import/entry.ts'
import type { FileKey, ImportEntry } from './key-import/entry.ts'
import { readKeysFile } from './key-import/read-file.ts'
import type { ConfigOptions } from './load.ts'
import { count, paint, print, printJson, printTable, shown } from './output.ts'

/** Flags of `keys import`. */
export interface ImportOptions extends ConfigOptions {
  readonly json?: true
  readonly dryRun?: true
  readonly allowUnknown?: true
  readonly expires?: string
  readonly ignore?: readonly string[]
}

/** What `--help` adds. */
export const IMPORT_HELP = `
Examples:
  sallyport keys import kong.yaml --dry-run
  sallyport keys import partners.csv --expires never --ignore created_at

A CSV has a line with the names of its columns, JSON is a list of objects: key (the text) or sha256 (of all of it, hex or
base64), owner, name, scopes, roles, groups, tags, operations, allowCidrs, origins, plan, expires, metadata.
All keys are taken or none; a second run changes nothing. Texts of keys are hashed here and neither shown nor sent.
A key that could be guessed (less than 112 bits by its looks) is refused, also later where only its hash was imported.`

/** `sallyport keys import`: brings keys of another system in. */
export async function importFile(file: string, options: ImportOptions): Promise<void> {
  const { keys, notes } = readKeysFile(file)
  if (keys.length === 0) throw new CommandError(`${file}: there are no keys in it`)
  const desk = await openKeyDesk(options)
  try {
    const report = await importAll(desk, keys, { file, options })
    if (options.json === true) printJson(jsonOf(report, keys, notes))
    else printReport(report, keys, notes)
  } finally {
    await desk.close()
  }
}

async function importAll(
  desk: KeyDesk,
  keys: readonly FileKey[],
  { file, options }: { readonly file: string; readonly options: ImportOptions },
): Promise<ImportReport> {
  const rules = {
    file,
    prefix: desk.settings.auth.apiKey.prefix,
    ignored: new Set(options.ignore ?? []),
    expires: options.expires,
  }
  const faults: ConfigFault[] = []
  const entries: ImportEntry[] = []
  for (const key of keys) {
    try {
      entries.push(readEntry(key, rules))
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      faults.push(...error.faults)
    }
  }
  if (faults.length > 0) throw new ConfigError(faults)
  try {
    const { dryRun = false, allowUnknown = false } = options
    return await desk.import({ keys: entries, dryRun, allowUnknown })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError(error.faults.map((fault) => placed(fault, keys, file)))
  }
}

/** `keys[3].cidrs[0]` of the gateway as the line of the file. */
function placed(fault: ConfigFault, keys: readonly FileKey[], file: string): ConfigFault {
  const [, index, path] = /^keys\[(\d+)\]\.?(.*)$/.exec(fault.path) ?? []
  const line = keys[Number(index)]?.line
  return line === undefined ? fault : { ...fault, path: path ?? '', file, line }
}

function jsonOf(report: ImportReport, keys: readonly FileKey[], notes: readonly string[]): object {
  const placedView = ({ index, ...view }: ImportedView): object => ({
    line: keys[index]?.line,
    ...view,
  })
  return {
    dryRun: report.dryRun,
    made: report.made.map(placedView),
    known: report.known.map(placedView),
    notes,
  }
}

/** Lines of the table before the rest is counted. */
const MAX_LINES = 50

function printReport(
  report: ImportReport,
  keys: readonly FileKey[],
  notes: readonly string[],
): void {
  const { dryRun, made, known } = report
  const rows = made.map((key) => [key, dryRun ? 'would be made' : 'made'] as const)
  const all = [...rows, ...known.map((key) => [key, `there already, ${key.state}`] as const)]
  printTable([
    ['LINE', 'ID', 'NAME', 'OWNER', 'EXPIRES', 'KEY', ''],
    ...all
      .slice(0, MAX_LINES)
      .map(([key, what]) => [
        String(keys[key.index]?.line ?? ''),
        key.id,
        key.name,
        key.owner,
        key.expiresAt?.slice(0, 10) ?? 'never',
        key.hint,
        what,
      ]),
  ])
  if (all.length > MAX_LINES) print(`… ${all.length - MAX_LINES} more`)
  for (const note of notes) print(`${paint('yellow', 'by hand')} ${shown(note, 1000)}`)
  const were = dryRun ? 'would be made; nothing was changed' : 'made'
  print(`${count(made.length, 'key')} ${were}, ${known.length} there already.`)
}
