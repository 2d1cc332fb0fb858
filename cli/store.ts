import type { Command } from 'commander'
import { systemClock } from '../src/base/clock.ts'
import { ConfigError, formatFault } from '../src/base/config-error.ts'
import type { Settings } from '../src/gateway/config/settings.ts'
import { checkBackup, readBackup, summaryOf, writeBackup } from '../src/store/backup/backup-file.ts'
import type { StoreSummary } from '../src/store/backup/backup-file.ts'
import { wholeStoreOf } from '../src/store/backup/whole-store.ts'
import type { WholeStore } from '../src/store/backup/whole-store.ts'
import { openedRecords } from '../src/store/open-store.ts'
import type { Records } from '../src/store/records.ts'
import { compareSecrets, forgetSecrets } from '../src/store/secrets-check.ts'
import { openSecrets, rekeySecrets } from '../src/store/secrets-file.ts'
import { writeEdgeSecrets } from './edge-secrets.ts'
import { CommandError } from './failure.ts'
import { loadFromFlags } from './load.ts'
import type { ConfigOptions } from './load.ts'
import { withConfigFlags } from './options.ts'
import { count, paint, print, printJson, printTable, shown } from './output.ts'

interface StoreOptions extends ConfigOptions {
  readonly json?: true
  readonly force?: true
  readonly replace?: true
  readonly pepper?: true
  readonly sealing?: true
  readonly wrap?: true
  readonly lost?: true
}

const HELP = `
Examples:
  sallyport store migrate
  sallyport store backup store-2026-11-22.jsonl
  sallyport store restore store-2026-11-22.jsonl -c production.yaml
  sallyport store verify
  sallyport store edge-secrets edge.secrets --key env:EDGE_KEK
  sallyport store rekey --pepper

A backup is one text file for every database: restore it into a PostgreSQL and the records have moved. It holds no
secret; the secrets file is kept apart, and the keys in a backup are worth nothing without it.
Exit codes: 0 done or sound, 1 refused, 2 something is wrong with the store or the backup (verify).`

/** `sallyport store …`: works on the records and the secrets as a whole. */
export function addStore(program: Command): void {
  const store = program
    .command('store')
    .description('migrate, back up, restore and verify the store')
  store.addHelpText('after', HELP)
  add(store, 'migrate', 'bring the store to this version').action((options: StoreOptions) =>
    withStore(options, (parts) => migrate(parts, options)),
  )
  add(store, 'backup <file>', 'write all records into one file')
    .option('--force', 'replace a file that is there')
    .action((file: string, options: StoreOptions) =>
      withStore(options, (parts) => backup(parts, file, options)),
    )
  add(store, 'restore <file>', 'take all records from a backup')
    .option('--replace', 'in the place of those that are there')
    .action((file: string, options: StoreOptions) =>
      withStore(options, (parts) => restore(parts, file, options)),
    )
  add(store, 'verify [file]', 'look whether the store is sound, or a backup').action(
    (file: string | undefined, options: StoreOptions) =>
      file === undefined
        ? withStore(options, (parts) => verify(parts, options))
        : verifyFile(file, options),
  )
  add(store, 'edge-secrets <file>', 'write what of the secrets an edge needs, for thirteen months')
    .option(
      '--key <reference>',
      'what seals the file: env:NAME or file:PATH of 32 bytes of the edge',
    )
    .option('--force', 'replace the file')
    .action(writeEdgeSecrets)
  add(store, 'rekey', 'renew the secrets; what they replace stays for reading')
    .option('--pepper', 'a new pepper, for keys made or rotated from now on')
    .option('--sealing', 'a new key for what is sealed, signed and tokenized from now on')
    .option('--wrap', 'only seal the file anew, with the first key of secrets.key')
    .option('--lost', 'the old secrets are lost: take those at hand, every key must be made again')
    .action(rekey)
}

function add(store: Command, name: string, description: string): Command {
  return withConfigFlags(store.command(name).description(description))
}

interface Parts {
  readonly settings: Settings
  readonly records: Records
  readonly whole: WholeStore
}

async function withStore(
  options: ConfigOptions,
  act: (parts: Parts) => Promise<void>,
): Promise<void> {
  const { settings } = await loadFromFlags(options)
  const records = await openedRecords(settings.store, systemClock.nowMs())
  try {
    const whole = wholeStoreOf(records)
    if (whole === undefined)
      throw new CommandError('store is memory: nothing outlives the gateway', 'name a store')
    await act({ settings, records, whole })
  } finally {
    await records.close()
  }
}

function migrate({ records, whole }: Parts, { json }: StoreOptions): Promise<void> {
  const { migrated } = records
  if (json === true) printJson({ store: whole.kind, migrated })
  else if (migrated === 0) print('The store is up to date.')
  else print(`${count(migrated, 'migration')} done.`)
  return Promise.resolve()
}

function printSummary({ tables, sha256 }: StoreSummary): void {
  printTable([
    ['TABLE', 'ROWS'],
    ...Object.entries(tables).map(([name, rows]) => [name, String(rows)]),
  ])
  print(`sha256 ${sha256}`)
}

async function backup({ whole }: Parts, file: string, options: StoreOptions): Promise<void> {
  const order = { nowMs: systemClock.nowMs(), mayReplace: options.force === true }
  const summary = await writeBackup(whole, file, order)
  if (options.json === true) return printJson({ file, ...summary })
  printSummary(summary)
}

async function restore(parts: Parts, file: string, options: StoreOptions): Promise<void> {
  const { settings, records, whole } = parts
  const { tables } = await summaryOf(whole)
  const rows = Object.entries(tables).reduce((sum, [name, n]) => sum + (name === 'meta' ? 0 : n), 0)
  if (rows > 0 && options.replace !== true)
    throw new CommandError(
      `the store holds ${count(rows, 'record')}`,
      '--replace takes their place',
    )
  // Read through first: a file that is not whole changes nothing.
  const wanted = checkBackup(file)
  await whole.replace(readBackup(file))
  const summary = await summaryOf(whole)
  if (summary.sha256 !== wanted.sha256)
    throw new CommandError('the store holds something else than the backup', 'is another at work?')
  const secrets = await secretsFault(records, settings)
  if (options.json === true) return printJson({ file, ...summary, secrets: secrets ?? null })
  printSummary(summary)
  if (secrets !== undefined) print(paint('yellow', shown(secrets, 500)))
}

/** Why the gateway would not start with the secrets at hand. */
async function secretsFault(records: Records, settings: Settings): Promise<string | undefined> {
  try {
    const secrets = openSecrets(settings.secretsFile, settings.secretsKeys)
    await compareSecrets(records.meta, secrets)
    const lost = (await records.keys.list()).filter(
      ({ pepperVersion }) => secrets.pepper(pepperVersion) === undefined,
    )
    return lost.length === 0 ? undefined : `no pepper for ${count(lost.length, 'key')}`
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.faults.map(formatFault).join('; ')
  }
}

async function verify({ settings, records, whole }: Parts, options: StoreOptions): Promise<void> {
  const database = await whole.faults()
  const summary = await summaryOf(whole)
  const secrets = await secretsFault(records, settings)
  const faults = [...database, ...(secrets === undefined ? [] : [secrets])]
  if (faults.length > 0) process.exitCode = 2
  if (options.json === true) return printJson({ isSound: faults.length === 0, faults, ...summary })
  printSummary(summary)
  for (const fault of faults) print(paint('red', shown(fault, 500)))
  if (faults.length === 0) print(paint('green', 'sound'))
}

async function verifyFile(file: string, { json }: StoreOptions): Promise<void> {
  try {
    const summary = checkBackup(file)
    if (json === true) return printJson({ isSound: true, faults: [], ...summary })
    printSummary(summary)
    print(paint('green', 'sound'))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.exitCode = 2
    const faults = error.faults.map(formatFault)
    if (json === true) return printJson({ isSound: false, faults })
    for (const fault of faults) print(paint('red', shown(fault, 500)))
  }
  await Promise.resolve()
}

async function rekey(options: StoreOptions): Promise<void> {
  const { settings } = await loadFromFlags(options)
  const { secretsFile, secretsKeys, store } = settings
  const { pepper = false, sealing = false, wrap = false, lost = false, json } = options
  if (!pepper && !sealing && !wrap && !lost)
    throw new CommandError('nothing to renew is named', '--pepper, --sealing, --wrap or --lost')
  if (wrap && secretsKeys.length === 0)
    throw new CommandError('no key to seal the file with', 'secrets: { file: PATH, key: env:NAME }')
  if (lost) {
    const records = await openedRecords(store, systemClock.nowMs())
    await forgetSecrets(records.meta, openSecrets(secretsFile, secretsKeys))
    await records.close()
  }
  const done = rekeySecrets(secretsFile, secretsKeys, { pepper, sealing })
  if (json === true) return printJson({ file: secretsFile, ...done })
  print(`pepper ${done.pepper}, sealing key ${done.sealingKey}${done.isSealed ? ', sealed' : ''}`)
  print('Copy the file to every node that has these secrets, then restart them.')
}
