import { isUtf8 } from 'node:buffer'
import { compileWasm } from '../../base/wasm.ts'
import type { WasmModule } from '../../base/wasm.ts'
import type { JsonLimits } from '../../http/json-limits.ts'
import { ACCEPT } from './accept-wasm.ts'
import { MAX_TEXT_BYTES, TABLE_AT, TEXT_AT } from './layout.ts'

/** What the module of `assembly/accept.ts` exports. */
interface AcceptExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  accept(length: number, root: number, maxDepth: number, maxNodes: number, fewNodes: number): number
}

/**
 * What is known of a text: nothing; it fits; it fits if the scan of JSON finds no fault in it, which tells as well what
 * in it may lead inside; the same, and it has names that the document does not list. What fits without a scan has
 * nothing of the kind. Where formats are asserted, `urlFault` finds no fault in a text of the format `uri` that the scan
 * does not tell of.
 */
export type Accepted = 'unknown' | 'fits' | 'unscanned' | 'unlisted'

// Bits of an answer.
const FITS = 1
const UNLISTED = 4
const PAGE_BYTES = 65_536
const MAX_DEPTH = 512
/** Members whose names are not counted (see `JsonLimits.maxNames`), and the value that holds them. */
const FREE_NODES = 257

let known: WasmModule | 'none' | undefined

/** One instance with the tables of the schemas of one document; its memory holds nothing of a text once it was seen. */
export class AcceptKernel {
  readonly #exports: AcceptExports
  #memory: Uint8Array
  #view: DataView
  #end = TABLE_AT

  private constructor(exports: AcceptExports) {
    this.#exports = exports
    this.#memory = new Uint8Array(exports.memory.buffer)
    this.#view = new DataView(exports.memory.buffer)
  }

  /** A new instance, or `undefined` where this machine has no WebAssembly with SIMD. */
  static make(): AcceptKernel | undefined {
    known ??= compileWasm(ACCEPT) ?? 'none'
    return known === 'none' ? undefined : new AcceptKernel(known.instantiate() as AcceptExports)
  }

  /** The memory, to write tables into; another one after `reserve`. */
  get view(): DataView {
    return this.#view
  }

  /** Zeroed memory that stays. @returns its address, a multiple of eight. */
  reserve(bytes: number): number {
    const at = this.#end
    this.#end = (at + bytes + 7) & ~7
    const { memory } = this.#exports
    // A vector may be read where the last bytes stand.
    const missing = this.#end + 16 - memory.buffer.byteLength
    if (missing > 0) {
      memory.grow(Math.ceil(missing / PAGE_BYTES))
      this.#memory = new Uint8Array(memory.buffer)
      this.#view = new DataView(memory.buffer)
    }
    return at
  }

  /** Copies bytes into memory that stays. @returns their address. */
  keep(bytes: Uint8Array): number {
    const at = this.reserve(bytes.length + 8)
    this.#memory.set(bytes, at)
    return at
  }

  /** Looks at a text. `root`: the address of the node that it has to fit. Never throws. */
  accept(bytes: Uint8Array, root: number, limits: JsonLimits): Accepted {
    const { length } = bytes
    if (length > MAX_TEXT_BYTES || !isUtf8(bytes)) return 'unknown'
    this.#memory.set(bytes, TEXT_AT)
    const { maxNodes, maxNames = MAX_TEXT_BYTES } = limits
    const depth = Math.min(limits.maxDepth, MAX_DEPTH)
    const nodes = Math.min(maxNodes, MAX_TEXT_BYTES)
    const answer = this.#exports.accept(length, root, depth, nodes, FREE_NODES + maxNames)
    if ((answer & FITS) === 0) return 'unknown'
    if (answer === FITS) return 'fits'
    return (answer & UNLISTED) === 0 ? 'unscanned' : 'unlisted'
  }
}
