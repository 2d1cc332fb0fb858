import { asciiBytes } from './ascii-bytes.ts'
import type { WorkLeft } from './pattern-work.ts'
import { CharClasses } from './regex-classes.ts'
import type { Neighbors } from './regex-look.ts'
import { Looker, NONE } from './regex-look.ts'
import type { Program } from './regex-program.ts'

/** Looks at nodes that a program may take to get to know its states before somebody's work is charged. */
const FIRST_LOOKS = 100_000
/** Nodes that the remembered states of one program may hold together. */
const MAX_MEMORY = 2_000_000
/** Most states of a program, however small they are. */
const MAX_STATES = 4096
/** Most cells of the table of a program: 4 MB. */
const MAX_CELLS = 1_048_576
/** Rows and classes that a table has room for at first. */
const MIN_ROWS = 8
const FIRST_CLASSES = 4
/** Longer texts get room of their own. UTF-16 units. */
const SHORT_TEXT = 512
/** Characters that have a column of their own in the table; then come those of the classes. */
const ASCII = 128
/** What a cell says where nobody was yet, and where a match was found; else the row of the next state. */
const UNSEEN = 0
const FOUND = -1
/** No match begins here or earlier. */
const DEAD = -2
/** In place of a row: the work was used up. */
const LOST = -3

const NO_NODES = new Uint16Array(0)

/**
 * What holds at one place of a text: the nodes that ask for what the text is from there on. Which place that is
 * does not matter any more, so that states are found again, in other texts too.
 */
interface State {
  /** Those that hold. */
  readonly nodes: Uint16Array
  /** Number of its row in the table. */
  readonly index: number
}

/** A walk through a text, from its end. */
interface Walk {
  readonly row: number
  /** Of the unit that decides about the next step. */
  readonly place: number
  /** The walk ends before this unit. */
  readonly end: number
}

/** A step from one place of a text to the one before it. */
interface Step extends Neighbors {
  /** The character that decides about it, where that has a column of its own. */
  readonly ascii: number | undefined
}

/**
 * Judges a text from its end to its beginning: at each place it is known of every part of the pattern whether it holds
 * from there on. That takes looking ahead in its stride, and the same few states come back, so that nearly every
 * character costs one look into a table. Each state that is met for the first time costs a look at the nodes it may
 * hold, which is charged.
 * @see Barriere and Pit-Claudel, "Linear Matching of JavaScript Regexes", PLDI 2024
 */
export class Machine {
  readonly #looker: Looker
  readonly #isUnicode: boolean
  readonly #classes: CharClasses
  readonly #known = new Map<string, State>()
  /** By the number of the row; the first is nobody's. */
  #states: (State | undefined)[] = [undefined]
  /** Whether a step asks for the character before: its place in the text and its columns are one further. */
  readonly #looksBack: boolean
  /** Whether the first step of a text has columns of its own. */
  readonly #isFirstOther: boolean
  /** Classes that there is room for. */
  #room = 0
  /** Cells of a row: ASCII, classes, classes at the start of the text. */
  #width = 0
  #maxRows = 0
  #cells: Int32Array = new Int32Array(0)
  /** The row that holds at the end of a text, by the class of its last character. */
  #ends: (number | undefined)[] = []
  /** Nodes that the states hold together. */
  #memory = 0
  readonly #short = Buffer.allocUnsafeSlow(SHORT_TEXT * 2)
  readonly #shortUnits = new Uint16Array(this.#short.buffer)
  #looksLeft = FIRST_LOOKS

  constructor(program: Program, isUnicode: boolean) {
    this.#isUnicode = isUnicode
    this.#classes = new CharClasses(program.sets)
    this.#looker = new Looker(program, this.#classes)
    this.#looksBack = program.looksBack === 'always'
    this.#isFirstOther = program.looksBack === 'start'
    this.#layOut(FIRST_CLASSES)
  }

  /** Whether the pattern occurs in the text; `undefined` where the work was used up. */
  test(text: string, work: WorkLeft): boolean | undefined {
    const row = this.#walk(text, work)
    return row === LOST ? undefined : row === FOUND
  }

  /**
   * The nodes that hold at the beginning of a text, the same array for the same nodes; none where no match can begin
   * there. `undefined` where the work was used up.
   */
  nodesAtStart(text: string, work: WorkLeft): Uint16Array | undefined {
    const row = this.#walk(text, work)
    return row === LOST ? undefined : row > 0 ? this.#states[row / this.#width]?.nodes : NO_NODES
  }

  #walk(text: string, work: WorkLeft): number {
    const bytes = asciiBytes(text)
    const row = bytes === undefined ? UNSEEN : this.#walkBytes(bytes, text.length)
    return row === UNSEEN ? this.#walkUnits(text, work) : row
  }

  /** A text of ASCII of which every step is known: nearly all there are. Else `UNSEEN`. */
  #walkBytes(bytes: Uint8Array, length: number): number {
    const cells = this.#cells
    let row = this.#endOf(bytes, length)
    // Which character decides about a step, see `#looksBack`; the last step has a column of its own.
    const end = this.#looksBack ? 0 : 1
    for (let at = length - 2 + end; row > 0 && at >= end; at--) {
      const next = cells[row + (bytes[at] ?? 0)] ?? UNSEEN
      if (next !== row) row = next
      // Most states follow themselves again and again.
      else while (at > end + 4 && stays(cells, row, bytes, at - 1)) at -= 4
    }
    if (row <= 0 || length === 0) return row
    const column = this.#firstColumn(bytes[0] ?? 0)
    return column === NONE ? UNSEEN : (cells[row + column] ?? UNSEEN)
  }

  /** The row that holds at the end of such a text, where it is known. */
  #endOf(bytes: Uint8Array, length: number): number {
    if (length === 0) return this.#ends[NONE + 1] ?? UNSEEN
    const last = this.#classes.pages[0]?.[bytes[length - 1] ?? 0] ?? NONE
    return last === NONE ? UNSEEN : (this.#ends[last + 1] ?? UNSEEN)
  }

  /** The column of the last step, over the first character of a text, where it is known. */
  #firstColumn(unit: number): number {
    if (this.#looksBack) return ASCII + this.#room
    const charClass = this.#classes.pages[0]?.[unit] ?? NONE
    if (charClass < 0 || charClass >= this.#room) return NONE
    return ASCII + charClass + (this.#isFirstOther ? this.#room : 0)
  }

  #walkUnits(text: string, work: WorkLeft): number {
    const units = this.#unitsOf(text)
    const inputBefore = this.#looksBack ? 2 : 1
    let at = text.length
    const last = this.#classBefore(units, at)
    let row = this.#ends[last + 1] ?? this.#end(last, work)
    while (row > 0 && at > 0) {
      // Where a pair ends, one step is gone slowly; so is the last one.
      const isPair = this.#isUnicode && isPairBefore(units, at)
      if (!isPair && at > 1) {
        // As numbers of the machine: else each step unpacks them.
        const walk = { row: row | 0, place: (at - inputBefore) | 0, end: 1 - inputBefore }
        const left = this.#walkWide(units, this.#walkAscii(units, walk))
        at = left.place + inputBefore
        row = left.row
      }
      const column = this.#knownColumn(units, at)
      const next = column === NONE ? UNSEEN : (this.#cells[row + column] ?? UNSEEN)
      const to = this.#before(units, at)
      row = next === UNSEEN ? this.#earlier(row, this.#stepTo(units, at, to), work) : next
      at = to
    }
    return row
  }

  /** Nearly all of a text: characters of ASCII whose next state is known. */
  #walkAscii(units: Uint16Array, { row, place, end }: Walk): Walk {
    const cells = this.#cells
    let here = row
    let at = place
    for (; at > end; at--) {
      const unit = units[at] ?? ASCII
      if (unit >= ASCII) break
      const next = cells[here + unit] ?? UNSEEN
      // A branch, so that the processor does not wait for the cell where a state follows itself.
      if (next === here) continue
      if (next <= 0) break
      here = next
    }
    return { row: here, place: at, end }
  }

  /** Characters of other scripts whose next state is known. */
  #walkWide(units: Uint16Array, { row, place, end }: Walk): Walk {
    const cells = this.#cells
    const { pages } = this.#classes
    let here = row
    let at = place
    for (; at > end; at--) {
      const unit = units[at] ?? 0
      const charClass = pages[unit >> 8]?.[unit & 0xff] ?? NONE
      if (unit < ASCII || charClass === NONE || isSurrogate(unit)) break
      const next = cells[here + ASCII + charClass] ?? UNSEEN
      if (next <= 0) break
      here = next
    }
    return { row: here, place: at, end }
  }

  /** The place before the character that ends at a place. */
  #before(units: Uint16Array, at: number): number {
    return this.#isUnicode && isPairBefore(units, at) ? at - 2 : at - 1
  }

  /** The column of a step; `NONE` where it is not known. */
  #knownColumn(units: Uint16Array, at: number): number {
    const to = this.#before(units, at)
    const input = this.#looksBack ? to : at
    if (input === 0) return ASCII + this.#room
    const unit = units[input - 1] ?? 0
    if (unit < ASCII && to > 0) return unit
    const charClass = isSurrogate(unit)
      ? this.#classBefore(units, input)
      : (this.#classes.pages[unit >> 8]?.[unit & 0xff] ?? NONE)
    if (charClass < 0 || charClass >= this.#room) return NONE
    return ASCII + charClass + (to === 0 && this.#isFirstOther ? this.#room : 0)
  }

  #stepTo(units: Uint16Array, at: number, to: number): Step {
    const input = to === 0 ? ASCII : (units[this.#looksBack ? to - 1 : at - 1] ?? ASCII)
    return {
      current: this.#classBefore(units, at),
      before: this.#classBefore(units, to),
      ascii: input < ASCII ? input : undefined,
    }
  }

  #unitsOf(text: string): Uint16Array {
    if (text.length <= SHORT_TEXT) {
      this.#short.write(text, 'utf16le')
      return this.#shortUnits
    }
    const room = Buffer.allocUnsafeSlow(text.length * 2)
    room.write(text, 'utf16le')
    return new Uint16Array(room.buffer)
  }

  /** Class of the character that ends at a place. */
  #classBefore(units: Uint16Array, at: number): number {
    if (at === 0) return NONE
    const isPair = this.#isUnicode && isPairBefore(units, at)
    return this.#classes.of(isPair ? pointOf(units, at) : (units[at - 1] ?? 0))
  }

  /** Gives a row `room` classes, and forgets all states. */
  #layOut(room: number): void {
    this.#room = room
    this.#width = ASCII + 2 * room
    this.#maxRows = Math.max(MIN_ROWS, Math.min(MAX_STATES, MAX_CELLS / this.#width))
    this.#cells = new Int32Array(this.#width * MIN_ROWS)
    this.#memory = 0
    this.#known.clear()
    this.#states = [undefined]
    this.#ends = []
  }

  #makeRoom(charClass: number): void {
    if (charClass >= this.#room) this.#layOut(Math.max(this.#room * 2, charClass + 1))
  }

  /** The column of a step, whatever its character. */
  #column({ current, before }: Neighbors): number {
    if (this.#looksBack) return ASCII + (before === NONE ? this.#room : before)
    return ASCII + current + (before === NONE && this.#isFirstOther ? this.#room : 0)
  }

  #end(before: number, work: WorkLeft): number {
    this.#makeRoom(before)
    const row = this.#look({ current: NONE, before }, undefined, work)
    if (row !== LOST) this.#ends[before + 1] = row
    return row
  }

  /** The row one character earlier. */
  #earlier(from: number, step: Step, work: WorkLeft): number {
    const later = this.#states[from / this.#width]
    this.#makeRoom(Math.max(step.current, step.before))
    let row = this.#isKept(later) ? (this.#cells[from + this.#column(step)] ?? UNSEEN) : UNSEEN
    if (row === UNSEEN) row = this.#look(step, later, work)
    // Where all were forgotten to make room, so was this one.
    if (row === LOST || !this.#isKept(later)) return row
    this.#cells[from + this.#column(step)] = row
    if (step.ascii !== undefined) this.#cells[from + step.ascii] = row
    return row
  }

  #isKept(state: State | undefined): boolean {
    return state !== undefined && this.#states[state.index] === state
  }

  #look(place: Neighbors, later: State | undefined, work: WorkLeft): number {
    if (work.left < 0) return LOST
    const seen = this.#looker.look({ ...place, later: later?.nodes })
    if (!this.#pay(this.#looker.looks, work)) return LOST
    // Those that begin later ended the search.
    if (seen.isFound) return FOUND
    return seen.isDead ? DEAD : this.#remember(seen.nodes, place.before)
  }

  #pay(looks: number, work: WorkLeft): boolean {
    if (this.#looksLeft >= looks) this.#looksLeft -= looks
    else work.left -= looks
    return work.left >= 0
  }

  /** The row of a state. */
  #remember(nodes: Uint16Array, charClass: number): number {
    const before = this.#looksBack ? charClass : NONE
    const key = `${before} ${Buffer.from(nodes.buffer).toString('latin1')}`
    const known = this.#known.get(key)
    if (known !== undefined) return known.index * this.#width
    this.#memory += nodes.length
    if (this.#states.length >= this.#maxRows || this.#memory > MAX_MEMORY) this.#layOut(this.#room)
    const index = this.#states.length
    this.#growTo((index + 1) * this.#width)
    const state: State = { nodes, index }
    this.#states.push(state)
    this.#known.set(key, state)
    return index * this.#width
  }

  #growTo(cells: number): void {
    if (cells <= this.#cells.length) return
    const wider = new Int32Array(Math.max(cells, this.#cells.length * 2))
    wider.set(this.#cells)
    this.#cells = wider
  }
}

/** Whether a state follows itself over four characters: asked together, so that no answer waits for another. */
// oxlint-disable-next-line max-params -- an object would have to be made for every fourth character
function stays(cells: Int32Array, row: number, bytes: Uint8Array, at: number): boolean {
  const a = (cells[row + (bytes[at] ?? 0)] ?? UNSEEN) ^ row
  const b = (cells[row + (bytes[at - 1] ?? 0)] ?? UNSEEN) ^ row
  const c = (cells[row + (bytes[at - 2] ?? 0)] ?? UNSEEN) ^ row
  const d = (cells[row + (bytes[at - 3] ?? 0)] ?? UNSEEN) ^ row
  return (a | b | c | d) === 0
}

function isSurrogate(unit: number): boolean {
  return (unit & 0xf800) === 0xd800
}

function isPairBefore(units: Uint16Array, at: number): boolean {
  return (
    at > 1 &&
    ((units[at - 1] ?? 0) & 0xfc00) === 0xdc00 &&
    ((units[at - 2] ?? 0) & 0xfc00) === 0xd800
  )
}

/** The character of a pair that ends at a place. */
function pointOf(units: Uint16Array, at: number): number {
  return ((units[at - 2] ?? 0) - 0xd800) * 1024 + (units[at - 1] ?? 0) - 0xdc00 + 0x10000
}
