import { compileWasm } from '../../base/wasm.ts'
import { LITERAL_SCAN } from './literal-scan-wasm.ts'

/** What the module of `assembly/literal-scan.ts` exports. */
interface ScanExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  has(start: number, end: number, count: number): number
}

// The layout of assembly/literal-scan.ts.
const NIBBLES = 0x100
const WORDS = 0x200
const TEXT = 0x1000
const MARGIN = 64
/** Longer texts are looked at in pieces of this size, so that memory never grows. */
const PIECE_BYTES = 0x80000

const GROUPS = 8
const MIN_BYTES = 3
const MAX_BYTES = 8
const MAX_LITERALS = 64

/**
 * Says whether bytes hold one of some literals: ASCII, 3 to 8 characters, at most 64 of them. One pass for all, a tenth
 * of the time of a regular expression. Where this machine has no WebAssembly with SIMD, a regular expression it is.
 * @throws RangeError for other literals.
 */
export function literalScan(literals: readonly string[]): (bytes: Buffer) => boolean {
  for (const literal of literals) assertFits(literal)
  if (literals.length > MAX_LITERALS) throw new RangeError(`${literals.length} literals`)
  return wasmScan(literals) ?? patternScan(literals)
}

/** The same in plain TypeScript: the fallback, and what the other is tested against. */
export function patternScan(literals: readonly string[]): (bytes: Buffer) => boolean {
  const pattern = new RegExp(literals.map((literal) => RegExp.escape(literal)).join('|'))
  // Every literal is ASCII: one byte, one character, is enough to look for them.
  return (bytes) => pattern.test(bytes.toString('latin1'))
}

function assertFits(literal: string): void {
  const isAscii = /^[\u0001-\u007f]*$/.test(literal)
  if (!isAscii || literal.length < MIN_BYTES || literal.length > MAX_BYTES)
    throw new RangeError(`not a literal of 3 to 8 characters: ${literal}`)
}

function wasmScan(literals: readonly string[]): ((bytes: Buffer) => boolean) | undefined {
  const module = compileWasm(LITERAL_SCAN)
  if (module === undefined) return undefined
  const scan = module.instantiate() as ScanExports
  const memory = new Uint8Array(scan.memory.buffer)
  writeTables(Buffer.from(scan.memory.buffer), literals)
  const hasIn = (piece: Uint8Array): boolean => {
    const end = TEXT + piece.length
    memory.set(piece, TEXT)
    const found = scan.has(TEXT, end, literals.length)
    // Nothing of a text outlives its look.
    memory.fill(0, TEXT, end)
    return found !== 0
  }
  return (bytes) => {
    if (bytes.length <= PIECE_BYTES) return hasIn(bytes)
    // Pieces overlap, so that no literal is cut by all of them.
    for (let at = 0; at < bytes.length; at += PIECE_BYTES - MAX_BYTES)
      if (hasIn(bytes.subarray(at, at + PIECE_BYTES))) return true
    return false
  }
}

function writeTables(memory: Buffer, literals: readonly string[]): void {
  if (memory.length < TEXT + PIECE_BYTES + MARGIN) throw new RangeError('too little memory')
  const add = (at: number, bit: number): void => {
    memory[at] = (memory[at] ?? 0) | bit
  }
  for (const [index, literal] of literals.entries()) {
    const bit = 1 << (index % GROUPS)
    for (let place = 0; place < MIN_BYTES; place += 1) {
      const code = literal.charCodeAt(place)
      add(NIBBLES + place * 32 + (code & 15), bit)
      add(NIBBLES + place * 32 + 16 + (code >> 4), bit)
    }
    memory.write(literal, WORDS + index * 16, 'latin1')
    memory.fill(0xff, WORDS + index * 16 + 8, WORDS + index * 16 + 8 + literal.length)
  }
}
