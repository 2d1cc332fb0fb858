import { memo } from '../base/memo.ts'

// One string for each name that is in use: what follows compares names by identity.
const lowerCase = memo((name) => name.toLowerCase(), { maxEntries: 1024, maxChars: 64 })

/**
 * The fields of one message in the order they came, built in one pass from the flat list Node hands out
 * (`rawHeaders`: name, value, name, value, ...). Names are lower case, duplicates are kept, nothing is joined:
 * `req.headers` hides a second `Authorization` or `Host`, this table does not.
 * Pseudo-header fields of HTTP/2 (names starting with `:`) are counted and left out. The list is kept, not copied.
 */
export class HeaderTable {
  readonly #names: string[] = []
  /** Names as they came and values, without pseudo-header fields. */
  readonly #fields: readonly string[]
  /** Size of the block as HTTP/1.1 would write it: name, `: `, value, CRLF for each field. */
  readonly bytes: number
  /** How many pseudo-header fields were left out. */
  readonly pseudoFields: number

  constructor(rawHeaders: readonly string[]) {
    let bytes = 0
    let pseudo = 0
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? ''
      const value = rawHeaders[i + 1] ?? ''
      bytes += name.length + value.length + 4
      if (name.charCodeAt(0) === 58) pseudo++
      else this.#names.push(lowerCase(name))
    }
    this.bytes = bytes
    this.pseudoFields = pseudo
    this.#fields = pseudo === 0 ? rawHeaders : withoutPseudo(rawHeaders)
  }

  /** Number of fields, duplicates counted. */
  get size(): number {
    return this.#names.length
  }

  /** Lower-case name of the field at `index`; empty out of range. */
  nameAt(index: number): string {
    return this.#names[index] ?? ''
  }

  /** Value of the field at `index` as it came; empty out of range. */
  valueAt(index: number): string {
    return index < this.#names.length ? (this.#fields[index * 2 + 1] ?? '') : ''
  }

  /** First value of the field, `name` in lower case. */
  get(name: string): string | undefined {
    const index = this.#names.indexOf(name)
    return index < 0 ? undefined : this.#fields[index * 2 + 1]
  }

  /** Every value of the field in order, `name` in lower case; empty when absent. */
  all(name: string): readonly string[] {
    if (!this.#names.includes(name)) return NONE
    const found: string[] = []
    for (let i = 0; i < this.#names.length; i++) {
      if (this.#names[i] === name) found.push(this.valueAt(i))
    }
    return found
  }

  /** Whether the field is there, `name` in lower case. */
  has(name: string): boolean {
    return this.#names.includes(name)
  }

  /** How often the field is there, `name` in lower case. */
  count(name: string): number {
    let count = 0
    for (const own of this.#names) if (own === name) count++
    return count
  }
}

const NONE: readonly string[] = Object.freeze([])

function withoutPseudo(rawHeaders: readonly string[]): string[] {
  const fields: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.charCodeAt(0) !== 58) fields.push(name, rawHeaders[i + 1] ?? '')
  }
  return fields
}
