import { compileWasm } from '../../base/wasm.ts'
import { SECRET_SCAN } from './secret-scan-wasm.ts'

/** What the module of `assembly/secret-scan.ts` exports. */
interface ScanExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  isSuspect(start: number, end: number): number
}

const TEXT = 0x1000
const MARGIN = 128
const PAGE_BYTES = 65_536

/** Longer texts are left to the twin: the memory of the instance never shrinks. */
export const MAX_SCANNED_BYTES: number = 4 * 1024 * 1024

/** `mayHoldSecret` as WebAssembly, for texts up to `MAX_SCANNED_BYTES`; `undefined` where this machine has none with SIMD. */
export function makeSecretScan(): ((bytes: Buffer) => boolean) | undefined {
  const module = compileWasm(SECRET_SCAN)
  if (module === undefined) return undefined
  const scan = module.instantiate() as ScanExports
  let memory = Buffer.from(scan.memory.buffer)
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
