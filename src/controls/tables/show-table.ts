import { rewrite } from '../../openapi/fields/rewrite.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import { safeCsv } from '../encoding/csv.ts'
import { judgeValue } from '../objects/judge-value.ts'
import { showField } from '../show-field.ts'
import type { ShowWalk, ShownView } from '../show-field.ts'
import { cellOf, readTable } from './csv.ts'
import type { Cell, Table } from './csv.ts'
import { rowObject, valueAt } from './row-values.ts'
import type { Column } from './row-values.ts'
import type { SiteTable } from './site-table.ts'

/** By what a table is shown to one caller. */
export interface TableRules {
  readonly table: SiteTable
  /** What this caller sees of a row, by each set of rules. */
  readonly views: readonly NonNullable<ShownView>[]
  readonly keysFor: ShowWalk['keysFor']
}

const UNREADABLE: Denial = Object.freeze({
  reason: 'unreadable_table',
  detail: 'the answer is no table of declared columns',
})

/** What becomes of a table; `undefined`: it goes out as it came. Lookups must be settled. Never throws. */
export function showTable(exchange: Exchange, text: string, rules: TableRules): Denial | undefined {
  const table = readTable(text)
  if (table === undefined) return UNREADABLE
  const columns = columnsOf(table, rules)
  if (columns === undefined) return UNREADABLE
  const rows = table.rows.map((cells) => rowObject(columns, cells))
  const own = ownRows(exchange, rows, rules)
  const kept = columns.map((column) => keepsColumn(column, rules))
  const walk: ShowWalk = { path: [0], exchange, keysFor: rules.keysFor, hidden: [], told: [] }
  const shown = rows.map((row) =>
    rules.views.reduce<unknown>((value, view) => rewrite(value, view, showField, walk), row),
  )
  if (walk.told.length > 0) tell(exchange, walk.told)
  const written = write(table, { columns, kept, own, rows, shown })
  const safe = safeCsv(written.text)
  const gone = own.filter((isOwn) => !isOwn).length
  const dropped = table.columns.filter((_, index) => kept[index] !== true)
  if (gone === 0 && dropped.length === 0 && !written.isChanged && safe === undefined)
    return undefined
  const reason =
    gone > 0 ? 'foreign_row' : dropped.length > 0 || written.isChanged ? 'hidden_cell' : 'formula'
  const names = new Set([...dropped.map((name) => `/*/${name}`), ...walk.hidden])
  const detail = [...(gone > 0 ? [`${gone} rows`] : []), ...names]
  return {
    reason,
    detail: detail.join(' ').slice(0, 1000),
    repair: Buffer.from(safe ?? written.text),
  }
}

/** Once for an answer, however often it is judged. */
function tell({ events }: Exchange, told: readonly string[]): void {
  if (events.some(({ control, name }) => control === 'tables' && name === 'sensitive_read')) return
  const detail = told.join(' ').slice(0, 1000)
  events.push({
    name: 'sensitive_read',
    level: 'info',
    control: 'tables',
    reason: 'unmasked',
    detail,
  })
}

/** The declared columns by position; `undefined` where one is named twice or none is declared. */
function columnsOf({ columns }: Table, { table }: TableRules): (Column | undefined)[] | undefined {
  const folded = columns.map((name) => name.trim().toLowerCase())
  if (new Set(folded).size !== folded.length) return undefined
  const found = columns.map((name) => table.reader.column(name))
  return found.every((one) => one === undefined) ? undefined : found
}

function ownRows(
  exchange: Exchange,
  rows: readonly object[],
  { table: { place } }: TableRules,
): readonly boolean[] {
  if (place === undefined) return rows.map(() => true)
  return rows.map((row) => {
    const { isForeign, removed } = judgeValue(row, place, exchange)
    return !isForeign && removed.size === 0
  })
}

/** A column that nobody declared, or that is left out in every row, is no column for this caller. */
function keepsColumn(column: Column | undefined, { table, views }: TableRules): boolean {
  if (column === undefined) return table.isOpen
  if (column.isStructure) return false
  return views.every((view) => {
    let at = view
    for (const step of column.path) {
      const edge = at.inner?.members.get(step)
      if (edge === undefined) return true
      const { decision } = edge
      if (decision?.action.kind === 'drop' && decision.owners.length === 0) return false
      at = edge
    }
    return true
  })
}

interface Writing {
  readonly columns: readonly (Column | undefined)[]
  readonly kept: readonly boolean[]
  readonly own: readonly boolean[]
  readonly rows: readonly unknown[]
  readonly shown: readonly unknown[]
}

function write(
  table: Table,
  { columns, kept, own, rows, shown }: Writing,
): { readonly text: string; readonly isChanged: boolean } {
  const { separator, lineEnd } = table
  let isChanged = false
  const cellText = (cell: Cell, index: number, row: number): string => {
    const path = columns[index]?.path
    if (path === undefined) return cell.raw
    const before = valueAt(rows[row], path)
    const after = valueAt(shown[row], path)
    if (after === before) return cell.raw
    isChanged = true
    const isPlain = typeof after === 'string' || typeof after === 'number'
    return isPlain ? cellOf(String(after), separator) : ''
  }
  const keep = <Item>(items: readonly Item[]): Item[] =>
    items.filter((_, index) => kept[index] === true)
  const lines = [keep(table.columns.map((name) => cellOf(name, separator)))]
  for (const [row, cells] of table.rows.entries()) {
    if (own[row] !== true) continue
    lines.push(
      keep(cells.map((cell, index) => (kept[index] === true ? cellText(cell, index, row) : ''))),
    )
  }
  return { text: lines.map((cells) => cells.join(separator) + lineEnd).join(''), isChanged }
}
