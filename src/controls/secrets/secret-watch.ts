import type { Watch } from '../../pipeline/control.ts'
import type { SecretKind } from './detectors.ts'
import { withoutSecrets } from './detectors.ts'
import { beginningOf } from './secret-beginning.ts'
import { mayHoldSecret } from './scan.ts'

/** What was sent last and is looked at again: a secret that two pieces share, and what stands before it. */
const TAIL_BYTES = 256
/** Most that waits for the next piece to show whether it is a secret. */
const MAX_HELD_BYTES = 16_384
/** What a token or a connection string goes on with, when it is longer than what may wait. */
const GOES_ON = /^[^\s"'<>]*/

const NOTHING: Buffer = Buffer.alloc(0)

/** What nobody writes into a text by chance: such an answer is broken off. The others are covered, byte for byte. */
const CERTAIN: ReadonlySet<SecretKind> = new Set(['private-key', 'cloud-key', 'gateway-key'])
const isCertain = (kind: SecretKind): boolean => CERTAIN.has(kind)
const isCovered = (kind: SecretKind): boolean => !CERTAIN.has(kind)
const stars = (secret: string): string => '*'.repeat(secret.length)

/**
 * Looks at a text that is passed on as it comes. What may be the beginning of a secret waits for the next piece, at
 * most `MAX_HELD_BYTES` of it; of a certain one that comes in two pieces the first may have left. `onCovered`: called
 * once, with what was found first.
 */
export function secretWatch(onCovered: (kinds: readonly SecretKind[]) => void): Watch {
  const stream = new SecretStream(onCovered)
  return (chunk, isLast) => stream.take(chunk, isLast)
}

class SecretStream {
  /** The end of what was sent. */
  #sent = NOTHING
  /** What waits. */
  #held = NOTHING
  /** A secret goes on that began in what was sent. */
  #isInside = false
  #onCovered: ((kinds: readonly SecretKind[]) => void) | undefined

  constructor(onCovered: (kinds: readonly SecretKind[]) => void) {
    this.#onCovered = onCovered
  }

  take(chunk: Buffer, isLast: boolean): Buffer | undefined {
    const fresh = this.#isInside ? this.#coverOn(chunk) : chunk
    const known = this.#sent.length + this.#held.length
    const seen = known === 0 ? fresh : Buffer.concat([this.#sent, this.#held, fresh])
    const suspects = mayHoldSecret(seen)
    if (suspects && withoutSecrets(seen.toString('latin1'), isCovered) !== undefined)
      return undefined
    // What was sent waits no more.
    const from = isLast ? seen.length : Math.max(this.#sent.length, beginningOf(seen))
    const isLong = seen.length - from > MAX_HELD_BYTES
    const end = isLong ? seen.length : from
    const left = suspects ? this.#covered(seen.subarray(0, end), isLong) : seen.subarray(0, end)
    const out = left.subarray(this.#sent.length)
    this.#held = Buffer.from(seen.subarray(end))
    this.#sent = Buffer.from(left.subarray(-TAIL_BYTES))
    return out
  }

  #covered(bytes: Buffer, isOpen: boolean): Buffer {
    const found = withoutSecrets(bytes.toString('latin1'), isCertain, stars)
    if (found === undefined) return bytes
    const left = Buffer.from(found.text, 'latin1')
    this.#onCovered?.(found.kinds)
    this.#onCovered = undefined
    this.#isInside = isOpen && left.at(-1) !== bytes.at(-1)
    return left
  }

  /** Covers the rest of a secret of which all that was held has left. */
  #coverOn(chunk: Buffer): Buffer {
    const length = GOES_ON.exec(chunk.toString('latin1'))?.[0].length ?? 0
    this.#isInside = length === chunk.length
    return Buffer.concat([Buffer.alloc(length, '*'), chunk.subarray(length)])
  }
}
