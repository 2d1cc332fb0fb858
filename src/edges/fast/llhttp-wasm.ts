import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'

/** Version of llhttp inside the pinned `undici`; belongs to the hashes below. */
export const LLHTTP_VERSION = '9.3.1'

/**
 * The builds inside `undici`, best first, with the SHA-256 of their bytes: what parses every byte of every client
 * must be what was tested. They belong to the exact version in package.json; a test tells when it changes.
 */
const BUILDS: readonly { readonly path: string; readonly sha256Hex: string }[] = [
  {
    path: 'undici/lib/llhttp/llhttp_simd-wasm.js',
    sha256Hex: '18403ee56fab07f89a845028bad358bb3ebcda213f8e2ec0989a991e9c33da69',
  },
  {
    path: 'undici/lib/llhttp/llhttp-wasm.js',
    sha256Hex: 'ab4573a06c43574936dc98c3943b10a4ee32798e9797329e9f327e5f64115f54',
  },
]

/** llhttp's `HPE_PAUSED`, also what a callback returns to pause. */
export const PAUSED = 21
/** What a callback returns to break off. */
export const ABORT = -1
/** `llhttp_type_t`. */
const TYPES = { request: 1, response: 2 } as const
/** Bits of `llhttp_t.flags`. */
export const CHUNKED = 8
export const HAS_LENGTH = 32
/** Bytes that are handed over at once. */
export const INPUT_BYTES = 16_384
/** Highest code of `llhttp_method_t`. */
const LAST_METHOD = 46

/** What the parser that is running hears; `at` is an address in the heap. */
export interface RunningParser {
  onUrl(at: number, bytes: number): number
  onField(at: number, bytes: number): number
  onValue(at: number, bytes: number): number
  onHeadersComplete(status: number, isUpgrade: number, keepsAlive: number): number
  onBody(at: number, bytes: number): number
  onMessageComplete(): number
}

/** What of WebAssembly is used here; Node's types leave it to those of browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Buffer) => WasmModule
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: unknown }
  validate(bytes: Buffer): boolean
}

/** A compiled build. */
export type WasmModule = object

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly malloc: (bytes: number) => number
  readonly llhttp_alloc: (type: number) => number
  readonly llhttp_reset: (ptr: number) => void
  readonly llhttp_execute: (ptr: number, at: number, bytes: number) => number
  readonly llhttp_get_error_pos: (ptr: number) => number
  readonly llhttp_errno_name: (code: number) => number
  readonly llhttp_method_name: (code: number) => number
}

/** One instance of llhttp with its memory, shared by all parsers of the thread; they run one after the other. */
export class LlhttpEngine {
  readonly #exports: Exports
  /** Where bytes to parse are put. */
  readonly inputPtr: number
  /** Names by `llhttp_method_t`. */
  readonly methods: readonly string[]
  #heap: Buffer
  #running: RunningParser | undefined = undefined

  constructor(module: WasmModule) {
    const instance = new WebAssembly.Instance(module, { env: this.#imports() })
    this.#exports = instance.exports as Exports
    this.inputPtr = this.#exports.malloc(INPUT_BYTES)
    this.#heap = Buffer.from(this.#exports.memory.buffer)
    this.methods = Array.from({ length: LAST_METHOD + 1 }, (_, code) =>
      this.#text(this.#exports.llhttp_method_name(code)),
    )
  }

  /** The memory; another buffer after any `alloc`. */
  get heap(): Buffer {
    return this.#heap
  }

  /** A parser's own memory, never given back: parsers are reused. No lenient flag is ever set. */
  alloc(type: 'request' | 'response'): number {
    const ptr = this.#exports.llhttp_alloc(TYPES[type])
    // Memory that grew is another buffer; the old one is detached.
    if (this.#heap.buffer !== this.#exports.memory.buffer)
      this.#heap = Buffer.from(this.#exports.memory.buffer)
    return ptr
  }

  reset(ptr: number): void {
    this.#exports.llhttp_reset(ptr)
  }

  /**
   * Parses `chunk` from `from` to `to`, at most `INPUT_BYTES`. Callbacks must not run another parser.
   * @returns 0 or an error code of llhttp.
   */
  run(
    parser: RunningParser,
    ptr: number,
    input: { chunk: Buffer; from: number; to: number },
  ): number {
    const { chunk, from, to } = input
    chunk.copy(this.#heap, this.inputPtr, from, to)
    this.#running = parser
    const code = this.#exports.llhttp_execute(ptr, this.inputPtr, to - from)
    this.#running = undefined
    return code
  }

  /** How many bytes of the input came before the place where the parser stopped. */
  stoppedAt(ptr: number): number {
    return this.#exports.llhttp_get_error_pos(ptr) - this.inputPtr
  }

  /** Such as `HPE_INVALID_METHOD`. */
  errorName(code: number): string {
    return this.#text(this.#exports.llhttp_errno_name(code))
  }

  #text(at: number): string {
    const heap = Buffer.from(this.#exports.memory.buffer)
    return heap.toString('latin1', at, heap.indexOf(0, at))
  }

  #imports(): Record<string, (...args: number[]) => number> {
    // Always inside of `run`: the parser is there.
    const running = (): RunningParser => this.#running as RunningParser
    return {
      wasm_on_message_begin: () => 0,
      wasm_on_status: () => 0,
      wasm_on_url: (_ptr, at = 0, bytes = 0) => running().onUrl(at, bytes),
      wasm_on_header_field: (_ptr, at = 0, bytes = 0) => running().onField(at, bytes),
      wasm_on_header_value: (_ptr, at = 0, bytes = 0) => running().onValue(at, bytes),
      wasm_on_headers_complete: (_ptr, status = 0, isUpgrade = 0, keepsAlive = 0) =>
        running().onHeadersComplete(status, isUpgrade, keepsAlive),
      wasm_on_body: (_ptr, at = 0, bytes = 0) => running().onBody(at, bytes),
      wasm_on_message_complete: () => running().onMessageComplete(),
    }
  }
}

let engine: LlhttpEngine | undefined

/**
 * The engine of this thread, loaded at first use: the SIMD build, or the plain one where the machine lacks SIMD.
 * @throws Error when the bytes are not the ones that were tested.
 */
export function llhttpEngine(): LlhttpEngine {
  engine ??= new LlhttpEngine(loadModule(BUILDS))
  return engine
}

/** Compiles the first build that this machine can run. @throws Error for bytes with another hash. */
export function loadModule(
  builds: readonly { readonly path: string; readonly sha256Hex: string }[],
): WasmModule {
  const require = createRequire(import.meta.url)
  for (const { path, sha256Hex } of builds) {
    const bytes = require(path) as Buffer
    const found = createHash('sha256').update(bytes).digest('hex')
    if (found !== sha256Hex) throw new Error(`${path} is not the build that was tested: ${found}`)
    if (WebAssembly.validate(bytes)) return new WebAssembly.Module(bytes)
  }
  throw new Error('no build of llhttp runs on this machine')
}

/** A number of 64 bits in the heap, without the garbage of a bigint; exact up to 2^53. */
export function longAt(heap: Buffer, at: number): number {
  return heap.readUInt32LE(at) + heap.readUInt32LE(at + 4) * 0x1_0000_0000
}
