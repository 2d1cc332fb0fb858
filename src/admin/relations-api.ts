import { ConfigError } from '../base/config-error.ts'
import { parseTuple } from '../store/relations/relation.ts'
import type { RelationTuple } from '../store/relations/relation.ts'
import { json } from './answer.ts'
import type { AdminAnswer } from './answer.ts'
import { readFields } from './request-fields.ts'
import type { FieldTable } from './request-fields.ts'
import type { AdminTarget } from './target.ts'

const CHANGE: FieldTable = { add: 'texts', remove: 'texts', tenant: 'text' }
/** Most tuples of one change. */
const MAX_TUPLES = 1000
/** Objects that an event names. */
const MAX_TOLD = 20

/** One call on relations. `body` is the parsed body, `{}` for none. */
export interface RelationCall {
  readonly target: Pick<AdminTarget, 'relations' | 'emit'>
  readonly body: unknown
  readonly nowMs: number
}

/**
 * `POST /relations`: `{ add, remove, tenant }`, tuples as texts; both or one, in one transaction. Answers how many were
 * added and removed. Throws `ConfigError`.
 */
export async function changeRelations(call: RelationCall): Promise<AdminAnswer> {
  const fields = readFields(call.body, CHANGE, call.nowMs)
  const tenant = (fields.get('tenant') ?? '') as string
  const read = (name: string): readonly RelationTuple[] =>
    tuplesOf((fields.get(name) ?? []) as readonly string[], { name, tenant })
  const change = { add: read('add'), remove: read('remove') }
  const { added, removed } = await call.target.relations.write(change)
  call.target.emit({
    name: 'authz_change',
    level: 'info',
    control: 'relations',
    reason: 'changed',
    // Of what objects, not of whom: subjects are people.
    detail: toldOf([...change.add, ...change.remove]),
    facts: { actor: 'admin-socket', added, removed },
  })
  return json({ added, removed })
}

function tuplesOf(
  texts: readonly string[],
  { name, tenant }: { readonly name: string; readonly tenant: string },
): readonly RelationTuple[] {
  if (texts.length > MAX_TUPLES)
    throw new ConfigError({ path: name, message: `has more than ${MAX_TUPLES} tuples` })
  return texts.map((text, index) => {
    const tuple = parseTuple(text, tenant)
    if (tuple !== undefined) return tuple
    const cure = 'write OBJECT#RELATION@SUBJECT, such as order:7#viewer@ann'
    throw new ConfigError({ path: `${name}[${index}]`, message: 'is no tuple', cure })
  })
}

function toldOf(tuples: readonly RelationTuple[]): string {
  const places = new Set(tuples.map(({ object, relation }) => `${object}#${relation}`))
  const told = [...places].slice(0, MAX_TOLD).join(' ')
  return places.size > MAX_TOLD ? `${told} …` : told
}
