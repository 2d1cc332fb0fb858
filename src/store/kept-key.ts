/**
 * A key that is asked for again and again. A table that hashes it keeps the hash here: to find it among those of other
 * keys costs more than all that follows. Only the text says which key it is.
 */
export class KeptKey {
  readonly text: string
  /** Who hashed it last, and to what; see `KeyedHash`. */
  hashedBy: object | undefined = undefined
  a = 0
  b = 0

  constructor(text: string) {
    this.text = text
  }
}
