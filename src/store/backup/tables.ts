import { decoyCells } from '../key-cells.ts'
import type { Cell } from '../key-cells.ts'

/** One table as a backup holds it; the same in every database. */
export interface Table {
  readonly name: string
  readonly columns: readonly string[]
  /** Primary key: rows are read in its order, so that equal stores give equal files. */
  readonly key: readonly string[]
}

/** One row: its cells in the order of the table's columns. */
export type TableRow = readonly Cell[]

/** Everything that a store keeps, in the order of a backup. Counts of changes are not kept: they go on where they are. */
export const TABLES: readonly Table[] = [
  { name: 'meta', columns: ['name', 'value'], key: ['name'] },
  { name: 'api_key', columns: decoyCells().names, key: ['id'] },
  {
    name: 'relation_tuple',
    columns: ['tenant', 'object', 'relation', 'subject'],
    key: ['tenant', 'object', 'relation', 'subject'],
  },
  {
    name: 'adopt_finding',
    columns: [
      'api',
      'operation',
      'kind',
      'pointer',
      'sample',
      'count',
      'first_at_ms',
      'last_at_ms',
    ],
    key: ['api', 'operation', 'kind', 'pointer'],
  },
  {
    name: 'adopt_graduation',
    columns: ['api', 'operation', 'at_ms'],
    key: ['api', 'operation'],
  },
]
