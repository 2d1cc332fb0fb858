import { compileWasm } from '../../base/wasm.ts'
import { isDigits, TCHAR } from '../../http/chars.ts'
import { FIELD, fieldName, fieldNames, HeaderTable } from '../../http/header-table.ts'
import type { FieldName, FieldNames } from '../../http/header-table.ts'
import { REQUEST_HEAD } from './request-head-wasm.ts'

/** What the module of `assembly/request-head.ts` exports. */
interface HeadExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  read(length: number): number
  keep(place: number, isWhole: number): void
}

// The layout of assembly/request-head.ts, in bytes and in words.
const COUNT = 0x100 >> 2
const FRESH_FROM = 0x104 >> 2
const FRESH_TO = 0x108 >> 2
const TOKEN = 0x200
const LINES = 0x400 >> 2
const INPUT = 0x8000
const MAX_BYTES = 8192
const MAX_LINES = 49
/** Longer values are tokens and the like, another one in each message. */
const MAX_KEPT_CHARS = 96

/** What is known of a line: its name is the one that stood at this place before; all of it is. */
const SAME_NAME = 1
const SAME_LINE = 2

/** Longest `Content-Length` that is exact in a double. */
const MAX_LENGTH_DIGITS = 15

/** Fields that say where a message ends or what becomes of its connection: what they mean is llhttp's to say. */
const PARSERS_OWN: ReadonlySet<string> = new Set([
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'te',
  'trailer',
  'expect',
])

/** Behind the target and a space; the method is one of these. */
const VERSION_BYTES = ' HTTP/1.1'.length
const METHODS: ReadonlyMap<string, string> = new Map(
  ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((name) => [name, name]),
)

const NO_NAME: FieldName = fieldName('')
const NO_FIELDS: readonly string[] = Object.freeze([])

/** How the values of a field are judged. */
type Kind = 'free' | 'length' | 'connection' | 'own'

/** The field that stood at a place last. */
interface Line {
  name: FieldName
  kind: Kind
  /** Length of the name as it came and the value. */
  chars: number
  value: string
  /** The value stands in the module's memory, too. */
  isKept: boolean
}

/**
 * Reads the heads of requests that are plain beyond any doubt: whole, a method that everybody knows, HTTP/1.1, names
 * that are tokens, one space, values of visible ASCII, nothing that says more about the message than one plain
 * `Content-Length`. llhttp reads the same in them (a test holds the two together) and everything else. Lines that stood
 * at the same place in the head before are found by comparing their bytes, and are the same strings.
 */
export class PlainHeads {
  readonly #exports: HeadExports
  readonly #memory: Buffer
  readonly #words: Int32Array
  readonly #lines: readonly Line[]
  /** Names of the last head, while no line has got another one. */
  #shape: FieldNames = fieldNames([])
  #isShapeKnown = false
  /** Of the head that was read last, whose parts these are until the next one. */
  method = ''
  target = ''
  headers: HeaderTable = new HeaderTable(NO_FIELDS)
  contentLength: number | undefined = undefined

  constructor(exports: unknown) {
    this.#exports = exports as HeadExports
    const { buffer } = this.#exports.memory
    this.#memory = Buffer.from(buffer)
    this.#words = new Int32Array(buffer)
    this.#memory.set(TCHAR, TOKEN)
    this.#lines = Array.from({ length: MAX_LINES }, () => ({
      name: NO_NAME,
      kind: 'free' as const,
      chars: 0,
      value: '',
      isKept: false,
    }))
  }

  /**
   * Reads a head that begins at `from`.
   * @returns its bytes, and its parts are to be had until the next call; 0 where it is not whole or not plain.
   */
  read(chunk: Buffer, from: number): number {
    const to = Math.min(chunk.length, from + MAX_BYTES)
    const isAll = from === 0 && to === chunk.length
    this.#memory.set(isAll ? chunk : chunk.subarray(from, to), INPUT)
    const bytes = this.#exports.read(to - from)
    if (bytes === 0) return 0
    return this.#take() ? bytes : 0
  }

  /** Names and values of what was read. @returns false where one of them is not plain. */
  #take(): boolean {
    const words = this.#words
    const count = words[COUNT] ?? 0
    const text = this.#freshText()
    if (words[LINES] !== SAME_LINE) this.#renewRequestLine(text)
    const values: string[] = []
    let bytes = 0
    let largestBytes = 0
    for (let place = 1; place < count; place++) {
      const line = this.#lines[place]
      if (line === undefined) return false
      const isKnown = words[LINES + 4 * place] === SAME_LINE
      const value = isKnown ? line.value : this.#renew(line, place, text)
      if (value === undefined) return false
      const { chars } = line
      bytes += chars + 4
      if (chars > largestBytes) largestBytes = chars
      values.push(value)
    }
    const shape = this.#shapeOf(count)
    const { names, hasOddName, known, repeated } = shape
    // Two lengths are no plain request, even two that are the same.
    if ((repeated & FIELD['content-length']) !== 0) return false
    const isPrintable = true
    const pseudoFields = 0
    this.headers = new HeaderTable(NO_FIELDS, {
      names,
      values,
      bytes,
      largestBytes,
      pseudoFields,
      hasOddName,
      known,
      repeated,
      isPrintable,
    })
    const hasLength = (known & FIELD['content-length']) !== 0
    this.contentLength = hasLength ? Number(this.headers.get('content-length')) : undefined
    return true
  }

  /** The names of so many lines: those of the head before, unless one of them is new. */
  #shapeOf(count: number): FieldNames {
    if (!this.#isShapeKnown || this.#shape.names.length !== count - 1) {
      this.#shape = fieldNames(this.#lines.slice(1, count).map(({ name }) => name))
      this.#isShapeKnown = true
    }
    return this.#shape
  }

  /** From the first line that is not known to the last one, decoded as one text. */
  #freshText(): string {
    const words = this.#words
    const to = words[FRESH_TO] ?? 0
    return to === 0
      ? ''
      : this.#memory.toString('latin1', INPUT + (words[FRESH_FROM] ?? 0), INPUT + to)
  }

  /** The part of it between two places in the head. */
  #cut(text: string, from: number, to: number): string {
    const shift = this.#words[FRESH_FROM] ?? 0
    return text.slice(from - shift, to - shift)
  }

  #renewRequestLine(text: string): void {
    const words = this.#words
    const methodTo = words[LINES + 2] ?? 0
    this.method = METHODS.get(this.#cut(text, 0, methodTo)) ?? ''
    this.target = this.#cut(text, methodTo + 1, (words[LINES + 3] ?? 0) - VERSION_BYTES)
    this.#exports.keep(0, this.target.length <= MAX_KEPT_CHARS ? 1 : 0)
  }

  /** Reads another line than the last at this place. @returns its value, if the field is ours to read. */
  #renew(line: Line, place: number, text: string): string | undefined {
    const words = this.#words
    const at = LINES + 4 * place
    const from = words[at + 1] ?? 0
    const nameTo = words[at + 2] ?? 0
    const value = this.#cut(text, nameTo + 2, words[at + 3] ?? 0)
    const isNew = words[at] !== SAME_NAME
    const name = isNew ? fieldName(this.#cut(text, from, nameTo)) : line.name
    const kind = isNew ? kindOf(name.text) : line.kind
    if (kind !== 'free' && !isPlainValue(kind, value)) return undefined
    if (isNew) this.#isShapeKnown = false
    line.name = name
    line.kind = kind
    line.chars = nameTo - from + value.length
    const isKept = value.length <= MAX_KEPT_CHARS
    line.value = isKept ? value : ''
    if (isKept || isNew || line.isKept) this.#exports.keep(place, isKept ? 1 : 0)
    line.isKept = isKept
    return value
  }
}

function kindOf(name: string): Kind {
  if (name === 'content-length') return 'length'
  if (name === 'connection') return 'connection'
  return PARSERS_OWN.has(name) ? 'own' : 'free'
}

function isPlainValue(kind: Kind, value: string): boolean {
  if (kind === 'connection') return value === 'keep-alive'
  if (kind !== 'length' || value.length > MAX_LENGTH_DIGITS || !isDigits(value)) return false
  return value === '0' || value.charCodeAt(0) !== 48
}

let heads: PlainHeads | undefined
let isLoaded = false

/** The reader of this thread, loaded at first use; `undefined` where this machine has no WebAssembly with SIMD. */
export function plainHeads(): PlainHeads | undefined {
  if (!isLoaded) {
    const module = compileWasm(REQUEST_HEAD)
    heads = module === undefined ? undefined : new PlainHeads(module.instantiate())
    isLoaded = true
  }
  return heads
}
