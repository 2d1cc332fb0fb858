import type { MaybePromise } from '../../base/maybe-promise.ts'
import { nextTurn } from '../../base/next-turn.ts'
import type { TextCursor } from '../../http/leading-texts.ts'

/** Which texts are judged, by the names they stand under. */
export interface TextRules {
  /** What texts under a name are judged as; `undefined`: not at all. */
  readonly kindOf: (name: string) => TextKind | undefined
  /** Whether a text is judged as nothing, whatever its name is. Cheaper than to ask for the name. */
  readonly isIdle: (text: string) => boolean
}

/** The document says that it is a URL, or it only looks like one. */
export type TextKind = 'declared' | 'named'

/** Why a text is refused; the same for the same text. */
export type JudgeText<F> = (text: string, kind: TextKind) => F | undefined

/** The first text that was refused. */
export interface Refused<F> {
  readonly fault: F
  /** JSON Pointer of the text. */
  readonly pointer: string
}

/** So many texts are judged without a look at the clock; most bodies have no more. */
const AT_ONCE = 64
/** So many between two looks at it. */
const BETWEEN_LOOKS = 8
/** Others have their turn after so many milliseconds. */
const SLICE_MS = 0.25

/** Judges texts in turn until one is refused. */
export class Judging<F> {
  readonly #texts: TextCursor
  readonly #rules: TextRules
  readonly #judge: JudgeText<F>
  #isOver = false
  #name: string | undefined = undefined
  #kind: TextKind | undefined = undefined

  constructor(texts: TextCursor, rules: TextRules, judge: JudgeText<F>) {
    this.#texts = texts
    this.#rules = rules
    this.#judge = judge
  }

  /** Judges all of them at once. */
  all(): Refused<F> | undefined {
    return this.#take(Infinity)
  }

  /** The same, of many texts in turns of their own. */
  inTurns(): MaybePromise<Refused<F> | undefined> {
    const refused = this.#take(AT_ONCE)
    return refused === undefined && !this.#isOver ? this.#others() : refused
  }

  async #others(): Promise<Refused<F> | undefined> {
    await nextTurn()
    let start = performance.now()
    for (;;) {
      const refused = this.#take(BETWEEN_LOOKS)
      if (refused !== undefined || this.#isOver) return refused
      if (performance.now() - start < SLICE_MS) continue
      await nextTurn()
      start = performance.now()
    }
  }

  #take(most: number): Refused<F> | undefined {
    const texts = this.#texts
    for (let taken = 0; taken < most; taken += 1) {
      if (!texts.next()) {
        this.#isOver = true
        return undefined
      }
      const { name, text } = texts
      if (this.#rules.isIdle(text)) continue
      if (name !== this.#name) {
        this.#name = name
        this.#kind = this.#rules.kindOf(name)
      }
      const fault = this.#kind === undefined ? undefined : this.#judge(text, this.#kind)
      if (fault !== undefined) return { fault, pointer: texts.pointer() }
    }
    return undefined
  }
}
