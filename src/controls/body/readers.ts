import { andThen, isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { nextTurn } from '../../base/next-turn.ts'
import { parseJsonSliced, parseJsonStrict, scanJson, scanJsonSliced } from '../../http/json-scan.ts'
import type { JsonValue } from '../../http/json-scan.ts'
import type { JsonFault, JsonLimits, JsonOutline } from '../../http/json-limits.ts'
import { LeadingTexts } from '../../http/leading-texts.ts'
import type { MediaType as ActualType } from '../../http/media-type.ts'
import { isJson } from '../../http/media-type.ts'
import type { BodyFault } from '../../openapi/decode/contract.ts'
import type { Accepted } from '../../openapi/accept/accept-kernel.ts'
import { acceptorOf } from '../../openapi/accept/acceptors.ts'
import type { Acceptor } from '../../openapi/accept/acceptor-compiler.ts'
import { compileFormBody } from '../../openapi/decode/form.ts'
import { compileMultipart } from '../../openapi/decode/multipart.ts'
import { readText, Unreadable } from '../../openapi/decode/scalar.ts'
import type { TextType } from '../../openapi/decode/text-type.ts'
import type { MediaType } from '../../openapi/model.ts'
import type { SlicedValidate, Validate, Violation } from '../../openapi/schema/contract.ts'
import type { ReadHeldBody } from '../../pipeline/exchange.ts'
import type { ApiRuntime } from '../kit.ts'
import { requestSchemas } from '../request-schemas.ts'
import type { BodyConfig } from './config.ts'

/** A body as a value with what its schema says of it, or why it is none. */
export type ReadBody =
  | {
      readonly kind: 'value'
      readonly value: unknown
      readonly violations: readonly Violation[] | undefined
      /** As in `JsonOutline`. */
      readonly leading: LeadingTexts | undefined
    }
  /** It fits; the value is made once somebody asks for it. */
  | {
      readonly kind: 'sound'
      readonly leading: LeadingTexts
      /** As in `Exchange`. */
      readonly areUrlsTold: boolean
      readonly read: ReadHeldBody
    }
  /** Nobody here reads such bytes: they pass as they are. */
  | { readonly kind: 'opaque' }
  | {
      readonly kind: 'malformed'
      readonly reason: 'malformed_json' | 'malformed_form'
      readonly detail: string
    }

/** Reads the bytes of a body whose type was matched already. */
export type BodyReader = (bytes: Buffer, type: ActualType) => MaybePromise<ReadBody>

/** A reader for each declared media type; `undefined` where the bytes are nobody's business. */
export function bodyReaders(
  config: BodyConfig,
  content: readonly MediaType[],
  api: ApiRuntime,
): ReadonlyMap<string, BodyReader | undefined> {
  return new Map(content.map((media) => [media.type, readerOf(config, media, api)]))
}

function readerOf(config: BodyConfig, media: MediaType, api: ApiRuntime): BodyReader | undefined {
  const schemas = requestSchemas(api, config)
  const validate = media.schema === undefined ? ANYTHING : schemas.validator(media.schema)
  const validateLarge =
    media.schema === undefined ? LARGE_ANYTHING : schemas.slicedValidator(media.schema)
  const accept =
    media.schema === undefined ? undefined : acceptorOf(schemas, media.schema, config.jsonLimits)
  const full = jsonReader({ validate, validateLarge }, config.jsonLimits)
  const json: BodyReader =
    accept === undefined ? (bytes) => full(bytes) : acceptingReader(accept, full, config.jsonLimits)
  const fields = { validate, validateLarge }
  if (isWide(media.type)) return rangeReader(json, { media, api, fields, accept })
  if (isJson(media.type)) return json
  if (media.type === FORM) return formReader(media, api, fields)
  if (media.type === MULTIPART) return multipartReader(media, api, { validators: fields, accept })
  if (media.type.startsWith('text/') && media.type !== 'text/xml')
    return textReader(api.decode.types(media.schema), validate)
  return undefined
}

/** Whether a range takes JSON or forms beside other things. */
export function isWide(type: string): boolean {
  return /^(?:\*|application|multipart)\/\*$/.test(type)
}

const FORM = 'application/x-www-form-urlencoded'
const MULTIPART = 'multipart/form-data'
const OPAQUE: ReadBody = Object.freeze({ kind: 'opaque' })

/** Generators write ranges such as "all" and mean what the client sends: each kind is read as what it says it is. */
function rangeReader(
  json: BodyReader,
  {
    media,
    api,
    fields,
    accept,
  }: {
    readonly media: MediaType
    readonly api: ApiRuntime
    readonly fields: Validators
    readonly accept: Acceptor | undefined
  },
): BodyReader {
  const form = formReader(media, api, fields)
  const multipart = multipartReader(media, api, { validators: fields, accept })
  const takesText = fields.validate('') === undefined
  return (bytes, type) => {
    if (isJson(type.essence)) return json(bytes, type)
    if (type.essence === FORM) return form(bytes, type)
    if (type.essence === MULTIPART) return multipart(bytes, type)
    return !takesText && looksLikeJson(bytes) ? json(bytes, type) : OPAQUE
  }
}

/** Many programs read JSON whatever its type says: where no text is wanted, what begins like JSON is judged as JSON. */
function looksLikeJson(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, 64)
  return /^(?:\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff)?[\s\0]*(?:[[{]|$)/.test(start)
}

const ANYTHING: Validate = () => undefined
const LARGE_ANYTHING: SlicedValidate = () => Promise.resolve(undefined)

/** A value and what is known of it. */
interface Found {
  readonly value: unknown
  readonly leading: LeadingTexts | undefined
}

function value({ value: found, leading }: Found, validate: Validate): ReadBody {
  return { kind: 'value', value: found, violations: validate(found), leading }
}

interface Validators {
  readonly validate: Validate
  readonly validateLarge: SlicedValidate
}

/**
 * Above this, a value is checked in slices, with other requests served between: a document may ask twenty patterns of
 * each text. Bytes.
 */
const SLICED_BYTES = 16_384

/** Reads JSON; `known`: what the scan told of it, where it was asked. */
type ScannedReader = (bytes: Buffer, known?: JsonFault | JsonOutline) => MaybePromise<ReadBody>

function jsonReader(validators: Validators, limits: JsonLimits): ScannedReader {
  return (bytes, known) => {
    const parsed = parseJsonSliced(bytes, limits, known)
    if (isPromise(parsed)) return parsed.then((late) => readJson(late, bytes, validators))
    return readJson(parsed, bytes, validators)
  }
}

/** Most bodies are sound, and nobody asks for their values: those are seen to fit in one pass over the bytes. */
function acceptingReader(accept: Acceptor, full: ScannedReader, limits: JsonLimits): BodyReader {
  const read: ReadHeldBody = (bytes) => {
    const parsed = parseJsonStrict(bytes, limits)
    return parsed.fault === undefined ? parsed.value : undefined
  }
  const sound = (leading: LeadingTexts, accepted: Accepted): ReadBody => ({
    kind: 'sound',
    leading,
    areUrlsTold: accepted !== 'unlisted',
    read,
  })
  const nothingLeads = sound(LeadingTexts.NONE, 'fits')
  return (bytes) => {
    if (bytes.length > SLICED_BYTES)
      return fitsInTurns(bytes, accept, limits).then(({ leading, outline, accepted }) =>
        accepted === 'unknown' || leading === undefined
          ? full(bytes, outline)
          : sound(leading, accepted),
      )
    const accepted = accept(bytes)
    if (accepted === 'unknown') return full(bytes)
    if (accepted === 'fits') return nothingLeads
    const outline = scanJson(bytes, limits)
    const leading = leadingOf(outline)
    return leading === undefined ? full(bytes, outline) : sound(leading, accepted)
  }
}

/** Of a text without fault, what is needed where nobody asks for its value. */
function leadingOf(outline: JsonFault | JsonOutline): LeadingTexts | undefined {
  return outline.fault === undefined && outline.unsafeIntegers.length === 0
    ? outline.leading
    : undefined
}

/** What is known of a text that was scanned and perhaps seen to fit. */
interface Seen {
  readonly accepted: Accepted
  readonly outline: JsonFault | JsonOutline
  /** What may lead inside in it, where that is known. */
  readonly leading: LeadingTexts | undefined
}

/**
 * Asks of a long text whether it fits, so that hardly anybody asks for its value. Either way, a turn begins in which a
 * value may be made.
 */
async function fitsInTurns(bytes: Buffer, accept: Acceptor, limits: JsonLimits): Promise<Seen> {
  const outline = await scanJsonSliced(bytes, limits)
  const leading = leadingOf(outline)
  if (leading === undefined) return { accepted: 'unknown', outline, leading }
  await nextTurn()
  // What was scanned needs no other scan.
  const accepted = accept(bytes)
  if (accepted !== 'unknown') await nextTurn()
  return { accepted, outline, leading }
}

function readJson(
  parsed: JsonValue | JsonFault,
  bytes: Buffer,
  validators: Validators,
): MaybePromise<ReadBody> {
  return isSound(parsed) ? checked(parsed, bytes, validators) : unsound(parsed)
}

function checked(
  found: Found,
  bytes: Buffer,
  { validate, validateLarge }: Validators,
): MaybePromise<ReadBody> {
  if (bytes.length <= SLICED_BYTES) return value(found, validate)
  const { value: large, leading } = found
  return validateLarge(large).then((violations) => ({
    kind: 'value',
    value: large,
    violations,
    leading,
  }))
}

function isSound(parsed: JsonValue | JsonFault): parsed is JsonValue {
  return parsed.fault === undefined && parsed.unsafeIntegers.length === 0
}

function unsound(parsed: JsonValue | JsonFault): ReadBody {
  const detail =
    parsed.fault === undefined
      ? 'integer beyond 2^53 - 1'
      : `${parsed.fault} at byte ${parsed.offset}`
  return { kind: 'malformed', reason: 'malformed_json', detail }
}

/** A text that is to be a number is read as one; one that is to be a structure is in a language nobody reads here. */
function textReader(type: TextType, validate: Validate): BodyReader {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  return (bytes) => {
    let text: string
    try {
      text = decoder.decode(bytes)
    } catch {
      return { kind: 'malformed', reason: 'malformed_form', detail: 'not UTF-8' }
    }
    if (type.scalars.length === 0) return OPAQUE
    const read = readText(text, type)
    return value({ value: read instanceof Unreadable ? text : read, leading: undefined }, validate)
  }
}

function formReader(media: MediaType, api: ApiRuntime, validators: Validators): BodyReader {
  const decode = compileFormBody(media, api.decode)
  return (bytes) =>
    andThen(decode(bytes), (found) =>
      'fault' in found
        ? refusedForm(found.fault)
        : checked({ value: found.value, leading: undefined }, bytes, validators),
    )
}

function multipartReader(
  media: MediaType,
  api: ApiRuntime,
  {
    validators,
    accept,
  }: { readonly validators: Validators; readonly accept: Acceptor | undefined },
): BodyReader {
  const decode = compileMultipart(media, api.decode, accept)
  return async (bytes, type) => {
    const found = await decode(bytes, type.parameters)
    if ('fault' in found) return refusedForm(found.fault)
    return 'read' in found
      ? { kind: 'sound', areUrlsTold: false, ...found }
      : checked(found, bytes, validators)
  }
}

/** Schema keywords that decoding itself checks: the form is well formed, a value in it is not what was declared. */
const SCHEMA_KEYWORDS: ReadonlySet<string> = new Set(['type', 'maxItems', 'maxProperties'])

function refusedForm(fault: BodyFault): ReadBody {
  if (SCHEMA_KEYWORDS.has(fault.keyword))
    return { kind: 'value', value: undefined, violations: [fault], leading: undefined }
  return {
    kind: 'malformed',
    reason: 'malformed_form',
    detail: `${fault.pointer} ${fault.keyword}`,
  }
}
