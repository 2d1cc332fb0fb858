import { paint, print, printTable, shown } from '../output.ts'
import { cellText } from './compare.ts'
import type { Change } from './change.ts'
import type { FieldCell } from './fields.ts'
import type { Cell, Matrix, MatrixRow } from './matrix.ts'

/** Shows a matrix as tables: operations with their conditions numbered below, fields, and whose objects are. */
export function printMatrix(matrix: Matrix): void {
  printOperations(matrix)
  printFields(matrix)
  printSchemas(matrix)
}

function printFields({ roles, fields }: Matrix): void {
  if (fields.length === 0) return
  const withOwner = fields.some(({ owner }) => owner !== null)
  const named = roles.filter((role) =>
    fields.some((row) => cellOfField(row.roles[role]) !== cellOfField(row.others)),
  )
  const heading = ['field', 'class', 'others', ...(withOwner ? ['owner'] : []), ...named]
  const table = fields.map((row) => [
    row.mode === 'enforce' ? row.field : `${row.field} (${row.mode})`,
    row.classes.join(' ') || '-',
    cellOfField(row.others),
    ...(withOwner ? [row.owner === null ? '' : cellOfField(row.owner)] : []),
    ...named.map((role) => cellOfField(row.roles[role])),
  ])
  print()
  printTable([heading, ...table])
}

/** `last4` for what is shown, `-` for nothing; beside it whether the field may be set, where that is not as one expects. */
function cellOfField(cell: FieldCell | undefined): string {
  if (cell === undefined) return ''
  if (cell.reads === 'drop') return cell.sets ? 'sets only' : '-'
  const shownAs = cell.reads === 'pass' ? 'yes' : cell.reads
  return cell.sets ? shownAs : `${shownAs}, reads only`
}

function printSchemas({ schemas }: Matrix): void {
  if (schemas.length === 0) return
  print()
  printTable([
    ['objects of', 'are shown where'],
    ...schemas.map(({ schema, condition }) => [schema, shown(condition, 1000)]),
  ])
}

function printOperations({ roles, rows }: Matrix): void {
  const notes = new Map<string, number>()
  const text = ({ answer, conditions }: Cell): string => {
    if (answer !== 'if') return answer === 'yes' ? 'yes' : '-'
    const numbers = conditions.map((condition) => {
      const known = notes.get(condition) ?? notes.size + 1
      notes.set(condition, known)
      return known
    })
    return `if ${numbers.join(' or ')}`
  }
  const withLists = rows.some(({ listed, keptOut }) => listed.length + keptOut.length > 0)
  const heading = ['operation', 'scopes', 'anonymous', 'no role', ...roles]
  const table = rows.map((row) => [
    row.mode === 'enforce' ? row.label : `${row.label} (${row.mode})`,
    scopesText(row),
    text(row.anonymous),
    text(row.known),
    ...roles.map((role) => text(row.roles[role] ?? row.known)),
    ...(withLists ? [listText(row)] : []),
  ])
  printTable([[...heading, ...(withLists ? ['access list'] : [])], ...table])
  if (notes.size > 0) print()
  for (const [condition, number] of notes) print(`${number}  ${shown(condition, 1000)}`)
}

function scopesText({ scopes }: MatrixRow): string {
  return scopes.map((all) => all.join(' ')).join(' or ') || '-'
}

function listText({ listed, keptOut }: MatrixRow): string {
  const texts = [...listed, ...keptOut.map((name) => `not ${name}`)]
  return texts.join(', ') || '-'
}

const TONES = { more: 'red', other: 'yellow', less: 'green' } as const

/** Shows what differs, what lets somebody do more first. */
export function printChanges(changes: readonly Change[]): void {
  if (changes.length === 0) return print('nobody may do more or less than before')
  for (const effect of ['more', 'other', 'less'] as const) {
    for (const { label, who, before, after } of changes.filter((one) => one.effect === effect))
      print(
        `${paint(TONES[effect], effect.padEnd(5))} ${shown(label)}  ${shown(who)}: ${shown(before, 500)} -> ${shown(after, 500)}`,
      )
  }
}

/** A matrix for spreadsheets (RFC 4180); no cell begins so that one would calculate it. */
export function matrixCsv({ roles, rows, fields, schemas }: Matrix): string {
  const heading = [
    'api',
    'operation',
    'label',
    'mode',
    'scopes',
    'anonymous',
    'no role',
    ...roles,
    'access list',
  ]
  const lines = rows.map((row) => [
    row.api,
    row.operation,
    row.label,
    row.mode,
    scopesText(row),
    cellText(row.anonymous),
    cellText(row.known),
    ...roles.map((role) => cellText(row.roles[role] ?? row.known)),
    listText(row),
  ])
  const fieldLines = fields.map((row) => [
    row.api,
    row.field,
    'field',
    row.mode,
    row.classes.join(' '),
    '',
    cellOfField(row.others),
    ...roles.map((role) => cellOfField(row.roles[role])),
    row.owner === null ? '' : `owner ${cellOfField(row.owner)}`,
  ])
  const schemaLines = schemas.map(({ api, schema, condition }) => [
    api,
    schema,
    'objects',
    '',
    condition,
    ...Array<string>(3 + roles.length).fill(''),
  ])
  return [heading, ...lines, ...fieldLines, ...schemaLines]
    .map((cells) => cells.map(csvCell).join(','))
    .join('\r\n')
}

function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && text !== '-' ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
