import { isPromise } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { KernelVerdict } from '../openapi/kernel/verdict.ts'
import { memberRanges } from './member-ranges.ts'
import { noteHidden, showField } from './show-field.ts'
import type { ShowWalk } from './show-field.ts'
import type { ShownText } from './shown-text.ts'

/** What became of a text. */
export type TextResult =
  /** `undefined`: it may go as it is. */
  | { readonly kind: 'shown'; readonly bytes: Buffer | undefined }
  | { readonly kind: 'malformed' }
  /** Only its value tells. */
  | { readonly kind: 'doubtful' }

const DOUBTFUL: TextResult = Object.freeze({ kind: 'doubtful' })
const MALFORMED: TextResult = Object.freeze({ kind: 'malformed' })
const AS_IT_IS: TextResult = Object.freeze({ kind: 'shown', bytes: undefined })

/** A byte order mark begins so. */
const MARK = 0xef
const QUOTE = 34

/** Shows the fields of a JSON text; what is found is noted in the walk. Later only for texts above 256 KB. */
export function showText(body: Buffer, text: ShownText, walk: ShowWalk): MaybePromise<TextResult> {
  // With a mark no object would be seen to begin.
  if (body[0] === MARK) return DOUBTFUL
  const verdict = text.kernel.run(body)
  return isPromise(verdict)
    ? verdict.then((found) => resultOf(found, body, { text, walk }))
    : resultOf(verdict, body, { text, walk })
}

interface Showing {
  readonly text: ShownText
  readonly walk: ShowWalk
}

function resultOf(verdict: KernelVerdict, body: Buffer, showing: Showing): TextResult {
  switch (verdict.kind) {
    case 'malformed':
      return MALFORMED
    case 'doubtful':
      return DOUBTFUL
    case 'clean': {
      const bytes = changed(body, showing)
      return bytes === undefined ? AS_IT_IS : { kind: 'shown', bytes }
    }
    default:
      for (const pointer of verdict.dropped) noteHidden(showing.walk, pointer)
      return { kind: 'shown', bytes: changed(verdict.bytes, showing) ?? verdict.bytes }
  }
}

/** The text with what is written in place of values; `undefined`: nothing is. */
function changed(body: Buffer, { text, walk }: Showing): Buffer | undefined {
  if (text.changed === undefined) return undefined
  const edits: Edit[] = []
  for (const { known, start, end } of memberRanges(body, text.changed)) {
    const value = valueAt(body, start, end)
    const shown = showField(value, known.decision, { parent: undefined, walk, at: known.pointer })
    if (shown !== value) edits.push({ start, end, json: JSON.stringify(shown) })
  }
  return edits.length === 0 ? undefined : edited(body, edits)
}

/** What stands where a value stood. */
interface Edit {
  readonly start: number
  readonly end: number
  readonly json: string
}

function valueAt(body: Buffer, start: number, end: number): unknown {
  const text = body.toString('utf8', start, end)
  // Most are texts without escapes, which say what they are.
  return body[start] === QUOTE && !text.includes('\\')
    ? text.slice(1, -1)
    : (JSON.parse(text) as unknown)
}

function edited(body: Buffer, edits: readonly Edit[]): Buffer {
  let size = body.length
  for (const { start, end, json } of edits) size += Buffer.byteLength(json) - (end - start)
  const out = Buffer.allocUnsafe(size)
  let from = 0
  let at = 0
  for (const { start, end, json } of edits) {
    at += body.copy(out, at, from, start)
    at += out.write(json, at, 'utf8')
    from = end
  }
  body.copy(out, at, from)
  return out
}
