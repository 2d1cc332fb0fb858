import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { nextTurn } from '../../base/next-turn.ts'
import { rewrite } from '../../openapi/fields/rewrite.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import { safeCsv } from '../encoding/csv.ts'
import type { Separators } from '../encoding/csv.ts'
import { judgeValue } from '../objects/judge-value.ts'
import { showField } from '../show-field.ts'
import type { ShowWalk, ShownView } from '../show-field.ts'
import { cellOf, TableLines } from './csv.ts'
import type { Cell, Table, TableHead } from './csv.ts'
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

/** Cells that are looked at in one go, about a millisecond: others are served between. */
const SLICE_CELLS = 2000

/** Runs a judgement until all that it asks for is known; may run it more than once. */
export type Settle = (judge: () => Denial | undefined) => MaybePromise<Denial | undefined>

/** What becomes of a table; `undefined`: it goes out as it came. A long one is looked at in slices. Never throws. */
export function showTable(
  exchange: Exchange,
  { text, settle }: { readonly text: string; readonly settle: Settle },
  rules: TableRules,
): MaybePromise<Denial | undefined> {
  const lines = new TableLines(text)
  const { head } = lines
  const columns = head === undefined ? undefined : columnsOf(head, rules)
  if (head === undefined || columns === undefined) return UNREADABLE
  const kept = columns.map((column) => keepsColumn(column, rules))
  const shape: Shape = { head, columns, kept, rules }
  const names = head.columns.filter((_, index) => kept[index] === true)
  const title = names.map((name) => cellOf(name, head.separator)).join(head.separator)
  const safe = safeCsv(title + head.lineEnd, separatorsOf(head))
  const done: Done = {
    texts: [safe ?? title + head.lineEnd],
    ...NOTHING,
    isSafe: safe === undefined,
  }
  return allRows({ exchange, lines, settle, shape }, done)
}

/** What does not change from row to row. */
interface Shape {
  readonly head: TableHead
  readonly columns: readonly (Column | undefined)[]
  readonly kept: readonly boolean[]
  readonly rules: TableRules
}

/** What rows have become. */
interface Shown {
  readonly gone: number
  readonly isChanged: boolean
  /** No cell could be taken for a formula. */
  readonly isSafe: boolean
  readonly hidden: readonly string[]
  readonly told: readonly string[]
}

interface Done extends Shown {
  readonly texts: string[]
}

const NOTHING: Shown = { gone: 0, isChanged: false, isSafe: true, hidden: [], told: [] }

interface Showing {
  readonly exchange: Exchange
  readonly lines: TableLines
  readonly settle: Settle
  readonly shape: Shape
}

/** One slice after the other; at once where there is only one. */
function allRows(showing: Showing, done: Done): MaybePromise<Denial | undefined> {
  const { exchange, lines, settle, shape } = showing
  const rows = lines.rows(SLICE_CELLS)
  if (rows === undefined) return UNREADABLE
  let found: Shown & { readonly text: string } = { ...NOTHING, text: '' }
  const settled = settle(() => {
    found = showRows(exchange, rows, shape)
    return undefined
  })
  return andThen(settled, (denial) => {
    if (denial !== undefined) return denial
    const next = together(done, found)
    if (lines.isOver) return verdict(exchange, next, shape)
    return nextTurn().then(() => allRows(showing, next))
  })
}

function together(done: Done, found: Shown & { readonly text: string }): Done {
  done.texts.push(found.text)
  return {
    texts: done.texts,
    gone: done.gone + found.gone,
    isChanged: done.isChanged || found.isChanged,
    isSafe: done.isSafe && found.isSafe,
    hidden: distinct(done.hidden, found.hidden),
    told: distinct(done.told, found.told),
  }
}

function distinct(some: readonly string[], more: readonly string[]): readonly string[] {
  return more.length === 0 ? some : [...new Set([...some, ...more])]
}

/** Facts must be settled, else it is done again with what they say. */
function showRows(
  exchange: Exchange,
  lines: readonly (readonly Cell[])[],
  { head, columns, kept, rules }: Shape,
): Shown & { readonly text: string } {
  const rows = lines.map((cells) => rowObject(columns, cells))
  const own = ownRows(exchange, rows, rules)
  const walk: ShowWalk = { path: [0], exchange, keysFor: rules.keysFor, hidden: [], told: [] }
  const shown = rows.map((row) =>
    rules.views.reduce<unknown>((value, view) => rewrite(value, view, showField, walk), row),
  )
  const { text, isChanged } = write({ ...head, rows: lines }, { columns, kept, own, rows, shown })
  const safe = safeCsv(text, separatorsOf(head))
  return {
    text: safe ?? text,
    gone: own.filter((isOwn) => !isOwn).length,
    isChanged,
    isSafe: safe === undefined,
    hidden: walk.hidden,
    told: walk.told,
  }
}

/** A spreadsheet may take the other sign for the end of a cell too, but not where tabs are. */
function separatorsOf({ separator }: TableHead): Separators {
  return separator === '\t' ? separator : ',;'
}

function verdict(
  exchange: Exchange,
  { texts, gone, isChanged, isSafe, hidden, told }: Done,
  { head, kept }: Shape,
): Denial | undefined {
  if (told.length > 0) tell(exchange, told)
  const dropped = head.columns.filter((_, index) => kept[index] !== true)
  const isHidden = dropped.length > 0 || isChanged
  if (gone === 0 && !isHidden && isSafe) return undefined
  const reason = gone > 0 ? 'foreign_row' : isHidden ? 'hidden_cell' : 'formula'
  const names = new Set([...dropped.map((name) => `/*/${name}`), ...hidden])
  const detail = [...(gone > 0 ? [`${gone} rows`] : []), ...names]
  return { reason, detail: detail.join(' ').slice(0, 1000), repair: Buffer.from(texts.join('')) }
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
function columnsOf(
  { columns }: TableHead,
  { table }: TableRules,
): (Column | undefined)[] | undefined {
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
  const lines: string[][] = []
  for (const [row, cells] of table.rows.entries()) {
    if (own[row] !== true) continue
    lines.push(
      keep(cells.map((cell, index) => (kept[index] === true ? cellText(cell, index, row) : ''))),
    )
  }
  return { text: lines.map((cells) => cells.join(separator) + lineEnd).join(''), isChanged }
}
