import { isJson, matchMediaType, parseMediaType } from '../../http/media-type.ts'
import type { MediaType } from '../../http/media-type.ts'
import type { ResponseModel } from '../../openapi/model.ts'
import type { UpstreamResponse } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { declaredResponse } from './declared.ts'

/** How the bodies of an answer are judged, by its declared response and that one's declared media type. */
export type Judges<J> = ReadonlyMap<ResponseModel, ReadonlyMap<string, J | undefined>>

/** What the document says of an answer, as far as status and media type tell. */
export interface Said<J> {
  readonly declared: ResponseModel | undefined
  /** The declared media type that the answer's own falls under. */
  readonly type: string | undefined
  /** `undefined`: the body is not judged, or cannot be JSON. */
  readonly judge: J | undefined
}

/** Finds what the document says of the answers of an operation. Never throws. */
export function answerReader<J extends { readonly seeksJson: boolean }>(
  { operation }: Site,
  judges: Judges<J>,
): (response: UpstreamResponse) => Said<J> {
  // Several hooks ask of each answer, and most answers of an operation are alike. Of an answer nothing is kept.
  let lastStatus = 0
  let lastType: MediaType | undefined
  let last: Said<J> | undefined
  return ({ status, headers }) => {
    const text = headers.get('content-type')
    const actual = text === undefined ? undefined : parseMediaType(text)
    if (last !== undefined && actual === lastType && status === lastStatus) return last
    const declared = declaredResponse(operation, status)
    const isUntyped = text === undefined
    const type = declared === undefined ? undefined : mediaTypeOf(declared, actual, isUntyped)
    const judge =
      declared === undefined || type === undefined ? undefined : judges.get(declared)?.get(type)
    const isJudged = judge !== undefined && (isUntyped || mayBeJson(actual, judge.seeksJson))
    const said = { declared, type, judge: isJudged ? judge : undefined }
    // An answer without a type, or with one that is none, is not like others without.
    if (actual === undefined) return said
    lastStatus = status
    lastType = actual
    last = said
    return said
  }
}

/** One without a type is taken for the JSON it should be. */
function mediaTypeOf(
  { content }: ResponseModel,
  actual: MediaType | undefined,
  isUntyped: boolean,
): string | undefined {
  const types = content.map(({ type }) => type)
  if (isUntyped) return types.find((type) => isJson(type) || type === '*/*')
  return actual === undefined ? undefined : matchMediaType(types, actual)
}

/** What PHP, Go and others call JSON that was given no type. */
const CALLED_OTHERWISE: ReadonlySet<string> = new Set([
  'application/javascript',
  'application/octet-stream',
  'application/x-json',
  'binary/octet-stream',
  'text/html',
  'text/javascript',
  'text/plain',
  'text/x-json',
])

function mayBeJson(actual: MediaType | undefined, seeksJson: boolean): boolean {
  const essence = actual?.essence ?? ''
  return isJson(essence) || (seeksJson && CALLED_OTHERWISE.has(essence))
}
