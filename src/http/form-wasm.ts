import { compileWasm } from '../base/wasm.ts'
import { HEX_VALUE } from './chars.ts'
import { FORM_TEXT } from './form-text-wasm.ts'
import { refusal, UNRESERVED } from './percent.ts'
import { QUERY_SET } from './query.ts'

/** A part of a form: its canonical spelling, and what it means. */
export interface SpanText {
  readonly text: string
  readonly value: string
}

/** Reads what stands between two offsets; `undefined` where it is not as it should be. At most `MAX_SPAN_BYTES`. */
export type ReadSpan = (body: Buffer, start: number, end: number) => SpanText | undefined

/** As `ReadSpan`, only what it means. */
export type ReadMeaning = (body: Buffer, start: number, end: number) => string | undefined

/** Reads parts of forms. */
export interface FormReader {
  readonly span: ReadSpan
  readonly meaning: ReadMeaning
  /** Where the last one that was not as it should be went wrong, from its start: a character begins there. */
  failedAt(): number
}

/** Most bytes that are read at once. */
export const MAX_SPAN_BYTES: number = 65_536

/** What the module of `assembly/form-text.ts` exports. */
interface FormExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  read(length: number): number
  mean(length: number): number
}

// The layout of assembly/form-text.ts.
const HEAD = 0x100
const KINDS = 0x200
const HEX = 0x300
const ESCAPES = 0x400
const LOW_NIBBLES = 0x800
const HIGH_NIBBLES = 0x810
const PLAIN_NIBBLES = 0x820
const INPUT = 0x1000
const VALUE = 0x12000
const SPELLING = 0x23000
const PERCENT = 37
/** Behind what was written last there may be a byte more. */
const MARGIN = 4

/** The reader as WebAssembly; `undefined` where this machine has none with SIMD. */
export function makeFormReader(): FormReader | undefined {
  const module = compileWasm(FORM_TEXT)
  if (module === undefined) return undefined
  const exports = module.instantiate() as FormExports
  const memory = Buffer.from(exports.memory.buffer)
  fillTables(memory)
  const span: ReadSpan = (body, start, end) => {
    const length = end - start
    body.copy(memory, INPUT, start, end)
    const size = exports.read(length)
    const found =
      size < 0 ? undefined : { text: spellingOf(memory), value: meaningOf(memory, size) }
    forget(memory, length, size)
    memory.fill(0, SPELLING, SPELLING + MARGIN + (found?.text.length ?? length * 3))
    return found
  }
  const meaning: ReadMeaning = (body, start, end) => {
    const length = end - start
    body.copy(memory, INPUT, start, end)
    const size = exports.mean(length)
    const found = size < 0 ? undefined : meaningOf(memory, size)
    forget(memory, length, size)
    return found
  }
  return { span, meaning, failedAt: () => memory.readUInt32LE(HEAD + 8) }
}

/** Nothing of a form outlives its look. */
function forget(memory: Buffer, length: number, size: number): void {
  memory.fill(0, INPUT, INPUT + length)
  memory.fill(0, VALUE, VALUE + (size < 0 ? length : size))
}

function spellingOf(memory: Buffer): string {
  return memory.toString('latin1', SPELLING, SPELLING + memory.readUInt32LE(HEAD))
}

function meaningOf(memory: Buffer, size: number): string {
  const isWide = memory.readUInt32LE(HEAD + 4) === 1
  return memory.toString(isWide ? 'utf8' : 'latin1', VALUE, VALUE + size)
}

function fillTables(memory: Buffer): void {
  for (let byte = 0; byte < 256; byte++) {
    const stays = QUERY_SET.allowed[byte] === 1
    memory[KINDS + byte] = kindOf(byte, stays)
    memory[HEX + byte] = HEX_VALUE[byte] ?? 255
    memory.write(
      `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
      ESCAPES + byte * 4,
      'latin1',
    )
    if (stays) noteNibble(memory, LOW_NIBBLES, byte)
    if (byte !== PERCENT && kindOf(byte, stays) > 0) noteNibble(memory, PLAIN_NIBBLES, byte)
  }
  for (let row = 0; row < 8; row++) memory[HIGH_NIBBLES + row] = 1 << row
}

/** All of these bytes are below 128. */
function noteNibble(memory: Buffer, table: number, byte: number): void {
  const at = table + (byte & 15)
  memory[at] = (memory[at] ?? 0) | (1 << (byte >> 4))
}

/** 3: means itself everywhere; 2: stays as it is here; 1: is encoded; 0: is refused. */
function kindOf(byte: number, stays: boolean): number {
  if (UNRESERVED[byte] === 1) return 3
  if (stays) return 2
  return refusal(byte, QUERY_SET) === undefined ? 1 : 0
}
