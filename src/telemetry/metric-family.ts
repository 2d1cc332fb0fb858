import type { AllocateNumbers, NumberBlock, NumberKey } from './numbers.ts'
import { ownNumbers } from './numbers.ts'

/** Most label sets of one family; what comes later is counted under `_other`, so that no caller can fill memory. */
export const MAX_CELLS = 10_000
const OTHER = '_other'
/** Parts of a cell's key before its label values: type, name, help, label names. */
const KEY_HEAD = 4

/** One time series. Keep it and call `add` on the hot path: nothing is looked up or built. */
export interface Cell {
  value: number
}

/** A metric with labels, as Prometheus means it. */
export interface MetricFamily {
  /** The series of these label values, in the order of the label names. */
  cell(...labelValues: readonly string[]): Cell
}

/** What a family is declared with. */
export interface FamilyHead {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary'
}

/** A series whose number stands in memory that others may read. */
class NumberCell implements Cell {
  readonly #values: Float64Array

  constructor(values: Float64Array) {
    this.#values = values
  }

  get value(): number {
    return this.#values[0] ?? 0
  }

  set value(value: number) {
    this.#values[0] = value
  }
}

/** A family that remembers its series by label values. */
export class CellFamily implements MetricFamily {
  readonly head: FamilyHead
  readonly #labelNames: readonly string[]
  readonly #allocate: AllocateNumbers
  readonly #cells = new Map<string, { readonly labels: string; readonly cell: Cell }>()

  constructor(
    head: FamilyHead,
    labelNames: readonly string[],
    allocate: AllocateNumbers = ownNumbers,
  ) {
    this.head = head
    this.#labelNames = labelNames
    this.#allocate = allocate
  }

  /** The family that a key of `cell` names, empty. */
  static ofKey([type, name = '', help = '', labels = '']: NumberKey): CellFamily {
    const head = { name, help, type: type === 'gauge' ? 'gauge' : 'counter' } as const
    return new CellFamily(head, labels === '' ? [] : labels.split(','))
  }

  cell(...labelValues: readonly string[]): Cell {
    const key = labelValues.join('\u0000')
    const known = this.#cells.get(key)
    if (known !== undefined) return known.cell
    if (this.#cells.size >= MAX_CELLS && labelValues.some((value) => value !== OTHER))
      return this.cell(...this.#labelNames.map(() => OTHER))
    const cell = this.#newCell(labelValues)
    this.#cells.set(key, { labels: labelText(this.#labelNames, labelValues), cell })
    return cell
  }

  /** Adds what another thread counted in the series of the same labels. */
  absorb({ key, values }: NumberBlock): void {
    const cell = this.cell(...key.slice(KEY_HEAD))
    // What says something about the program says it once.
    cell.value = (this.head.name.endsWith('_info') ? 0 : cell.value) + (values[0] ?? 0)
  }

  #newCell(labelValues: readonly string[]): Cell {
    if (this.#allocate === ownNumbers) return { value: 0 }
    const { type, name, help } = this.head
    const key = [type, name, help, this.#labelNames.join(','), ...labelValues]
    return new NumberCell(this.#allocate(key, 1))
  }

  /** Exposition lines, head included; a family without labels shows 0 before its first use. */
  write(out: string[]): void {
    if (this.#labelNames.length === 0) this.cell()
    writeHead(out, this.head)
    for (const { labels, cell } of this.#cells.values())
      out.push(`${this.head.name}${labels} ${numberText(cell.value)}`)
  }
}

/** The `HELP` and `TYPE` lines. */
export function writeHead(out: string[], head: FamilyHead): void {
  const help = head.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  out.push(`# HELP ${head.name} ${help}`, `# TYPE ${head.name} ${head.type}`)
}

/** `{a="1",b="2"}` with values escaped; empty for no labels. Missing values are empty. */
export function labelText(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return ''
  return `{${names.map((name, i) => `${name}="${escapeLabel(values[i] ?? '')}"`).join(',')}}`
}

/** A number as the text format 0.0.4 writes it. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
