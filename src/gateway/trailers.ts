import { hasControl, isToken } from '../http/chars.ts'
import { isHopByHop } from '../http/hop-by-hop.ts'

/** Trailers behind one body; more are dropped. */
const MAX_TRAILERS = 64
/** Names and values of all trailers of one body together, in bytes; what is over is dropped. */
const MAX_TRAILER_BYTES = 8_192

/**
 * Fields that decide about framing, routing, authentication, caching or the meaning of the content: whoever merges
 * trailers into the head would let a message change its mind after it was judged (RFC 9110 section 6.5.1).
 */
const HEAD_ONLY: ReadonlySet<string> = new Set(
  (
    'host content-length content-type content-encoding content-language content-location content-range ' +
    'content-disposition trailer te expect max-forwards range if-match if-none-match if-modified-since ' +
    'if-unmodified-since if-range authorization cookie set-cookie www-authenticate authentication-info origin age ' +
    'cache-control expires date location retry-after vary pragma warning allow etag last-modified refresh ' +
    'strict-transport-security clear-site-data'
  ).split(' '),
)

/**
 * What may go on of the trailers of a body: tokens in lower case with clean values, nothing that belongs into a head.
 * @returns a flat list; what must not or cannot pass is left out, as every hop may do (RFC 9110 section 6.5).
 */
export function passedTrailers(
  trailers: readonly string[],
  keeps: (name: string) => boolean,
): readonly string[] {
  if (trailers.length === 0) return trailers
  const out: string[] = []
  let bytes = 0
  for (let i = 0; i + 1 < trailers.length && out.length < MAX_TRAILERS * 2; i += 2) {
    const name = (trailers[i] ?? '').toLowerCase()
    const value = trailers[i + 1] ?? ''
    if (!isToken(name) || hasControl(value) || HEAD_ONLY.has(name) || isHopByHop(name)) continue
    if (name.startsWith('access-control-') || name.startsWith('sallyport-') || !keeps(name))
      continue
    bytes += name.length + value.length
    if (bytes > MAX_TRAILER_BYTES) break
    out.push(name, value)
  }
  return out
}
