import { isUtf8 } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { compileWasm, hasWasm } from '../../base/wasm.ts'
import type { WasmModule } from '../../base/wasm.ts'
import { RESPONSE_KERNEL } from './response-kernel-wasm.ts'
import type { Doubt, KernelVerdict } from './verdict.ts'
import { cleanVerdict, doubtful } from './verdict.ts'

/** What the module of `assembly/response-kernel.ts` exports. */
interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  setSeed(seed: bigint): void
  run(table: number, action: number, start: number, end: number, pauseAt: number): number
  resume(pauseAt: number): number
}

const HEAD = 0x800
/** Where is told what was dropped, and what was hidden. */
const REPORT = 0x1000
const HIDDEN = 0x3000
const HIDDEN_END = 0x4000
/** What is told is written in whole vectors. */
const VECTOR_BYTES = 16
const TABLE = 0xd0000
/** Before the text for a `null`, after it for reads of whole vectors. */
const MARGIN = 64
const PAGE_BYTES = 65_536

const CLEAN = 0
const FILTERED = 1
const MALFORMED = 2
const PAUSED = 7
const DOUBTS: readonly (Doubt | undefined)[] = [
  undefined,
  undefined,
  undefined,
  'repeated-name',
  'escaped-name',
  'too-deep',
  'no-room',
  undefined,
  'undecided',
]

let known: WasmModule | 'none' | undefined

/** Compiled once for all instances. */
function kernelModule(): WasmModule | undefined {
  if (!hasWasm()) return undefined
  known ??= compileWasm(RESPONSE_KERNEL) ?? 'none'
  return known === 'none' ? undefined : known
}

/** How a large text is taken in parts. */
export interface Slicing {
  readonly sliceBytes: number
  /** Lets others have their turn. */
  pause(): Promise<void>
}

/**
 * One instance of the kernel with the table of one document. Its memory grows to the largest text that it had and
 * holds nothing of a text once its run has ended, but for short names of what was taken out: one for each declared name.
 */
export class WasmKernel {
  readonly #exports: KernelExports
  #memory: Buffer = Buffer.alloc(0)
  /** The same without what buffers look at before each call. */
  #bytes: Uint8Array = this.#memory
  #head: Int32Array = new Int32Array(0)
  #tableBytes = -1
  #textAt = 0
  readonly #dropped = new Reports(REPORT, HIDDEN)
  readonly #hidden = new Reports(HIDDEN, HIDDEN_END)
  readonly #room = new Room()

  private constructor(exports: KernelExports) {
    this.#exports = exports
    exports.setSeed(randomBytes(8).readBigUInt64LE())
  }

  /** A new instance, or `undefined` where this machine has no WebAssembly with SIMD. */
  static make(): WasmKernel | undefined {
    const module = kernelModule()
    return module && new WasmKernel(module.instantiate() as KernelExports)
  }

  /** Runs over a whole text. `action` is what `table` does with its root. Never throws. */
  run(body: Buffer, table: Uint8Array, action: number): KernelVerdict {
    if (!isUtf8(body)) return doubtful('not-utf8')
    const end = this.#load(body, table)
    try {
      const code = this.#exports.run(TABLE, action, this.#start(body), end, end + 1)
      return this.#read(code, action)
    } finally {
      this.#wipe(end)
    }
  }

  /** The same in slices of `sliceBytes`, with `pause` awaited in between. One text at a time. */
  async runInSlices(
    body: Buffer,
    at: { readonly table: Uint8Array; readonly action: number },
    slicing: Slicing,
  ): Promise<KernelVerdict> {
    if (!isUtf8(body)) return doubtful('not-utf8')
    const end = this.#load(body, at.table)
    try {
      await slicing.pause()
      let pauseAt = this.#textAt + slicing.sliceBytes
      let code = this.#exports.run(TABLE, at.action, this.#start(body), end, pauseAt)
      while (code === PAUSED) {
        await slicing.pause()
        pauseAt += slicing.sliceBytes
        code = this.#exports.resume(pauseAt)
      }
      return this.#read(code, at.action)
    } finally {
      this.#wipe(end)
    }
  }

  #start(body: Buffer): number {
    const hasMark = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
    return this.#textAt + (hasMark ? 3 : 0)
  }

  /** Puts table and text into memory; returns where the text ends. */
  #load(body: Buffer, table: Uint8Array): number {
    if (table.length !== this.#tableBytes) {
      this.#textAt = (TABLE + table.length + MARGIN + 15) & ~15
      this.#tableBytes = table.length
      this.#reserve(this.#textAt)
      this.#memory.set(table, TABLE)
    }
    const end = this.#textAt + body.length
    this.#reserve(end + MARGIN)
    this.#bytes.set(body, this.#textAt)
    return end
  }

  #reserve(bytes: number): void {
    const { memory } = this.#exports
    if (this.#memory.length >= bytes) return
    if (memory.buffer.byteLength < bytes)
      memory.grow(Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES))
    this.#memory = Buffer.from(memory.buffer)
    this.#bytes = new Uint8Array(memory.buffer)
    this.#head = new Int32Array(memory.buffer, HEAD, 8)
  }

  #wipe(end: number): void {
    this.#bytes.fill(0, this.#textAt - MARGIN, end)
    this.#dropped.wipe(this.#bytes)
    this.#hidden.wipe(this.#bytes)
  }

  #read(code: number, action: number): KernelVerdict {
    const head = this.#head
    if (code === CLEAN) return cleanVerdict(head[4] ?? 0)
    if (code === MALFORMED) return { kind: 'malformed', offset: head[0] ?? 0 }
    if (code !== FILTERED) return doubtful(DOUBTS[code] ?? 'no-room')
    const outAt = head[1] ?? 0
    const bytes = this.#room.take(head[2] ?? 0)
    this.#memory.copy(bytes, 0, outAt, outAt + bytes.length)
    const dropped = this.#dropped.read(this.#memory, action, [head[3] ?? 0, head[6] ?? 0])
    const hidden = this.#hidden.read(this.#memory, action, [head[5] ?? 0, head[7] ?? 0])
    return { kind: 'filtered', bytes, dropped, hidden, signs: head[4] ?? 0 }
  }
}

/** What is cut out of one piece of memory, and what is larger than a piece may hold several of. */
const PIECE_BYTES = 65_536
const MAX_CUT_BYTES = 16_384

/** Room for texts that leave: memory of their own costs more than filtering them, and Node has its pool for small ones. */
class Room {
  #piece: Buffer = Buffer.alloc(0)
  #at = 0

  /** Bytes that hold anything. */
  take(length: number): Buffer {
    if (length > MAX_CUT_BYTES || length < Buffer.poolSize >>> 1) return Buffer.allocUnsafe(length)
    if (this.#at + length > this.#piece.length) {
      this.#piece = Buffer.allocUnsafeSlow(PIECE_BYTES)
      this.#at = 0
    }
    const from = this.#at
    this.#at = from + length
    return this.#piece.subarray(from, this.#at)
  }
}

/** Reports that are remembered; each is 4 KB at most. */
const MAX_REPORTS = 64

/** Shorter ones are compared here: to ask for it costs more. */
const SHORT_BYTES = 64
const NOTHING: readonly string[] = Object.freeze([])

/** Answers of one operation mostly lose the same fields: what is told of them is read once. */
class Reports {
  readonly #known = new Map<number, readonly [report: Buffer, pointers: readonly string[]]>()
  readonly #from: number
  readonly #to: number
  /** How far names were told by the last run; all of the room where that is not known. */
  #end: number

  constructor(from: number, to: number) {
    this.#from = from
    this.#to = to
    this.#end = to
  }

  /** The pointers that were told of a text, by the length of the report and their number. */
  read(
    memory: Buffer,
    action: number,
    [length, count]: readonly [length: number, count: number],
  ): readonly string[] {
    const end = this.#from + length
    this.#end = end
    if (count === 0) return NOTHING
    const place = (action >>> 5) % MAX_REPORTS
    const known = this.#known.get(place)
    if (known !== undefined && isSame(known[0], memory, this.#from, end)) return known[1]
    const report = Buffer.from(memory.subarray(this.#from, end))
    const pointers = Object.freeze([...new Set(report.toString('utf8').split('\n'))])
    this.#known.set(place, [report, pointers])
    return pointers
  }

  /** Names that were told are parts of the text. */
  wipe(memory: Uint8Array): void {
    if (memory[this.#from] !== 0)
      memory.fill(0, this.#from, Math.min(this.#end + VECTOR_BYTES, this.#to))
    this.#end = this.#to
  }
}

function isSame(report: Buffer, memory: Buffer, start: number, end: number): boolean {
  const { length } = report
  if (length !== end - start) return false
  if (length > SHORT_BYTES) return report.compare(memory, start, end) === 0
  for (let index = 0; index < length; index += 1)
    if (report[index] !== memory[start + index]) return false
  return true
}
