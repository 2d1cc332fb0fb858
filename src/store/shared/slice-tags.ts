import { CLOSED_TAG, FREE_TAG } from './keyed-hash.ts'
import type { KeyTags } from './keyed-hash.ts'

/** Odd, so that a key's slices never meet. */
const STEP_A = 0x9e3779b1
const STEP_B = 0x85ebca6b

/**
 * Tags of one slice of a key, made of the key's own, which nobody outside knows: two keys' slices meet as seldom as two
 * keys. The result stands in `a` and `b`, so that nothing is allocated.
 */
export class SliceTags implements KeyTags {
  a = 0
  b = 0

  /** `slice`: any whole number; those that are looked at together differ by less than 2^32. */
  of(hash: KeyTags, slice: number): this {
    const low = slice % 0x1_0000_0000
    this.a = usable((hash.a + Math.imul(low, STEP_A)) | 0)
    this.b = usable((hash.b ^ Math.imul(low, STEP_B)) | 0)
    return this
  }
}

function usable(tag: number): number {
  return tag === FREE_TAG || tag === CLOSED_TAG ? 1 : tag
}
