import { isUtf8 } from 'node:buffer'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { nextTurn } from '../base/next-turn.ts'
import { buildJson } from './json-build.ts'
import { JSON_LIMITS } from './json-limits.ts'
import type { JsonFault, JsonLimits, JsonOutline } from './json-limits.ts'
import { JsonScanner } from './json-scanner.ts'
import { makeWasmScan, MAX_WASM_BYTES } from './json-wasm.ts'
import type { WasmScan } from './json-wasm.ts'
import type { LeadingTexts } from './leading-texts.ts'
import { utf8SequenceLength } from './utf8.ts'

let made: WasmScan | 'none' | undefined

/** The scan as WebAssembly, where there is one and the text is for it. */
function wasmScan(bytes: Uint8Array, limits: JsonLimits): JsonFault | JsonOutline | undefined {
  made ??= makeWasmScan() ?? 'none'
  return made === 'none' ? undefined : made(bytes, limits)
}

/**
 * Checks a JSON text byte by byte before `JSON.parse` sees it [VAL-05]: strict grammar and everything two parsers
 * could read differently. Linear in the number of bytes whatever they are; never throws.
 * @see RFC 8259 sections 2, 4, 6, 7, 8
 */
export function scanJson(
  bytes: Uint8Array,
  limits: JsonLimits = JSON_LIMITS,
): JsonFault | JsonOutline {
  return (
    encodingFault(bytes) ??
    wasmScan(bytes, limits) ??
    new JsonScanner(bytes, limits).run() ??
    UNENDED
  )
}

/** Nobody gets to see it: without a bound a scan does not pause. */
const UNENDED: JsonFault = Object.freeze({ fault: 'unexpected_end', offset: 0 })

/** A strictly checked JSON value. */
export interface JsonValue {
  readonly fault: undefined
  readonly value: unknown
  /** See `JsonOutline`. */
  readonly unsafeIntegers: readonly number[]
  /** See `JsonOutline`. */
  readonly leading: LeadingTexts | undefined
}

/** Parses a JSON text that `scanJson` accepts; never throws. */
export function parseJsonStrict(
  bytes: Buffer,
  limits: JsonLimits = JSON_LIMITS,
): JsonValue | JsonFault {
  return parseScanned(bytes, scanJson(bytes, limits))
}

/** Above this, a text is taken in steps, with other requests served between. Bytes. */
export const JSON_SLICE_BYTES: number = 32_768

/** A value that took so long to make is looked at in another turn. Milliseconds. */
const LONG_MS = 0.25

/**
 * As `parseJsonStrict`; texts longer than `JSON_SLICE_BYTES` come later, and those whose objects are dear to make.
 * Never throws, never rejects. `known`: what `scanJson` told of the text, where it was asked.
 */
export function parseJsonSliced(
  bytes: Buffer,
  limits: JsonLimits = JSON_LIMITS,
  known?: JsonFault | JsonOutline,
): MaybePromise<JsonValue | JsonFault> {
  const isLong = bytes.length > JSON_SLICE_BYTES
  if (isLong && known === undefined)
    return scanJsonSliced(bytes, limits).then((outline) => parseLater(bytes, outline))
  const outline = known ?? scanJson(bytes, limits)
  return isLong || (outline.fault === undefined && outline.manifold !== 'none')
    ? parseLater(bytes, outline)
    : parseScanned(bytes, outline)
}

/** As `scanJson`, in slices where the text is long. Never rejects. */
export async function scanJsonSliced(
  bytes: Buffer,
  limits: JsonLimits = JSON_LIMITS,
): Promise<JsonFault | JsonOutline> {
  const fault = encodingFault(bytes)
  if (fault !== undefined) return fault
  const known = bytes.length <= MAX_WASM_BYTES ? wasmScan(bytes, limits) : undefined
  if (known !== undefined) return known
  const scanner = new JsonScanner(bytes, limits)
  for (let until = JSON_SLICE_BYTES; ; until += JSON_SLICE_BYTES) {
    const outline = scanner.run(until)
    if (outline !== undefined) return outline
    await nextTurn()
  }
}

/** In a turn of its own; the next one is for the value, unless there is still time for it. */
async function parseLater(
  bytes: Buffer,
  outline: JsonFault | JsonOutline,
): Promise<JsonValue | JsonFault> {
  await nextTurn()
  const start = performance.now()
  const parsed = parseScanned(bytes, outline)
  if (performance.now() - start > LONG_MS) await nextTurn()
  return parsed
}

function parseScanned(bytes: Buffer, outline: JsonFault | JsonOutline): JsonValue | JsonFault {
  if (outline.fault !== undefined) return outline
  return {
    fault: undefined,
    value: parseOutlined(bytes, outline),
    unsafeIntegers: outline.unsafeIntegers,
    leading: outline.leading,
  }
}

/** The value of a text that `scanJson` accepted, as it told. */
export function parseOutlined(bytes: Buffer, { manifold }: JsonOutline): unknown {
  const text = bytes.toString('utf8')
  return manifold === 'none' ? (JSON.parse(text) as unknown) : buildJson(text, manifold)
}

function encodingFault(bytes: Uint8Array): JsonFault | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    return { fault: 'byte_order_mark', offset: 0 }
  }
  return isUtf8(bytes) ? undefined : { fault: 'invalid_utf8', offset: invalidUtf8At(bytes) }
}

function invalidUtf8At(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length;) {
    const start = at
    const length = utf8SequenceLength(bytes[at] ?? 0, (index) => bytes[start + index] ?? -1)
    if (length === 0) return at
    at += length
  }
  return 0
}
