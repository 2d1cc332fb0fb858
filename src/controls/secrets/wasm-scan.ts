import { SECRET_SCAN } from './secret-scan-wasm.ts'

/** What the module of `assembly/secret-scan.ts` exports. */
interface ScanExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  isSuspect(start: number, end: number): number
}

/** The part of WebAssembly that is used; the type library of Node does not know it. */
interface WasmApi {
  validate(bytes: Uint8Array): boolean
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

// The layout of assembly/secret-scan.ts.
const PAIRS = 0x100
const PARTS = 0x140
const TEXT = 0x1000
const MARGIN = 128
const PAGE_BYTES = 65_536

/** Longer texts are left to the twin: the memory of the instance never shrinks. */
export const MAX_SCANNED_BYTES: number = 4 * 1024 * 1024

/** A pair of bytes that stands in one or more literals and in few other texts; at most eight. */
const RARE: readonly (readonly [first: string, second: string])[] = [
  ['V', 'A'],
  ['y', 'J'],
  ['I', 'Az'],
  ['x', 'o'],
  ['kb', '_'],
  ['g', 'h'],
  ['\\', 'u'],
  ['@', String.fromCharCode(...Array(256).keys())],
]
const PART_CHARS = ' -0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** `mayHoldSecret` as WebAssembly, for texts up to `MAX_SCANNED_BYTES`; `undefined` where this machine has none with SIMD. */
export function makeSecretScan(): ((bytes: Buffer) => boolean) | undefined {
  const wasm = (globalThis as { readonly WebAssembly?: WasmApi }).WebAssembly
  const code = Buffer.from(SECRET_SCAN, 'base64')
  if (wasm === undefined || !wasm.validate(code)) return undefined
  const { exports } = new wasm.Instance(new wasm.Module(code))
  const scan = exports as ScanExports
  let memory = Buffer.from(scan.memory.buffer)
  writeTables(memory)
  return (bytes) => {
    const end = TEXT + bytes.length
    if (memory.length < end + MARGIN) {
      scan.memory.grow(Math.ceil((end + MARGIN - memory.length) / PAGE_BYTES))
      memory = Buffer.from(scan.memory.buffer)
    }
    memory.set(bytes, TEXT)
    const found = scan.isSuspect(TEXT, end)
    // Nothing of a text outlives its look.
    memory.fill(0, TEXT, end)
    return found !== 0
  }
}

function writeTables(memory: Buffer): void {
  const add = (table: number, chars: string, bit: number): void => {
    for (let index = 0; index < chars.length; index += 1) {
      const code = chars.charCodeAt(index)
      const [low, high] = [table + (code & 15), table + 16 + (code >> 4)]
      memory[low] = (memory[low] ?? 0) | bit
      memory[high] = (memory[high] ?? 0) | bit
    }
  }
  for (const [index, [first, second]] of RARE.entries()) {
    add(PAIRS, first, 1 << index)
    add(PAIRS + 32, second, 1 << index)
  }
  // One bit for each high nibble, so that no byte is taken for what it is not.
  for (const char of PART_CHARS.split('')) add(PARTS, char, 1 << (char.charCodeAt(0) >> 4))
}
