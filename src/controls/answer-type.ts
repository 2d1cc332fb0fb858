import type { HeaderTable } from '../http/header-table.ts'
import { parseMediaType } from '../http/media-type.ts'

let lastHeaders: HeaderTable | undefined
let lastType: string | undefined

/**
 * The media type of an answer, without its parameters; `undefined` where there is none or it is malformed. Guards ask
 * one after the other, and of answers with the very same fields (a table never changes).
 */
export function answerType(headers: HeaderTable): string | undefined {
  if (headers !== lastHeaders) {
    lastType = parseMediaType(headers.get('content-type') ?? '')?.essence
    lastHeaders = headers
  }
  return lastType
}
