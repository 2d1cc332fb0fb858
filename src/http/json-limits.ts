import type { LeadingTexts } from './leading-texts.ts'

/** Bounds of a JSON text. */
export interface JsonLimits {
  /** Deepest nesting of arrays and objects; at most 512 is honored. */
  readonly maxDepth: number
  /** Most values of any kind, containers counted. */
  readonly maxNodes: number
  /** Longest key in UTF-16 units, after unescaping. */
  readonly maxKeyChars: number
  /** Longest string in UTF-16 units, after unescaping. */
  readonly maxStringChars: number
  /** Longest number in characters. */
  readonly maxNumberChars: number
  /**
   * Most different names of members, not counting those of the first 256 members; all, where it is missing or above
   * 4,096. Each new name costs the engine a string and a hidden class, which is what makes such bodies dear.
   */
  readonly maxNames?: number
}

/** The bounds of [VAL-05]. */
export const JSON_LIMITS: JsonLimits = {
  maxDepth: 32,
  maxNodes: 10_000,
  maxKeyChars: 256,
  maxStringChars: 100_000,
  maxNumberChars: 64,
  maxNames: 1000,
}

/** Why a JSON text is refused; stable codes for the log. */
export type JsonFaultReason =
  | 'byte_order_mark'
  | 'invalid_utf8'
  | 'syntax'
  | 'unexpected_end'
  | 'trailing_data'
  | 'duplicate_key'
  | 'dangerous_key'
  | 'lone_surrogate'
  | 'too_deep'
  | 'too_many_nodes'
  | 'too_many_names'
  | 'key_too_long'
  | 'string_too_long'
  | 'number_too_long'
  | 'number_out_of_range'

/** A refused JSON text. */
export interface JsonFault {
  readonly fault: JsonFaultReason
  /** Byte at which it was seen. */
  readonly offset: number
}

/**
 * Whether `JSON.parse` would be slow: objects have names in so many orders (`shapes`), or so many short texts are
 * different (`texts`). See `buildJson`.
 */
export type Manifold = 'none' | 'texts' | 'shapes'

/** What is known of a JSON text that passed. */
export interface JsonOutline {
  readonly fault: undefined
  /**
   * Byte offsets of numbers whose value is an integer beyond plus or minus (2^53 - 1), where `JSON.parse` would change
   * digits. The caller refuses them unless declared; `jsonPointerAt` says where they stand.
   */
  readonly unsafeIntegers: readonly number[]
  /** Number of values. */
  readonly nodes: number
  readonly manifold: Manifold
  /**
   * The strings in it that may lead inside, names aside: all that `InsideJudge` refuses, and others. `undefined`: nobody
   * looked, or there are more than are noted.
   */
  readonly leading: LeadingTexts | undefined
}
