import { paint, print, printTable, shown } from '../output.ts'
import { cellText } from './compare.ts'
import type { Change } from './compare.ts'
import type { Cell, Matrix, MatrixRow } from './matrix.ts'

/** Shows a matrix as a table, with its conditions numbered below. */
export function printMatrix({ roles, rows }: Matrix): void {
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
export function matrixCsv({ roles, rows }: Matrix): string {
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
  return [heading, ...lines].map((cells) => cells.map(csvCell).join(',')).join('\r\n')
}

function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && text !== '-' ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
