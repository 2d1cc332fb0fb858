import { hasControl } from '../../http/chars.ts'

/** Values that are remembered, each at one of two places that its end gives it; a power of two. */
const VALUES = 4096
/** Shorter values are checked sooner than they are found. */
const LEAST_CHARS = 257
const MAX_CHARS = 2048

/**
 * Remembers long values of one field that the gateway makes itself and uses again, one for each caller: the same text is
 * checked once. No client's value comes here: it may be a part of a head, which would be kept with it.
 */
export class OwnValues {
  readonly #field: string
  readonly #values: (string | undefined)[]

  /** `field`: the name, as it is written; empty: there is none. */
  constructor(field: string) {
    this.#field = field
    this.#values = field === '' ? [] : Array.from({ length: VALUES })
  }

  /** `hasControl` of a value of the field `name`. */
  hasControl(name: string, value: string): boolean {
    const { length } = value
    if (length < LEAST_CHARS || length > MAX_CHARS || name !== this.#field) return hasControl(value)
    const end = value.charCodeAt(length - 1) * 61 + value.charCodeAt(length - 2)
    const slot = (end * 61 + value.charCodeAt(length - 3)) % VALUES
    const other = slot ^ 1
    const values = this.#values
    if (values[slot] === value || values[other] === value) return false
    if (hasControl(value)) return true
    values[values[slot] === undefined ? slot : other] = value
    return false
  }
}
