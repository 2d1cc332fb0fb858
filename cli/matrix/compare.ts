import type { Change } from './change.ts'
import { compareFields, compareSchemas } from './compare-fields.ts'
import type { Cell, Matrix, MatrixRow } from './matrix.ts'

const NONE: Cell = { answer: 'no', conditions: [] }

/** What differs between two matrices, operation by operation, field by field, schema by schema. */
export function compareMatrices(before: Matrix, after: Matrix): readonly Change[] {
  const old = new Map(before.rows.map((row) => [keyOf(row), row]))
  const now = new Map(after.rows.map((row) => [keyOf(row), row]))
  const gone = before.rows.filter((row) => !now.has(keyOf(row)))
  return [
    ...after.rows.flatMap((row) => changesOf(old.get(keyOf(row)), row, row.label)),
    ...gone.flatMap((row) => changesOf(row, undefined, row.label)),
    ...compareFields(before, after),
    ...compareSchemas(before.schemas, after.schemas),
  ]
}

/** An operation that was called otherwise is another one. */
function keyOf({ api, operation, label }: MatrixRow): string {
  return JSON.stringify([api, operation, label])
}

function changesOf(
  before: MatrixRow | undefined,
  after: MatrixRow | undefined,
  label: string,
): readonly Change[] {
  const roles = new Set([...Object.keys(before?.roles ?? {}), ...Object.keys(after?.roles ?? {})])
  const pairs: (readonly [who: string, before: Cell, after: Cell])[] = [
    ['anonymous', before?.anonymous ?? NONE, after?.anonymous ?? NONE],
    ['without role', before?.known ?? NONE, after?.known ?? NONE],
    ...[...roles].map(
      (role) => [`role ${role}`, roleCell(before, role), roleCell(after, role)] as const,
    ),
  ]
  const found = pairs.flatMap(([who, was, is]): Change[] => {
    const texts = { before: cellText(was), after: cellText(is) }
    return texts.before === texts.after ? [] : [{ effect: effectOf(was, is), label, who, ...texts }]
  })
  return [...found, ...listChanges(before, after, label)]
}

/** A role that a policy does not name is like none. */
function roleCell(row: MatrixRow | undefined, role: string): Cell {
  if (row === undefined) return NONE
  return Object.hasOwn(row.roles, role) ? (row.roles[role] ?? NONE) : row.known
}

const RANK = { no: 0, if: 1, yes: 2 } as const

function effectOf(was: Cell, is: Cell): Change['effect'] {
  if (RANK[was.answer] === RANK[is.answer]) return 'other'
  return RANK[is.answer] > RANK[was.answer] ? 'more' : 'less'
}

/** A cell in one line. */
export function cellText({ answer, conditions }: Cell): string {
  return answer === 'if' ? `if ${conditions.join(' or ')}` : answer
}

/** Lists, scopes and mode: what is added to one kind lets somebody in, to another keeps somebody out. */
function listChanges(
  before: MatrixRow | undefined,
  after: MatrixRow | undefined,
  label: string,
): readonly Change[] {
  const texts = (row: MatrixRow | undefined): readonly (readonly [string, string])[] => [
    ['access list', row?.listed.toSorted().join(', ') ?? ''],
    ['kept out', row?.keptOut.toSorted().join(', ') ?? ''],
    ['scopes', row?.scopes.map((all) => all.toSorted().join(' ')).join(' or ') ?? ''],
    ['mode', row?.mode ?? ''],
  ]
  if (before === undefined || after === undefined) return []
  const old = new Map(texts(before))
  return texts(after).flatMap(([who, now]): Change[] => {
    const was = old.get(who) ?? ''
    if (was === now) return []
    const effect = listEffect(who, was, now)
    return [{ effect, label, who, before: was || 'none', after: now || 'none' }]
  })
}

function listEffect(who: string, was: string, now: string): Change['effect'] {
  if (who === 'mode') return now === 'enforce' ? 'less' : 'more'
  const isLonger = was === '' || now.split(', ').length > was.split(', ').length
  const isShorter = now === '' || now.split(', ').length < was.split(', ').length
  if (!isLonger && !isShorter) return 'other'
  return (who === 'access list') === isLonger ? 'more' : 'less'
}
