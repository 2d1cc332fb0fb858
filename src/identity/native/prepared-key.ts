import type { KeyObject } from 'node:crypto'
import { signatureCalls } from './calls.ts'
import type { Address, SignatureCalls } from './calls.ts'

/** A key in OpenSSL's own memory, ready for one operation. */
export interface PreparedKey {
  readonly calls: SignatureCalls
  readonly context: Address
}

/** How OpenSSL reads a key, and what it is told once of what follows; `false`: it does not do that with this key. */
export interface Preparation {
  readonly read: (calls: SignatureCalls, bio: Address) => Address
  readonly begin: (calls: SignatureCalls, context: Address) => boolean
}

interface Held extends PreparedKey {
  readonly key: Address
}

/** Remembers for each key what was prepared for it, as long as the engine remembers the key. */
export class PreparedKeys {
  readonly #preparation: Preparation
  readonly #known = new WeakMap<KeyObject, Held | 'none'>()
  readonly #freed = new FinalizationRegistry<Held>(free)

  constructor(preparation: Preparation) {
    this.#preparation = preparation
  }

  /**
   * Good until the caller returns to the event loop: freed is only what nobody holds the key of.
   * @returns `undefined` where OpenSSL cannot be called, or does not take the key: Node does the work.
   */
  of(key: KeyObject): PreparedKey | undefined {
    const known = this.#known.get(key) ?? this.#prepare(key)
    return known === 'none' ? undefined : known
  }

  #prepare(key: KeyObject): Held | 'none' {
    const calls = signatureCalls()
    const held = calls && prepared(calls, key, this.#preparation)
    this.#known.set(key, held ?? 'none')
    if (held !== undefined) this.#freed.register(key, held)
    return held ?? 'none'
  }
}

function prepared(
  calls: SignatureCalls,
  object: KeyObject,
  { read, begin }: Preparation,
): Held | undefined {
  const type = object.type === 'private' ? 'pkcs8' : 'spki'
  const der = object.export({ format: 'der', type })
  const bio = calls.BIO_new_mem_buf(der, der.length)
  const key = bio === 0n ? 0n : read(calls, bio)
  calls.BIO_free(bio)
  der.fill(0)
  const context = key === 0n ? 0n : calls.EVP_PKEY_CTX_new(key, 0n)
  const held = { calls, key, context }
  if (context !== 0n && begin(calls, context)) return held
  free(held)
  // What OpenSSL says of a failure would be told to whoever asks it next.
  calls.ERR_clear_error()
  return undefined
}

/** Freeing none is nothing. */
function free({ calls, context, key }: Held): void {
  calls.EVP_PKEY_CTX_free(context)
  calls.EVP_PKEY_free(key)
}
