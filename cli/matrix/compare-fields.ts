import { OTHERS, OWNER, parseFieldAction, showsMore } from '../../src/pipeline/field-access.ts'
import type { Change } from './change.ts'
import type { FieldCell, FieldRow } from './fields.ts'
import type { SchemaRow } from './schemas.ts'

/** The part of a matrix that is about fields. */
export interface FieldTable {
  readonly rows: readonly { readonly label: string }[]
  readonly fields: readonly FieldRow[]
}

/** A field of which nothing is said is shown to everybody. */
const FREE: FieldCell = { reads: 'pass', sets: true }

/** What differs in who sees and sets fields. Where rules differ by operation, each is compared where it holds. */
export function compareFields(before: FieldTable, after: FieldTable): readonly Change[] {
  const labels = new Set(before.rows.map(({ label }) => label))
  const common = new Set(after.rows.map(({ label }) => label).filter((one) => labels.has(one)))
  const old = byPlace(before.fields, common)
  const now = byPlace(after.fields, common)
  const changes = new Map<string, Change>()
  for (const place of new Set([...old.keys(), ...now.keys()])) {
    const [was, is] = [old.get(place), now.get(place)]
    for (const change of cellChanges(was, is)) changes.set(JSON.stringify(change), change)
  }
  return [...changes.values()]
}

/** Operations that only one side has are told of themselves. */
function byPlace(
  rows: readonly FieldRow[],
  common: ReadonlySet<string>,
): ReadonlyMap<string, FieldRow> {
  return new Map(
    rows.flatMap((row) =>
      row.operations
        .filter((label) => common.has(label))
        .map((label) => [JSON.stringify([row.api, row.field, label]), row] as const),
    ),
  )
}

function cellChanges(was: FieldRow | undefined, is: FieldRow | undefined): readonly Change[] {
  const row = is ?? was
  if (row === undefined) return []
  // Elsewhere owners are like everybody.
  const hasOwner = (was?.owner ?? is?.owner ?? null) !== null
  const names = new Set([...Object.keys(was?.roles ?? {}), ...Object.keys(is?.roles ?? {})])
  const pairs: (readonly [who: string, was: FieldCell, is: FieldCell])[] = [
    [OTHERS, was?.others ?? FREE, is?.others ?? FREE],
    ...(hasOwner ? [[OWNER, ownerOf(was), ownerOf(is)] as const] : []),
    ...[...names].map((role) => [`role ${role}`, cellOf(was, role), cellOf(is, role)] as const),
  ]
  return [
    ...pairs.flatMap(([who, a, b]) => [
      ...readChange(row.field, who, [a, b]),
      ...setChange(row.field, who, [a, b]),
    ]),
    ...modeChange(was, is),
  ]
}

function ownerOf(row: FieldRow | undefined): FieldCell {
  return row?.owner ?? row?.others ?? FREE
}

/** A role that a policy does not name is like none. */
function cellOf(row: FieldRow | undefined, role: string): FieldCell {
  if (row === undefined) return FREE
  return Object.hasOwn(row.roles, role) ? (row.roles[role] ?? FREE) : row.others
}

type Cells = readonly [was: FieldCell, is: FieldCell]

function readChange(field: string, who: string, [was, is]: Cells): readonly Change[] {
  if (was.reads === is.reads) return []
  const [a, b] = [parseFieldAction(was.reads, field), parseFieldAction(is.reads, field)]
  const effect = showsMore(b, a) ? 'more' : showsMore(a, b) ? 'less' : 'other'
  return [{ effect, label: field, who: `${who} reads`, before: was.reads, after: is.reads }]
}

function setChange(field: string, who: string, [was, is]: Cells): readonly Change[] {
  if (was.sets === is.sets) return []
  const effect = is.sets ? 'more' : 'less'
  return [{ effect, label: field, who: `${who} sets`, before: yesNo(was), after: yesNo(is) }]
}

function yesNo({ sets }: FieldCell): string {
  return sets ? 'yes' : 'no'
}

function modeChange(was: FieldRow | undefined, is: FieldRow | undefined): readonly Change[] {
  if (was === undefined || is === undefined || was.mode === is.mode) return []
  const effect = is.mode === 'enforce' ? 'less' : 'more'
  return [{ effect, label: is.field, who: 'mode', before: was.mode, after: is.mode }]
}

/** What differs in whose objects are. */
export function compareSchemas(
  before: readonly SchemaRow[],
  after: readonly SchemaRow[],
): readonly Change[] {
  const keyOf = ({ api, schema }: SchemaRow): string => JSON.stringify([api, schema])
  const old = Map.groupBy(before, keyOf)
  const now = Map.groupBy(after, keyOf)
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((key): Change[] => {
    const [was, is] = [conditionsOf(old.get(key)), conditionsOf(now.get(key))]
    const label = (now.get(key) ?? old.get(key))?.[0]?.schema ?? ''
    if (was === is) return []
    const effect = is === 'public' ? 'more' : was === 'public' ? 'less' : 'other'
    return [{ effect, label, who: 'objects', before: was, after: is }]
  })
}

/** Rules may say other things of a schema for some operations. */
function conditionsOf(rows: readonly SchemaRow[] = []): string {
  const texts = [...new Set(rows.map(({ condition }) => condition))].toSorted()
  return texts.length === 0 ? 'public' : texts.join(' | ')
}
