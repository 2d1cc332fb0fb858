import {
  brotliCompress,
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzip,
  gzipSync,
  zstdCompress,
  zstdCompressSync,
} from 'node:zlib'
import type { BrotliOptions, ZlibOptions, ZstdOptions } from 'node:zlib'
import type { Transform } from 'node:stream'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { ContentCoding } from '../http/accept-encoding.ts'

/** Up to this size a body costs less on the event loop (about 50 µs) than on its way to another thread and back. */
const MAX_SYNC_BYTES = 16_384

/** Each coding where another step would cost twice the time for a few per cent of the length. */
const GZIP: ZlibOptions = { level: 5 }
/** 256 KB of window: larger ones would be held for every answer under way. */
const WINDOW_BITS = 18
const BROTLI: BrotliOptions = {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 4,
    [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS,
  },
}
const ZSTD: ZstdOptions = {
  params: {
    [constants.ZSTD_c_compressionLevel]: 3,
    [constants.ZSTD_c_windowLog]: WINDOW_BITS,
  },
}

/** Compresses a body that is there as a whole; larger ones in another thread. */
export function compressed(body: Buffer, coding: ContentCoding): MaybePromise<Buffer> {
  return body.length <= MAX_SYNC_BYTES
    ? compressedSync(body, coding)
    : compressedAside(body, coding)
}

function compressedSync(body: Buffer, coding: ContentCoding): Buffer {
  if (coding === 'gzip') return gzipSync(body, GZIP)
  return coding === 'br' ? brotliCompressSync(body, BROTLI) : zstdCompressSync(body, ZSTD)
}

function compressedAside(body: Buffer, coding: ContentCoding): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, result: Buffer): void => {
      if (error === null) resolve(result)
      else reject(error)
    }
    if (coding === 'gzip') gzip(body, GZIP, done)
    else if (coding === 'br') brotliCompress(body, BROTLI, done)
    else zstdCompress(body, ZSTD, done)
  })
}

/** A coder for a body that comes in pieces; each piece is worked on in another thread. */
export interface Coder extends Transform {
  flush(kind?: number): void
}

/** Most that one coder holds: its tables and window, and what waits on both sides of it. */
export const CODER_BYTES = 1_048_576

/** Lets out what a coder has taken so far; what comes after may still refer to it. */
export function flushCoder(coder: Coder, coding: ContentCoding): void {
  if (coding === 'gzip') coder.flush(constants.Z_SYNC_FLUSH)
  else coder.flush(coding === 'br' ? constants.BROTLI_OPERATION_FLUSH : constants.ZSTD_e_flush)
}

/** A coder that has begun. Whoever makes it must see it to its end or destroy it. */
export function coderOf(coding: ContentCoding): Coder {
  if (coding === 'gzip') return createGzip(GZIP)
  return coding === 'br' ? createBrotliCompress(BROTLI) : createZstdCompress(ZSTD)
}
