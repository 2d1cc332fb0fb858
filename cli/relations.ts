import type { Command } from 'commander'
import { createAdminClient } from '../src/admin/client.ts'
import { systemClock } from '../src/base/clock.ts'
import { openedRecords } from '../src/store/open-store.ts'
import { checkRelations } from '../src/store/relations/check.ts'
import { objectsOf } from '../src/store/relations/objects-of.ts'
import {
  isRelationName,
  isRelationObject,
  isRelationSubject,
  parseTuple,
  setOf,
  tupleText,
} from '../src/store/relations/relation.ts'
import type { RelationRecords, RelationTuple } from '../src/store/relations/relation.ts'
import { CommandError } from './failure.ts'
import { isOurs, refusal } from './admin-socket.ts'
import { loadFromFlags } from './load.ts'
import type { ConfigOptions } from './load.ts'
import { withConfigFlags } from './options.ts'
import { count, print, printJson, printTable, shown } from './output.ts'

interface RelationOptions extends ConfigOptions {
  readonly json?: true
  readonly tenant?: string
  readonly object?: string
  readonly relation?: string
  readonly subject?: string
  readonly limit?: string
}

const HELP = `
A tuple is OBJECT#RELATION@SUBJECT: order:7#viewer@ann. A subject may be a set: group:eng#member is everybody who stands
in that relation. Rules ask for them: relation("order:" + path.orderId, "viewer", subject.id).

Examples:
  sallyport relations add 'order:7#viewer@ann' 'order:7#viewer@group:eng#member' 'group:eng#member@bob'
  sallyport relations check order:7 viewer bob
  sallyport relations list --object order:7
  sallyport relations objects bob
  sallyport relations remove 'group:eng#member@bob' --tenant acme

A running gateway takes every change within a second.
Exit codes: 0 done, or the relation holds; 1 refused; 2 the relation does not hold (check).`

const TUPLE_FORM = 'write OBJECT#RELATION@SUBJECT, such as order:7#viewer@ann'
/** Most tuples of one command, and of one listing. */
const MAX_TUPLES = 1000
const MAX_LISTED = 100_000

/** `sallyport relations …`: who stands in what relation to which object. */
export function addRelations(program: Command): void {
  const relations = program
    .command('relations')
    .description('add, remove, check and list relations of subjects to objects')
    .addHelpText('after', HELP)
  add(relations, 'add <tuple...>', 'add tuples; those that are there stay').action(
    (tuples: readonly string[], options: RelationOptions) => write('add', tuples, options),
  )
  add(relations, 'remove <tuple...>', 'remove tuples').action(
    (tuples: readonly string[], options: RelationOptions) => write('remove', tuples, options),
  )
  add(relations, 'check <object> <relation> <subject>', 'tell whether a relation holds').action(
    (object: string, relation: string, subject: string, options: RelationOptions) =>
      withRelations(options, (records) => check(records, { object, relation, subject }, options)),
  )
  add(relations, 'list', 'list tuples, in order')
    .option('--object <object>', 'of this object')
    .option('--relation <relation>', 'of this relation')
    .option('--subject <subject>', 'of this subject, as it is written')
    .option('--limit <number>', `at most so many (default: 1000, up to ${MAX_LISTED})`)
    .action((options: RelationOptions) =>
      withRelations(options, (records) => list(records, options)),
    )
  add(
    relations,
    'objects <subject>',
    'list what a subject stands in a relation to, by sets too',
  ).action((subject: string, options: RelationOptions) =>
    withRelations(options, (records) => objects(records, subject, options)),
  )
}

function add(relations: Command, name: string, description: string): Command {
  return withConfigFlags(relations.command(name).description(description)).option(
    '--tenant <name>',
    'in the words of this tenant (default: of callers without one)',
  )
}

async function withRelations<T>(
  options: ConfigOptions,
  act: (records: RelationRecords) => Promise<T>,
): Promise<T> {
  const { settings } = await loadFromFlags(options)
  const { store } = settings
  if (store.kind === 'memory')
    throw new CommandError(
      'store is memory: relations are kept where a store outlives the gateway',
      'write store: sqlite:./sallyport.db',
    )
  const records = await openedRecords(store, systemClock.nowMs())
  try {
    return await act(records.relations)
  } finally {
    await records.close()
  }
}

function read(texts: readonly string[], { tenant = '' }: RelationOptions): RelationTuple[] {
  if (texts.length > MAX_TUPLES)
    throw new CommandError(`more than ${MAX_TUPLES} tuples at once`, 'write fewer')
  return texts.map((text) => {
    const tuple = parseTuple(text, tenant)
    if (tuple === undefined) throw new CommandError(`${shown(text, 80)} is no tuple`, TUPLE_FORM)
    return tuple
  })
}

async function write(
  what: 'add' | 'remove',
  texts: readonly string[],
  options: RelationOptions,
): Promise<void> {
  const tuples = read(texts, options)
  const { added, removed } =
    (await toldGateway({ [what]: texts, tenant: options.tenant ?? '' }, options)) ??
    (await withRelations(options, async (records) => records.write({ [what]: tuples })))
  if (options.json === true) return printJson({ added, removed })
  print(what === 'add' ? `${count(added, 'tuple')} added.` : `${count(removed, 'tuple')} removed.`)
}

interface Written {
  readonly added: number
  readonly removed: number
}

/** Has the running gateway write it, so that its log tells of it; `undefined` where none runs. */
async function toldGateway(change: object, options: ConfigOptions): Promise<Written | undefined> {
  const { settings, file } = await loadFromFlags(options)
  const client = createAdminClient(settings.admin.socket)
  if (settings.store.kind === 'memory' || !(await isOurs(client, { file }))) return undefined
  const reply = await client.request('/relations', 'POST', change)
  if (reply.status >= 400) throw refusal(reply)
  return reply.body as Written
}

async function check(
  records: RelationRecords,
  question: Omit<RelationTuple, 'tenant'>,
  { tenant = '', json }: RelationOptions,
): Promise<void> {
  refuseOdd(question)
  const [verdict] = await checkRelations(records, [{ tenant, ...question }])
  if (verdict !== true) process.exitCode = 2
  if (json === true) return printJson({ holds: verdict ?? null })
  if (verdict === undefined) return print('Nobody can tell: there are too many sets in sets.')
  print(verdict ? 'It holds.' : 'It does not hold.')
}

function refuseOdd({ object, relation, subject }: Omit<RelationTuple, 'tenant'>): void {
  const odd = [
    isRelationObject(object) ? undefined : `${shown(object, 80)} is no object`,
    isRelationName(relation) ? undefined : `${shown(relation, 80)} is no relation`,
    isRelationSubject(subject) ? undefined : `${shown(subject, 80)} is no subject`,
  ].find((fault) => fault !== undefined)
  if (odd !== undefined) throw new CommandError(odd, 'write check order:7 viewer ann')
}

async function list(records: RelationRecords, options: RelationOptions): Promise<void> {
  const { tenant, object, relation, subject, json } = options
  const tuples = await records.list({
    limit: limitOf(options.limit),
    ...(tenant !== undefined && { tenant }),
    ...(object !== undefined && { object }),
    ...(relation !== undefined && { relation }),
    ...(subject !== undefined && { subject }),
  })
  if (json === true) return printJson(tuples)
  if (tuples.length === 0) return print('There are no such tuples.')
  printTable([['TENANT', 'TUPLE'], ...tuples.map((tuple) => [tuple.tenant, tupleText(tuple)])])
}

function limitOf(text = '1000'): number {
  const limit = Number(text)
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LISTED) return limit
  throw new CommandError(`--limit ${shown(text, 40)} is no number of tuples`, `1 to ${MAX_LISTED}`)
}

async function objects(
  records: RelationRecords,
  subject: string,
  { tenant = '', json }: RelationOptions,
): Promise<void> {
  if (!isRelationSubject(subject) && setOf(subject) === undefined)
    throw new CommandError(`${shown(subject, 80)} is no subject`, 'write ann or group:eng#member')
  const { found, isWhole } = await objectsOf(records, { tenant, subject })
  if (json === true) return printJson({ objects: found, isWhole })
  if (found.length === 0) return print('There is nothing.')
  printTable([['OBJECT', 'RELATION'], ...found.map((one) => [one.object, one.relation])])
  if (!isWhole) print('There is more than is looked at.')
}
