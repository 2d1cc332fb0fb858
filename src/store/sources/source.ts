import type { MaybePromise } from '../../base/maybe-promise.ts'

/** Port: one text by one id, from a database that belongs to somebody else and is only read. */
export interface ValueSource {
  /**
   * The value of the first column of the only row; numbers as their text. `undefined`: no row, more than one, null,
   * or no text and no exact number. Throws or rejects with `StoreError` when the source does not answer in time.
   */
  find(id: string): MaybePromise<string | undefined>
  close(): MaybePromise<void>
}

/** Where values are read, and how long it may take. */
export type SourceSettings =
  | {
      readonly kind: 'sqlite'
      /** Absolute. */
      readonly path: string
      readonly query: string
      readonly timeoutMs: number
    }
  | {
      readonly kind: 'postgres'
      readonly url: string
      readonly query: string
      readonly timeoutMs: number
    }

/** Longest id that is asked for, in characters. */
const MAX_ID_CHARS = 256

/** Spellings of a number that a database takes for another text of the same number. */
const ODD_NUMBER =
  /^(?:\+\d+|[+-]?0\d+|-0|[+-]?\d+\.\d*|[+-]?\.\d+|[+-]?\d+(?:\.\d*)?[eE][+-]?\d+)$/

/**
 * Whether an id may be asked for. Not `05`, `5.0`, `+5` or `5e0`: in a column of numbers each of them finds 5, and the
 * owner of 5 would be told for a text that the API may read otherwise. Neither control characters nor blanks around it.
 */
export function isPlainId(id: string): boolean {
  if (id === '' || id.length > MAX_ID_CHARS || id.trim() !== id) return false
  return !/\p{Cc}/u.test(id) && !ODD_NUMBER.test(id)
}

/**
 * What is wrong with a query, if anything: it must be one SELECT with `$1` for the id and no other parameter. The text
 * is the operator's; this catches slips, and the connection is read-only besides.
 */
export function queryFault(query: string): string | undefined {
  const bare = query
    .replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, "''")
    .trim()
    .replace(/;$/, '')
  if (!/^(?:select|with)\b/i.test(bare)) return 'is no SELECT'
  if (/;|--|\/\*/.test(bare)) return 'holds more than one statement, or a comment'
  // Also the parameters of SQLite, which would stay empty; `::` is a cast of PostgreSQL.
  const parameters = new Set(bare.match(/\$\w+|\?\d*|(?<!:):(?!:)\w+|@\w+/g))
  if (!parameters.has('$1')) return 'does not ask for the id: $1'
  return parameters.size > 1 ? 'has parameters besides $1' : undefined
}
