import { Busboy } from '@fastify/busboy'
import type { BusboyFileStream } from '@fastify/busboy'
import { JSON_LIMITS } from '../../http/json-limits.ts'
import type { JsonOutline } from '../../http/json-limits.ts'
import { parseOutlined, scanJson } from '../../http/json-scan.ts'
import { LeadingTexts } from '../../http/leading-texts.ts'
import { matchMediaType, parseMediaType } from '../../http/media-type.ts'
import { nextTurn } from '../../base/next-turn.ts'
import type { Acceptor } from '../accept/acceptor-compiler.ts'
import { childPointer } from '../load/pointer.ts'
import type { MediaType } from '../model.ts'
import type { BodyFault, DecodeDeps } from './contract.ts'
import { namesOtherType } from './file-name.ts'
import { contradictsFileType } from './file-type.ts'
import { checkPartHeads, MAX_PARTS } from './part-heads.ts'
import type { FoundPart } from './part-heads.ts'
import { readText, Unreadable } from './scalar.ts'
import { FORBIDDEN_NAMES } from './structure.ts'
import { PLAIN_TEXT } from './text-type.ts'
import type { ObjectType, TextType } from './text-type.ts'

/** One part of a multipart body. */
export interface MultipartPart {
  readonly name: string
  /** File name without anything that a path could use; `undefined` for a plain field. */
  readonly fileName: string | undefined
  /** Essence in lower case; `text/plain` where the part says nothing. */
  readonly contentType: string
  readonly bytes: Buffer
}

/** The value of a multipart body for the schema validator with its parts, or why there is none. */
export type MultipartResult =
  | {
      readonly value: unknown
      readonly parts: readonly MultipartPart[]
      /** As in `JsonOutline`. */
      readonly leading: LeadingTexts | undefined
    }
  /** It fits its schema; the value is made once somebody asks for it. */
  | { readonly read: () => unknown; readonly leading: LeadingTexts }
  | { readonly fault: BodyFault }

/** Decodes a whole body; `parameters` are those of the request's media type, names in lower case. Never rejects. */
export type MultipartDecoder = (
  body: Buffer,
  parameters: ReadonlyMap<string, string>,
) => Promise<MultipartResult>

/**
 * Compiles the decoder of `multipart/form-data` bodies [VAL-06]: at most 20 parts, no nesting, file names that are plain
 * names, files whose first bytes fit their type, types that `encoding` allows, and no name that says another type. In the value a file is a string with one
 * character per byte (so that `maxLength` counts bytes), a JSON part its value, any other part text by its schema.
 * @param accept says of a JSON text that it fits the schema of the body.
 * @see RFC 7578
 */
export function compileMultipart(
  mediaType: MediaType,
  deps: DecodeDeps,
  accept?: Acceptor,
): MultipartDecoder {
  const object = deps.types(mediaType.schema).object
  return async (body, parameters) => {
    const boundary = parameters.get('boundary')
    if (boundary === undefined || !/^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/.test(boundary)) {
      return refuse('multipart', '', 'has no valid boundary')
    }
    // Parsers that know RFC 2231 take `boundary*` for the boundary and find other parts.
    if ([...parameters.keys()].some((name) => name.startsWith('boundary*')))
      return refuse('multipart', '', 'has two boundaries')
    const found = checkPartHeads(body, boundary)
    if ('fault' in found) return found
    const parts = plainParts(found, body) ?? (await readParts(boundary, body))
    // A part that the parser left out would reach the API unseen.
    if (parts?.length !== found.length) return refuse('multipart', '', 'is malformed')
    await nextTurn()
    // All parts are looked at before one is read: what is refused has cost little then.
    const known = await lookAt(parts, object, mediaType)
    if ('fault' in known) return known
    const isLarge = body.length > BYTES_AT_ONCE
    if (isLarge) await nextTurn()
    const leading = accept === undefined ? undefined : fitsAsJson(known, accept)
    // Whoever asks for the value makes it in another turn.
    if (isLarge) await nextTurn()
    if (leading === undefined) return buildValue(known)
    return { read: () => valueOf(known), leading }
  }
}

function refuse(keyword: string, pointer: string, message: string): { readonly fault: BodyFault } {
  return { fault: { keyword, pointer, message } }
}

/** The parts, where no head needs the parser. */
function plainParts(found: readonly FoundPart[], body: Buffer): MultipartPart[] | undefined {
  const parts: MultipartPart[] = []
  for (const { said, start, end } of found) {
    if (said === undefined) return undefined
    const { name, fileName, contentType = 'text/plain' } = said
    parts.push({ name, fileName, contentType, bytes: body.subarray(start, end) })
  }
  return parts
}

function readParts(boundary: string, body: Buffer): Promise<MultipartPart[] | undefined> {
  return new Promise((resolve) => {
    const parts: MultipartPart[] = []
    let open = 0
    let isFinished = false
    const settle = (): void => {
      if (isFinished && open === 0) resolve(parts)
    }
    const parser = new Busboy({
      headers: { 'content-type': `multipart/form-data; boundary="${boundary}"` },
      // Whether a part is a file is said by its name, not by its type; bytes are wanted of all.
      isPartAFile: () => true,
      preservePath: true,
      limits: {
        parts: MAX_PARTS,
        files: MAX_PARTS,
        fieldNameSize: 256,
        headerPairs: 32,
        headerSize: 8_192,
      },
    })
    parser.on(
      'file',
      (name: string, stream: BusboyFileStream, fileName: string, _encoding, mimeType) => {
        const chunks: Buffer[] = []
        open++
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('error', () => resolve(undefined))
        stream.on('end', () => {
          open--
          const type = parseMediaType(mimeType)?.essence ?? 'text/plain'
          parts.push({ name, fileName, contentType: type, bytes: Buffer.concat(chunks) })
          settle()
        })
      },
    )
    parser.on('error', () => resolve(undefined))
    parser.on('finish', () => {
      isFinished = true
      settle()
    })
    parser.end(body)
  })
}

/** Others have their turn after parts of so many bytes: each of them may be JSON. */
const BYTES_AT_ONCE = 8_192
/** As above, while JSON is only scanned. */
const SCANNED_AT_ONCE = 32_768

/** A part that was looked at. */
interface Known {
  readonly part: MultipartPart
  readonly type: TextType
  /** What is known of its JSON, where it is read as such. */
  readonly json: JsonOutline | undefined
}

/** Longer texts are not written as JSON. Bytes. */
const MAX_WRITTEN_BYTES = 1024

/**
 * Whether parts, written as the JSON text that says the same, surely fit: then what may lead inside in it, else
 * `undefined`. Only where nearly all of it is JSON already.
 */
function fitsAsJson(known: readonly Known[], accept: Acceptor): LeadingTexts | undefined {
  const names = new Set(known.map(({ part }) => part.name))
  if (names.size < known.length) return undefined
  const pieces: Buffer[] = []
  const places: number[] = []
  let length = 0
  for (const one of known) {
    const json = jsonOf(one)
    if (json === undefined) return undefined
    const leading = one.json === undefined ? LeadingTexts.ofScalar(json) : one.json.leading
    if (leading === undefined) return undefined
    const name = JSON.stringify(one.part.name)
    const before = Buffer.from(`${length === 0 ? '{' : ','}${name}:`)
    pieces.push(before, json)
    const at = length + before.length
    for (const place of leading.placesAt(at, length + 2, at - 2)) places.push(place)
    length = at + json.length
  }
  const text = Buffer.concat([...pieces, END])
  const accepted = accept(text)
  if (accepted === 'unknown') return undefined
  return accepted === 'fits' ? LeadingTexts.NONE : new LeadingTexts(text, Int32Array.from(places))
}

const END = Buffer.from('}')

function jsonOf(known: Known): Buffer | undefined {
  const { part, type, json } = known
  if (type.items !== undefined) return undefined
  if (json !== undefined) return part.bytes
  if (part.fileName !== undefined || part.bytes.length > MAX_WRITTEN_BYTES) return undefined
  const value = readPart(known)
  return value instanceof Unreadable ? undefined : Buffer.from(JSON.stringify(value))
}

/** Of parts each of which was seen to be readable and to come once. */
function valueOf(known: readonly Known[]): unknown {
  const value = Object.create(null) as Record<string, unknown>
  for (const one of known) value[one.part.name] = readPart(one)
  return value
}

async function buildValue(known: readonly Known[]): Promise<MultipartResult> {
  const value = Object.create(null) as Record<string, unknown>
  let left = BYTES_AT_ONCE
  for (const one of known) {
    if (left <= 0) {
      await nextTurn()
      left = BYTES_AT_ONCE
    }
    left -= one.part.bytes.length
    const { name } = one.part
    const read = readPart(one)
    const pointer = childPointer('', name)
    if (read instanceof Unreadable) return refuse(read.keyword, pointer, read.message)
    const before = value[name]
    if (one.type.items === undefined || Array.isArray(read)) {
      if (name in value) return refuse('duplicate', pointer, 'must come once')
      value[name] = read
    } else if (Array.isArray(before)) before.push(read)
    else value[name] = [read]
  }
  const parts = known.map(({ part }) => part)
  return { value, parts, leading: known.every(isWithoutUrl) ? LeadingTexts.NONE : undefined }
}

function isWithoutUrl({ json }: Known): boolean {
  return json?.leading?.count === 0
}

async function lookAt(
  parts: readonly MultipartPart[],
  object: ObjectType | undefined,
  mediaType: MediaType,
): Promise<readonly Known[] | { readonly fault: BodyFault }> {
  const known: Known[] = []
  // However many parts it comes in, a body holds no more values of JSON than a body of JSON may [VAL-05].
  let nodesLeft = JSON_LIMITS.maxNodes
  let left = SCANNED_AT_ONCE
  for (const part of parts) {
    if (left <= 0) {
      await nextTurn()
      left = SCANNED_AT_ONCE
    }
    left -= part.bytes.length
    const fault = checkPart(part, mediaType)
    if (fault !== undefined) return { fault }
    const type = object?.properties.get(part.name) ?? object?.others ?? PLAIN_TEXT
    const json = isJsonPart(part, type.items ?? type)
      ? scanJson(part.bytes, { ...JSON_LIMITS, maxNodes: nodesLeft })
      : undefined
    if (json?.fault === 'invalid_utf8')
      return refuse('encoding', childPointer('', part.name), 'is not valid UTF-8')
    if (json?.fault !== undefined)
      return refuse('json', childPointer('', part.name), 'must be valid JSON')
    if (json !== undefined && json.unsafeIntegers.length > 0)
      return refuse('json', childPointer('', part.name), 'must hold no integer beyond 2^53 - 1')
    nodesLeft -= json?.nodes ?? 0
    known.push({ part, type, json })
  }
  return known
}

function checkPart(part: MultipartPart, mediaType: MediaType): BodyFault | undefined {
  const pointer = childPointer('', part.name.slice(0, 64))
  if (FORBIDDEN_NAMES.has(part.name)) return { keyword: 'name', pointer, message: 'is never taken' }
  const declared = mediaType.encoding.get(part.name)?.contentType?.split(',')
  const actual = parseMediaType(part.contentType)
  if (
    declared !== undefined &&
    (actual === undefined || matchMediaType(declared, actual) === undefined)
  ) {
    return { keyword: 'contentType', pointer, message: 'has a type that is not declared' }
  }
  if (part.fileName === undefined) return undefined
  if (!isPlainName(part.fileName)) {
    return { keyword: 'fileName', pointer, message: 'has a file name that is no plain name' }
  }
  if (declared !== undefined && namesOtherType(part.fileName, declared)) {
    return { keyword: 'fileName', pointer, message: 'has a name of another type than is declared' }
  }
  if (contradictsFileType(part.contentType, part.bytes)) {
    return { keyword: 'fileType', pointer, message: 'is not of the type it says' }
  }
  return undefined
}

/** The bytes are forwarded as they came, so a name that would have to be cleaned is refused. */
function isPlainName(name: string): boolean {
  return (
    name.length <= 255 && !/[\0-\x1f\x7f/\\:*?"<>|\u202a-\u202e\u2066-\u2069]|^\.|[. ]$/.test(name)
  )
}

function isJsonPart({ contentType, fileName }: MultipartPart, type: TextType): boolean {
  if (/[/+]json$/.test(contentType)) return true
  if (fileName !== undefined || !contentType.startsWith('text/')) return false
  return type.object !== undefined && type.scalars.length === 0
}

function readPart({ part, type, json }: Known): unknown {
  if (json !== undefined) return parseOutlined(part.bytes, json)
  if (part.fileName !== undefined || !part.contentType.startsWith('text/'))
    return part.bytes.toString('latin1')
  const text = decodeUtf8(part.bytes)
  if (text === undefined) return new Unreadable('encoding', 'is not valid UTF-8')
  return readText(text, type.items ?? type)
}

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // Not UTF-8.
    return undefined
  }
}
