import { randomBytes } from 'node:crypto'

/** Objects with more keys than this leave the short list for a `Set`, so that no input makes the check quadratic. */
const SHORT_LIST = 64
const DANGEROUS_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
const SHORTEST_DANGEROUS = 9
const LONGEST_DANGEROUS = 11
/** Numbers kept for each key: hash, start, end, and whether it has escapes. */
const STRIDE = 4

/** Unknown to senders, so that nobody can prepare keys that all hash alike. */
const SEED = randomBytes(4).readInt32LE()

/** Where the keys of one open object begin, and its set once there are many. */
interface Scope {
  readonly base: number
  set: Set<string> | undefined
}

/**
 * Finds repeated and dangerous keys among the objects that are open while a JSON text is scanned. Keys are hashed in
 * place and turned into strings only when two hashes agree, when they have escapes, or when an object is large.
 */
export class JsonKeys {
  readonly #bytes: Uint8Array
  readonly #entries: number[] = []
  readonly #scopes: Scope[] = []

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Starts an object; hand the answer to `close`. */
  open(): number {
    return this.#scopes.push({ base: this.#entries.length, set: undefined })
  }

  /** Ends the object that `open` answered `scope` for. */
  close(scope: number): void {
    const ended = this.#scopes[scope - 1]
    if (ended !== undefined) this.#entries.length = ended.base
    this.#scopes.length = scope - 1
  }

  /** Adds the key whose text stands between two offsets (quotes excluded) to the innermost object. */
  add(
    start: number,
    end: number,
    isEscaped: boolean,
  ): 'duplicate_key' | 'dangerous_key' | undefined {
    const scope = this.#scopes.at(-1)
    if (scope === undefined) return undefined
    if (this.#isDangerous(start, end, isEscaped)) return 'dangerous_key'
    if (scope.set !== undefined) return addTo(scope.set, this.#text(start, end, isEscaped))
    const hash = isEscaped ? this.#escapedHash(start, end) : hashBytes(this.#bytes, start, end)
    const entries = this.#entries
    for (let i = scope.base; i < entries.length; i += STRIDE) {
      if (entries[i] === hash && this.#entryText(i) === this.#text(start, end, isEscaped)) {
        return 'duplicate_key'
      }
    }
    entries.push(hash, start, end, isEscaped ? 1 : 0)
    if (entries.length - scope.base > SHORT_LIST * STRIDE) scope.set = this.#setFrom(scope.base)
    return undefined
  }

  #setFrom(base: number): Set<string> {
    const set = new Set<string>()
    for (let i = base; i < this.#entries.length; i += STRIDE) set.add(marked(this.#entryText(i)))
    return set
  }

  #entryText(index: number): string {
    const [start = 0, end = 0, escaped = 0] = this.#entries.slice(index + 1, index + STRIDE)
    return this.#text(start, end, escaped === 1)
  }

  #isDangerous(start: number, end: number, isEscaped: boolean): boolean {
    const length = end - start
    if (!isEscaped && (length < SHORTEST_DANGEROUS || length > LONGEST_DANGEROUS)) return false
    const first = this.#bytes[start]
    // `_`, `c`, `p`: everything else is settled without making a string.
    if (!isEscaped && first !== 95 && first !== 99 && first !== 112) return false
    return DANGEROUS_KEYS.has(this.#text(start, end, isEscaped))
  }

  #text(start: number, end: number, isEscaped: boolean): string {
    const { buffer, byteOffset } = this.#bytes
    const text = Buffer.from(buffer, byteOffset + start, end - start).toString('utf8')
    // The scanner has already checked this string, so `JSON.parse` only unescapes it.
    return isEscaped ? (JSON.parse(`"${text}"`) as string) : text
  }

  #escapedHash(start: number, end: number): number {
    const bytes = Buffer.from(this.#text(start, end, true), 'utf8')
    return hashBytes(bytes, 0, bytes.length)
  }
}

function addTo(set: Set<string>, key: string): 'duplicate_key' | undefined {
  const before = set.size
  return set.add(marked(key)).size === before ? 'duplicate_key' : undefined
}

/** V8 hashes strings of digits without its seed; the mark makes every key an ordinary string. */
function marked(key: string): string {
  return `k${key}`
}

function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = SEED ^ (end - start)
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193)
  return hash ^ (hash >>> 15)
}
