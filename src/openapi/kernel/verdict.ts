/** Why a text is left to the careful path, which makes values of it. */
export type Doubt =
  /** An object names a member twice that would stay, or may do so. */
  | 'repeated-name'
  /** A name that counts is written with escapes. */
  | 'escaped-name'
  | 'too-deep'
  | 'not-utf8'
  /** More names or edits than the kernel has room for. */
  | 'no-room'
  /** The schema leaves a choice to the value (`oneOf`, `if`, patterns, …). */
  | 'undecided'
  /** Texts of this kind were doubtful lately: this one was not looked at. */
  | 'resting'

/** A member has a name under which errors are told (the names of `controls/errors`), kept or not. */
export const SIGN_ERROR: number = 1
/** A text that stays holds something like what secrets begin with (`mayHoldSecret` of `controls/secrets`). */
export const SIGN_SECRET: number = 2

/** What became of a JSON text. */
export type KernelVerdict =
  /** Nothing to take out: the text may go as it is. */
  | {
      readonly kind: 'clean'
      /** What was seen on the way: `SIGN_ERROR`, `SIGN_SECRET`. In doubt they are set, never the other way round. */
      readonly signs: number
    }
  | {
      readonly kind: 'filtered'
      /** The text without what was taken out; every byte of what stays is as it was. No byte order mark. */
      readonly bytes: Buffer
      /** JSON Pointers (RFC 6901) of what was taken out, in the order of the text; at most 20, about 4 KB together. */
      readonly dropped: readonly string[]
      /** As for what is clean. */
      readonly signs: number
    }
  /** Not JSON (RFC 8259); the offset of the byte at which that was seen. */
  | { readonly kind: 'malformed'; readonly offset: number }
  | { readonly kind: 'doubtful'; readonly why: Doubt }

const CLEAN: readonly KernelVerdict[] = [0, 1, 2, 3].map((signs) =>
  Object.freeze({ kind: 'clean', signs }),
)

/** The verdict of a text that may go as it is; always the same object for the same signs. */
export function cleanVerdict(signs: number): KernelVerdict {
  return CLEAN[signs] ?? { kind: 'clean', signs }
}

const DOUBTS = new Map<Doubt, KernelVerdict>()

/** The verdict of one doubt; always the same object. */
export function doubtful(why: Doubt): KernelVerdict {
  let verdict = DOUBTS.get(why)
  if (verdict === undefined) {
    verdict = Object.freeze({ kind: 'doubtful', why } as const)
    DOUBTS.set(why, verdict)
  }
  return verdict
}
