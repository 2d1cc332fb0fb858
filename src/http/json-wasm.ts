import { randomBytes } from 'node:crypto'
import { compileWasm } from '../base/wasm.ts'
import type {
  JsonFault,
  JsonFaultReason,
  JsonLimits,
  JsonOutline,
  Manifold,
} from './json-limits.ts'
import { JSON_SCAN } from './json-scan-wasm.ts'
import { LeadingTexts } from './leading-texts.ts'

/** What the module of `assembly/json-scan.ts` exports. */
interface ScanExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  setSeed(seed: bigint): void
  setLimits(keyChars: number, stringChars: number, numberChars: number, names: number): void
  scan(length: number, maxDepth: number, maxNodes: number): number
}

// The layout of assembly/json-scan.ts.
const HEAD = 0x100
const INFINITE = 0x200
const UNSAFE = 0x400
const FOUND = 0x4000
const LEADING = 0xbc000
const LEADING_END = 0xe2000
const TEXT = 0xe4040
const MARGIN = 128
/** From the end of the text to names without their escapes. */
const ARENA = 64
const PAGE_BYTES = 65_536

/** Longer texts are left to the twin: the memory of the instance never shrinks. */
export const MAX_WASM_BYTES: number = 4 * 1024 * 1024
const MAX_DEPTH = 512
/** No bound, as a number of 32 bits that may be multiplied by six. */
const UNBOUNDED = 0x0fff_ffff

// Decimal digits, without zeros at the end: what rounds to more than the largest number, and to 2^53 or more.
const LEAST_INFINITE = (2n ** 1024n - 2n ** 970n).toString().replace(/0+$/, '')
const LEAST_UNSAFE = '90071992547409915'

const PASSED = 0
const UNFIT = 14
/** By code. */
const FAULTS: readonly JsonFaultReason[] = [
  'syntax',
  'syntax',
  'unexpected_end',
  'trailing_data',
  'duplicate_key',
  'dangerous_key',
  'lone_surrogate',
  'too_deep',
  'too_many_nodes',
  'key_too_long',
  'string_too_long',
  'number_too_long',
  'number_out_of_range',
  'too_many_names',
]

/** By number. */
const MANIFOLD: readonly Manifold[] = ['none', 'texts', 'shapes']

/** Scans one text; `undefined` where the twin has to: there is more of something than there is room for. */
export type WasmScan = (
  bytes: Uint8Array,
  limits: JsonLimits,
) => JsonFault | JsonOutline | undefined

/** The scan as WebAssembly, for texts of valid UTF-8; `undefined` where this machine has none with SIMD. */
export function makeWasmScan(): WasmScan | undefined {
  const module = compileWasm(JSON_SCAN)
  if (module === undefined) return undefined
  const scanner = new Instance(module.instantiate() as ScanExports)
  return (bytes, limits) => scanner.scan(bytes, limits)
}

class Instance {
  readonly #exports: ScanExports
  #memory: Buffer
  #words: Int32Array
  #limits: JsonLimits | undefined

  constructor(exports: ScanExports) {
    this.#exports = exports
    this.#memory = Buffer.from(exports.memory.buffer)
    this.#words = new Int32Array(exports.memory.buffer)
    exports.setSeed(randomBytes(8).readBigUInt64LE())
    this.#writeBound(INFINITE, LEAST_INFINITE)
    this.#writeBound(UNSAFE, LEAST_UNSAFE)
  }

  scan(bytes: Uint8Array, limits: JsonLimits): JsonFault | JsonOutline | undefined {
    const { length } = bytes
    if (length > MAX_WASM_BYTES) return undefined
    this.#reserve(TEXT + length * 2 + MARGIN)
    this.#setLimits(limits)
    this.#memory.set(bytes, TEXT)
    const depth = Math.min(limits.maxDepth, MAX_DEPTH)
    const nodes = Math.min(limits.maxNodes, UNBOUNDED)
    const code = this.#exports.scan(length, depth, nodes)
    // Nothing of a text outlives its look, nor do the names that were written without their escapes.
    const arenaEnd = this.#words[HEAD / 4 + 4] ?? 0
    this.#memory.fill(0, TEXT, arenaEnd > TEXT + length + ARENA ? arenaEnd : TEXT + length)
    return code === UNFIT ? undefined : this.#read(code, bytes)
  }

  #writeBound(at: number, digits: string): void {
    this.#memory.writeUInt32LE(digits.length, at)
    this.#memory.write(digits, at + 4, 'latin1')
  }

  #reserve(bytes: number): void {
    const { memory } = this.#exports
    if (this.#memory.length >= bytes) return
    memory.grow(Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES))
    this.#memory = Buffer.from(memory.buffer)
    this.#words = new Int32Array(memory.buffer)
  }

  #setLimits(limits: JsonLimits): void {
    if (this.#limits === limits) return
    this.#limits = limits
    const { maxKeyChars, maxStringChars, maxNumberChars, maxNames = UNBOUNDED } = limits
    this.#exports.setLimits(
      Math.min(maxKeyChars, UNBOUNDED),
      Math.min(maxStringChars, UNBOUNDED),
      Math.min(maxNumberChars, UNBOUNDED),
      Math.min(maxNames, UNBOUNDED),
    )
  }

  #read(code: number, bytes: Uint8Array): JsonFault | JsonOutline {
    const words = this.#words
    if (code !== PASSED) return { fault: FAULTS[code] ?? 'syntax', offset: words[HEAD / 4] ?? 0 }
    const found = words[HEAD / 4 + 2] ?? 0
    const unsafeIntegers = found === 0 ? [] : [...words.subarray(FOUND / 4, FOUND / 4 + found)]
    const nodes = words[HEAD / 4 + 1] ?? 0
    const manifold = MANIFOLD[words[HEAD / 4 + 3] ?? 0] ?? 'shapes'
    return { fault: undefined, unsafeIntegers, nodes, manifold, leading: this.#leading(bytes) }
  }

  #leading(bytes: Uint8Array): LeadingTexts | undefined {
    const count = this.#words[HEAD / 4 + 5] ?? 0
    if (count === 0) return LeadingTexts.NONE
    const end = LEADING / 4 + count * 4
    if (end > LEADING_END / 4) return undefined
    return new LeadingTexts(bytes, this.#words.slice(LEADING / 4, end))
  }
}
