import { isJson, isUtf8Charset, parseMediaType } from '../../http/media-type.ts'
import type { BodyFault } from './contract.ts'

/** Most parts of one multipart body [VAL-06]. */
export const MAX_PARTS = 20
const MAX_HEAD_BYTES = 8_192
const CRLF2 = '\r\n\r\n'

/** A part as it stands in the body. */
export interface FoundPart {
  /** What its head says; `undefined` where the parser has to read it. */
  readonly said: SaidOfPart | undefined
  /** Where its bytes stand. */
  readonly start: number
  readonly end: number
}

/** What a head says that every program writes. */
export interface SaidOfPart {
  readonly name: string
  readonly fileName: string | undefined
  readonly contentType: string | undefined
}

/** As all programs write heads, with names and types that have one reading: no quotes, escapes, parameters. */
const PLAIN_HEAD =
  /^Content-Disposition: form-data; name="([\w .[\]-]{1,128})"(?:; filename="([\w .-]{1,128})")?(?:\r\nContent-Type: ((?:application|audio|font|image|text|video)\/[\w.+-]{1,64}))?$/

/** What is wrong with a multipart body beyond what its parser notices. */
const fault = (keyword: string, message: string): BodyFault => ({ keyword, pointer: '', message })

/**
 * Finds the parts of a multipart body and checks their heads for everything that two parsers could read differently:
 * exactly one `Content-Disposition: form-data` each, no header twice, no folded lines, no `filename*` (RFC 7578 section
 * 4.2), no transfer encoding, no nested multipart, no charset but UTF-8 for what is read, nothing before the first and
 * after the last delimiter.
 * @returns the parts in order, or why the body is refused. Linear; never throws.
 */
export function checkPartHeads(
  body: Buffer,
  boundary: string,
): readonly FoundPart[] | { readonly fault: BodyFault } {
  const parts: FoundPart[] = []
  const broken = findParts(body, boundary, parts)
  return broken === undefined ? parts : { fault: broken }
}

function findParts(body: Buffer, boundary: string, parts: FoundPart[]): BodyFault | undefined {
  const opening = `--${boundary}`
  const delimiter = `\r\n${opening}`
  if (!body.subarray(0, opening.length).equals(Buffer.from(opening, 'latin1'))) {
    return fault('multipart', 'does not start with its boundary')
  }
  let at = opening.length
  for (;;) {
    const tail = body.toString('latin1', at, at + 2)
    if (tail === '--')
      return parts.length > 0 && isEnd(body, at + 2)
        ? undefined
        : fault('multipart', 'does not end at its last boundary')
    if (tail !== '\r\n') return fault('multipart', 'has a malformed boundary')
    if (parts.length >= MAX_PARTS) return fault('maxParts', `has more than ${MAX_PARTS} parts`)
    const headEnd = body.indexOf(CRLF2, at, 'latin1')
    if (headEnd < 0 || headEnd - at > MAX_HEAD_BYTES)
      return fault('multipart', 'has a part without a head')
    const head = body.toString('latin1', at + 2, headEnd)
    const said = saidOf(head)
    const broken = said === undefined ? checkHead(head) : undefined
    if (broken !== undefined) return broken
    // The delimiter of an empty part shares the line break that ends its head.
    const next = body.indexOf(delimiter, headEnd + 2, 'latin1')
    if (next < 0) return fault('multipart', 'does not end at its last boundary')
    const start = headEnd + CRLF2.length
    parts.push({ said: next < start ? undefined : said, start, end: next })
    at = next + delimiter.length
  }
}

function saidOf(head: string): SaidOfPart | undefined {
  const match = PLAIN_HEAD.exec(head)
  const name = match?.[1]
  if (match === null || name === undefined) return undefined
  return { name, fileName: match[2], contentType: match[3]?.toLowerCase() }
}

function isEnd(body: Buffer, at: number): boolean {
  return ['', '\r\n'].includes(body.toString('latin1', at, at + 3))
}

function checkHead(head: string): BodyFault | undefined {
  const fields = new Map<string, string>()
  for (const line of head.split('\r\n')) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r\n]*)$/.exec(line)
    if (match === null) return fault('multipart', 'has a malformed part head')
    const name = (match[1] ?? '').toLowerCase()
    if (fields.has(name)) return fault('multipart', 'has a part with a field twice')
    fields.set(name, (match[2] ?? '').trim())
    const broken = checkField(name, match[2] ?? '')
    if (broken !== undefined) return broken
  }
  const disposition = fields.get('content-disposition')
  return disposition === undefined
    ? fault('multipart', 'has a part without a name')
    : checkType(fields.get('content-type'), /;[ \t]*filename[ \t]*=/i.test(disposition))
}

/** What is judged as UTF-8 must be UTF-8 to the API too; of files only JSON is read. */
function checkType(text: string | undefined, isFile: boolean): BodyFault | undefined {
  if (text === undefined || text === '') return undefined
  const type = parseMediaType(text)
  if (type === undefined) return fault('multipart', 'has a part with a malformed type')
  const isRead = !isFile || isJson(type.essence)
  return isRead && !isUtf8Charset(type)
    ? fault('multipart', 'has a part that is not in UTF-8')
    : undefined
}

function checkField(name: string, value: string): BodyFault | undefined {
  if (name === 'content-disposition') return checkDisposition(value)
  if (name === 'content-transfer-encoding' && !/^(?:7bit|8bit|binary)$/i.test(value.trim())) {
    return fault('multipart', 'has a part with a transfer encoding')
  }
  if (name === 'content-type' && /^\s*multipart\//i.test(value)) {
    return fault('multipart', 'has a part that is multipart itself')
  }
  return undefined
}

function checkDisposition(value: string): BodyFault | undefined {
  if (!/^form-data[ \t]*;/i.test(value))
    return fault('multipart', 'has a part that is no form data')
  const unquoted = value.replace(/"(?:[^"\\]|\\.)*"/g, '""')
  if (unquoted.replaceAll('""', '').includes('"'))
    return fault('multipart', 'has a malformed part head')
  if (
    !/^form-data(?:[ \t]*;[ \t]*[^=;,\s"]+[ \t]*=[ \t]*(?:""|[^;,\s"]+))*[ \t]*;?[ \t]*$/i.test(
      unquoted,
    )
  )
    return fault('multipart', 'has a malformed part head')
  const names = [...unquoted.matchAll(/;[ \t]*([^=;\s]+)[ \t]*=/g)].map((match) =>
    (match[1] ?? '').toLowerCase(),
  )
  if (new Set(names).size < names.length || names.some((name) => name.endsWith('*'))) {
    return fault('multipart', 'has a part that is named twice')
  }
  return names.includes('name') ? undefined : fault('multipart', 'has a part without a name')
}
