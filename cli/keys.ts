import type { Command } from 'commander'
import { relative } from 'node:path'
import type { KeyView } from '../src/identity/keys/view.ts'
import { CommandError } from './failure.ts'
import { ownCaFile } from './key-desk.ts'
import { openKeyDesk } from './open-key-desk.ts'
import type { KeyDesk, KeyFields, KeySettings, NewKey } from './key-desk.ts'
import { importFile, IMPORT_HELP } from './keys-import.ts'
import type { ConfigOptions } from './load.ts'
import { withConfigFlags } from './options.ts'
import { paint, print, printJson, printTable, shown } from './output.ts'

interface GrantOptions extends ConfigOptions {
  readonly json?: true
  readonly name?: string
  readonly owner?: string
  readonly scope?: readonly string[]
  readonly role?: readonly string[]
  readonly group?: readonly string[]
  readonly tag?: readonly string[]
  readonly operation?: readonly string[]
  readonly cidr?: readonly string[]
  readonly origin?: readonly string[]
  readonly kind?: string
  readonly env?: string
  readonly expires?: string
  readonly allowUnknown?: true
  readonly anyOperation?: true
  readonly anyCidr?: true
  readonly anyOrigin?: true
  readonly overlap?: string
  readonly why?: string
}

const HELP = `
Examples:
  sallyport keys create --name "partner X" --scope orders:read --expires 30d
  sallyport keys list --json
  sallyport keys rotate k3yid2abcdef --overlap 1h
  sallyport keys revoke k3yid2abcdef --why "laptop stolen"

A running gateway takes every change at once. A key's text is shown when it is made, and never again.
Exit codes: 0 done, 1 refused, or there is no such key.`

/** `sallyport keys …`: makes, shows, changes and ends API keys. */
export function addKeys(program: Command): void {
  const keys = program.command('keys').description('make, list, rotate and revoke API keys')
  keys.addHelpText('after', HELP)
  addCreate(keys)
  add(keys, 'list', 'show every key, oldest first').action(run(list))
  add(keys, 'show <id>', 'show one key').action(runOn(show))
  addUpdate(keys)
  add(keys, 'rotate <id>', 'give a key a new secret; the old one works for the overlap')
    .option('--overlap <duration>', 'how long both secrets work, 0s to 7d (default: 24h)')
    .option('--expires <duration>', 'new life of the key: 90d, never')
    .action(runOn(rotate))
  add(keys, 'revoke <id>', 'end a key for good')
    .option('--why <text>', 'the reason, for the record')
    .action(runOn(revoke))
  add(
    keys,
    'import <file>',
    'bring keys of another system in: CSV, JSON, JSON lines, Kong, KrakenD',
  )
    .option('--dry-run', 'say what would be made, and change nothing')
    .option('--expires <duration>', 'life of keys that say none: 90d, never (default: 90d)')
    .option('--allow-unknown', 'take names that documents and configuration do not know')
    .option('--ignore <column...>', 'columns of the file to pass over')
    .addHelpText('after', IMPORT_HELP)
    .action(importFile)
  add(keys, 'due', 'show keys that expire soon, lie unused, or were exposed').action(run(due))
}

function add(keys: Command, name: string, description: string): Command {
  return withConfigFlags(keys.command(name).description(description))
}

function withGrant(command: Command): Command {
  return command
    .option('--name <text>', 'what the key is for')
    .option(
      '--owner <text>',
      'whom it belongs to: the subject of its requests (default: the id of the key)',
    )
    .option('--scope <scope...>', 'scopes of the document')
    .option('--role <role...>', 'roles of authorize.roles')
    .option('--group <group...>', 'groups of authorize.acl')
    .option('--tag <tag...>', 'words to find it by')
    .option('--operation <id...>', 'good for these operations only')
    .option('--cidr <range...>', 'good from these networks only')
    .option('--origin <origin...>', 'good for pages of these origins only')
    .option('--allow-unknown', 'take names that documents and configuration do not know')
    .option('--expires <duration>', 'life: 90d, never (default: 90d, at most 365d)')
}

function addCreate(keys: Command): void {
  withGrant(add(keys, 'create', 'make a key; without flags, good for all that asks for no scope'))
    .option('--kind <kind>', 'sk: secret, for servers; pk: publishable, for pages (default: sk)')
    .option('--env <name>', 'environment in the text of the key (default: live)')
    .action(run(create))
}

function addUpdate(keys: Command): void {
  withGrant(add(keys, 'update <id>', 'change what a key may do; what is not named stays'))
    .option('--any-operation', 'take the restriction to operations away')
    .option('--any-cidr', 'take the restriction to networks away')
    .option('--any-origin', 'take the restriction to origins away')
    .action(runOn(update))
}

type Act = (desk: KeyDesk, options: GrantOptions) => Promise<void>
type ActOn = (desk: KeyDesk, id: string, options: GrantOptions) => Promise<void>

function run(act: Act): (options: GrantOptions) => Promise<void> {
  return (options) => atDesk(options, (desk) => act(desk, options))
}

function runOn(act: ActOn): (id: string, options: GrantOptions) => Promise<void> {
  return (id, options) => atDesk(options, (desk) => act(desk, keyIdOf(id), options))
}

async function atDesk(
  options: ConfigOptions,
  act: (desk: KeyDesk) => Promise<void>,
): Promise<void> {
  const desk = await openKeyDesk(options)
  try {
    await act(desk)
  } finally {
    await desk.close()
  }
}

/** The id in whatever way a person names a key: the id, `key:ID` as logs say, or the hint or text of the key. */
export function keyIdOf(text: string): string {
  const id = /^(?:key:|[a-z0-9]{1,16}_[sp]k_[a-z0-9]{1,16}_)([a-z2-7]{12})(?:_|$)/.exec(text)?.[1]
  return id ?? text
}

const LISTS = [
  ['scope', 'scopes'],
  ['role', 'roles'],
  ['group', 'groups'],
  ['tag', 'tags'],
  ['operation', 'operations'],
  ['cidr', 'cidrs'],
  ['origin', 'origins'],
] as const

/** The flags as fields of the admin API; what was not said is left out. */
function fieldsOf(options: GrantOptions): KeyFields {
  const fields: Record<string, unknown> = {}
  for (const name of ['name', 'owner', 'kind', 'env', 'expires'] as const) {
    if (options[name] !== undefined) fields[name] = options[name]
  }
  for (const [flag, field] of LISTS) {
    if (options[flag] !== undefined) fields[field] = options[flag]
  }
  if (options.allowUnknown === true) fields['allowUnknown'] = true
  if (options.anyOperation === true) fields['operations'] = null
  if (options.anyCidr === true) fields['cidrs'] = null
  if (options.anyOrigin === true) fields['origins'] = null
  return fields
}

async function create(desk: KeyDesk, options: GrantOptions): Promise<void> {
  const made = await desk.create(fieldsOf(options))
  if (options.json === true) printJson(newKeyJson(made))
  else printNewKey(made, desk.settings, 'made')
}

function newKeyJson({ id, key, expiresAt, ...rest }: NewKey): object {
  return { id, key, expiresAt, ...rest }
}

function printNewKey(made: NewKey, settings: KeySettings, what: string): void {
  print(`Key ${made.id} ${what}. Its text is shown this once:`)
  print()
  print(`  ${paint('bold', made.key)}`)
  print()
  print(made.expiresAt === null ? 'It never expires.' : `It expires on ${day(made.expiresAt)}.`)
  if (made.oldSecretUntil !== null) print(`The old secret works until ${made.oldSecretUntil}.`)
  const { https, http } = settings.listen
  const origin =
    https === undefined ? `http://localhost:${http ?? 80}` : `https://localhost:${https}`
  const ca = ownCaFile(settings)
  const trust = ca === undefined ? '' : `--cacert ${quoted(relative('.', ca))} `
  print('Use it:')
  print(`  curl ${trust}-H 'Authorization: Bearer ${made.key}' ${origin}/…`)
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}

async function list(desk: KeyDesk, options: GrantOptions): Promise<void> {
  const keys = await desk.list()
  if (options.json === true) return printJson(keys)
  if (keys.length === 0) return print('There are no keys. Make one: sallyport keys create')
  printTable([
    ['ID', 'NAME', 'OWNER', 'STATE', 'EXPIRES', 'LAST USED', 'KEY'],
    ...keys.map((key) => [
      key.id,
      key.name,
      key.owner,
      key.state,
      day(key.expiresAt),
      day(key.lastUsedAt),
      key.hint,
    ]),
  ])
}

function day(time: string | null): string {
  return time === null ? 'never' : time.slice(0, 10)
}

async function due(desk: KeyDesk, options: GrantOptions): Promise<void> {
  const keys = await desk.due()
  if (options.json === true) return printJson(keys)
  if (keys.length === 0) return print('No key wants attention.')
  printTable([
    ['ID', 'NAME', 'OWNER', 'WHY', 'WHEN'],
    ...keys.map((key) => [key.id, key.name, key.owner, key.why, day(key.at)]),
  ])
}

async function show(desk: KeyDesk, id: string, options: GrantOptions): Promise<void> {
  printKey(existing(await desk.show(id), id), options)
}

async function update(desk: KeyDesk, id: string, options: GrantOptions): Promise<void> {
  const fields = fieldsOf(options)
  if (Object.keys(fields).length === 0)
    throw new CommandError('nothing to change', 'see sallyport keys update --help')
  printKey(existing(await desk.update(id, fields), id), options)
}

async function rotate(desk: KeyDesk, id: string, options: GrantOptions): Promise<void> {
  const { overlap, expires } = options
  const fields = {
    ...(overlap === undefined ? {} : { overlap }),
    ...(expires === undefined ? {} : { expires }),
  }
  const made = existing(await desk.rotate(id, fields), id)
  if (options.json === true) printJson(newKeyJson(made))
  else printNewKey(made, desk.settings, 'has a new secret')
}

async function revoke(desk: KeyDesk, id: string, options: GrantOptions): Promise<void> {
  const { why } = options
  const key = existing(await desk.revoke(id, why === undefined ? {} : { why }), id)
  if (options.json === true) printJson(key)
  else print(`Key ${key.id} is revoked.`)
}

function existing<T>(key: T | undefined, id: string): T {
  if (key !== undefined) return key
  throw new CommandError(`there is no key ${shown(id, 40)}`, 'sallyport keys list shows them')
}

function printKey(key: KeyView, options: GrantOptions): void {
  if (options.json === true) return printJson(key)
  for (const [name, value] of Object.entries(key)) {
    const text = Array.isArray(value) ? value.join(' ') : String(value ?? '')
    if (text !== '') print(`${paint('dim', name.padEnd(15))} ${shown(text, 1000)}`)
  }
}
