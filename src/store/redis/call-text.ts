import type { Line, Shape } from './policy-lines.ts'
import { FIRST_MARK, MARK_BASE } from './scripts.ts'

/** What a call of `DECIDE` carries. */
export interface CallText {
  readonly lines: string
  readonly shapes: string
}

/** Two characters for each shape of a call, by its place among them. */
const MARKS = Array.from({ length: MARK_BASE ** 2 }, (_, place) =>
  String.fromCharCode(FIRST_MARK + Math.floor(place / MARK_BASE), FIRST_MARK + (place % MARK_BASE)),
)

/**
 * Writes lines as the script reads them. Most lines of a call are of few shapes, so that each shape stands there once, and
 * lines are short. Writes one call at a time; its shapes are no other writer's.
 */
export class CallWriter {
  #call = 1
  #count = 0
  #lines = ''
  #shapes = ''

  /** At most 8100 shapes in a call. */
  add({ what, name, shape }: Line): void {
    if (shape.call !== this.#call) this.#addShape(shape)
    this.#lines += what + name + shape.mark
  }

  /** What was added since the last time. */
  take(): CallText {
    const text = { lines: this.#lines, shapes: this.#shapes }
    this.#call += 1
    this.#count = 0
    this.#lines = ''
    this.#shapes = ''
    return text
  }

  #addShape(shape: Shape): void {
    shape.call = this.#call
    shape.mark = MARKS[this.#count] ?? ''
    this.#shapes += this.#count === 0 ? shape.text : ` ${shape.text}`
    this.#count += 1
  }
}
