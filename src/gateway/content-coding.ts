import {
  brotliDecompressSync,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib'
import { memo } from '../base/memo.ts'
import type { Exchange } from '../pipeline/exchange.ts'

/** Undoes the API's content coding, bounded. `undefined`: unknown coding, broken data, or too large. */
export function decompressed(
  exchange: Exchange,
  body: Buffer,
  maxBytes: number,
): Buffer | undefined {
  const headers = exchange.upstream?.headers
  const first = headers?.get('content-encoding')
  if (first === undefined) return body
  const coding = first.trim().toLowerCase()
  // Codings in further fields stand around the first: what would come out is not what anybody judged.
  if (headers !== undefined && headers.count('content-encoding') > 1) return undefined
  if (coding === 'identity' || coding === '' || body.length === 0) return body
  const decode = DECODERS.get(coding)
  if (decode === undefined) return undefined
  try {
    return decode(body, { maxOutputLength: maxBytes })
  } catch {
    return undefined // broken or over the limit: either way not what the API declared
  }
}

type Decode = (body: Buffer, options: { readonly maxOutputLength: number }) => Buffer

const DECODERS: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateEither],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
])

/** Some servers leave out the zlib wrapper that RFC 9110 section 8.4.1.2 asks for; its first byte tells. */
function inflateEither(body: Buffer, options: { readonly maxOutputLength: number }): Buffer {
  const hasWrapper =
    body.length > 1 && ((body[0] ?? 0) & 15) === 8 && body.readUInt16BE(0) % 31 === 0
  return hasWrapper ? inflateSync(body, options) : inflateRawSync(body, options)
}

/** What the client accepts of the codings that can be undone here, weights kept (RFC 9110 section 12.5.3). */
export const readableCodings: (accepted: string) => string = memo(readReadable, {
  maxEntries: 256,
  maxChars: 128,
})

function readReadable(accepted: string): string {
  const readable = accepted.split(',').flatMap((element) => {
    const coding = element.split(';', 1)[0]?.trim().toLowerCase() ?? ''
    return coding === 'identity' || DECODERS.has(coding) ? [element.trim()] : []
  })
  return readable.length === 0 ? 'identity' : readable.join(', ')
}
