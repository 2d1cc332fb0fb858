import { holdTime, letTimeRun } from '../../base/clock.ts'
import { BusyPoll } from './busy-poll.ts'
import type { Native } from './calls.ts'
import { openNative } from './calls.ts'
import { Kernel, MAX_EVENTS } from './kernel.ts'
import { NodeLoop } from './node-loop.ts'
import { Round, takeEach } from './round.ts'

/**
 * A wait ends at the latest after it, milliseconds. Whatever wakes Node's loop ends it at once: this is for a thing that
 * nobody has thought of.
 */
const MAX_WAIT_MS = 1_000
/** Where our epoll has that of Node's loop. */
const LOOP_SLOT = 0

/** So many sockets are told under one time of the clock: some hundred microseconds of work. */
const SOCKETS_PER_TIME = 16

/** Who has something to read on. */
export interface ReadsOn {
  /** `again` was asked for. */
  readOn(): void
}

/** Whose the peer is: of a connection to an upstream, or of one from a client. */
export type SocketKind = 'upstream' | 'client'

/** A socket that is watched. */
export interface Watched extends ReadsOn {
  readonly fd: number
  /** Sockets of one kind are told one after another. */
  readonly kind: SocketKind
  /** Its events: bits of `READY`. */
  ready(events: number): void
}

interface Slot {
  watched: Watched | undefined
  /** Events of a socket that had the slot before are told by it. */
  generation: number
}

/**
 * Tells sockets what epoll says of them, in the check phase of Node's event loop, and stays there: it waits for the next
 * of them itself, for as long as Node's loop would wait, and hears in the same wait when that has something to do
 * (docs/decisions/0023).
 */
export class Poller {
  readonly kernel: Kernel
  readonly round: Round = new Round()
  readonly #loop: NodeLoop
  readonly #busyPoll = new BusyPoll()
  /** The first is not for sockets. */
  readonly #slots: Slot[] = [{ watched: undefined, generation: 0 }]
  readonly #free: number[] = []
  #watched = 0
  /** Places of the fetched events, in the order in which they are told. */
  readonly #order = new Int32Array(MAX_EVENTS)
  #fetched = 0
  /** So many of them are answers. */
  #answers = 0
  #at = 0
  #told = 0
  #unfinished: ReadsOn[] = []
  #turns: (() => void)[] = []
  #isArmed = false
  #isInTurn = false
  #isLoopReady = false

  constructor(native: Native) {
    this.kernel = new Kernel(native)
    this.#loop = new NodeLoop(native)
    if (!this.kernel.watchPoll(this.#loop.backend, LOOP_SLOT))
      throw this.kernel.lastError('epoll_ctl')
  }

  /** @returns the slot of a socket, which `remove` needs; `undefined`: the kernel does not watch such a thing. */
  add(watched: Watched): number | undefined {
    const index = this.#free.pop() ?? this.#slots.length
    const slot = (this.#slots[index] ??= { watched: undefined, generation: 0 })
    if (
      !this.kernel.isNonBlocking(watched.fd) ||
      !this.kernel.watch(watched.fd, index, slot.generation)
    ) {
      this.#free.push(index)
      return undefined
    }
    slot.watched = watched
    this.#watched++
    if (this.#watched === 1) this.#loop.hold()
    this.#arm()
    return index
  }

  /** `isOpen`: its number is still its own. */
  remove(index: number, isOpen: boolean): void {
    const slot = this.#slots[index]
    if (slot?.watched === undefined) return
    if (isOpen) this.kernel.unwatch(slot.watched.fd)
    slot.watched = undefined
    slot.generation = (slot.generation + 1) | 0
    this.#free.push(index)
    this.#watched--
    if (this.#watched === 0) this.#loop.letGo()
  }

  /** Has somebody read on when the next turn begins, although the kernel will not tell of it again. */
  again(reader: ReadsOn): void {
    this.#unfinished.push(reader)
    this.#arm()
  }

  /** Calls back in this turn, when everything that is ready has been read; else in the next. */
  atTurn(turn: () => void): void {
    this.#turns.push(turn)
    this.#arm()
  }

  #arm(): void {
    if (this.#isArmed || this.#isInTurn) return
    this.#isArmed = true
    setImmediate(this.#onCheck)
  }

  readonly #onCheck = (): void => {
    this.#isArmed = false
    this.#isInTurn = true
    // Until all immediates have run, Node keeps its loop from waiting for the sake of one; not so once one was taken back.
    clearImmediate(setImmediate(letTimeRun))
    try {
      let waitMs = this.#patienceMs()
      do {
        this.#isLoopReady = false
        this.#tell(waitMs)
        letTimeRun()
        this.#loop.runTicks()
        waitMs = this.#isLoopReady ? 0 : this.#patienceMs()
      } while (waitMs > 0)
    } finally {
      letTimeRun()
      this.#isInTurn = false
      // Where a listener threw, the others get theirs in the next turn.
      if (this.#watched > 0 || this.#isWorkLeft()) this.#arm()
    }
  }

  #isWorkLeft(): boolean {
    return this.#turns.length > 0 || this.#unfinished.length > 0 || this.round.isWorkLeft
  }

  /** How long to wait for sockets; 0: not at all, as somebody else in this thread has something to do. */
  #patienceMs(): number {
    if (this.#watched === 0 || this.#at < this.#fetched || this.#isWorkLeft()) return 0
    const ms = this.#loop.patienceMs()
    return ms < 0 ? MAX_WAIT_MS : Math.min(ms, MAX_WAIT_MS)
  }

  #tell(waitMs: number): void {
    const { round } = this
    holdTime()
    round.open()
    try {
      this.#readOn()
      this.#tellReady(waitMs)
      round.handOn(this.#keepTime)
      this.#takeTurns()
    } finally {
      round.close()
    }
  }

  #tellReady(waitMs: number): void {
    if (this.#at >= this.#fetched) {
      this.#at = 0
      this.#fetched = 0
      if (this.#watched > 0) this.#fetched = this.#sort(this.#fetch(waitMs))
      if (waitMs > 0) this.#loop.lookAtClock()
    }
    this.#told = 0
    while (this.#at < this.#fetched) {
      this.#keepTime()
      if (this.#at === this.#answers) this.round.send()
      this.#tellNext(this.#order[this.#at++] ?? 0)
    }
  }

  /** Called before each that is told. */
  readonly #keepTime = (): void => {
    if (this.#told++ % SOCKETS_PER_TIME === 0) holdTime()
  }

  #takeTurns(): void {
    const turns = this.#turns
    if (turns.length === 0) return
    holdTime()
    this.#turns = []
    takeEach(turns, (turn) => turn(), this.#turns)
  }

  /** Fetches what is ready, and waits for it up to `waitMs`: looks for a moment where that pays, then sleeps. */
  #fetch(waitMs: number): number {
    const { kernel } = this
    if (waitMs === 0) return kernel.fetch(0)
    const count = this.#look() || kernel.fetch(waitMs)
    this.#busyPoll.worksFrom(performance.now())
    return count
  }

  /** @returns how many came before it was time to sleep. */
  #look(): number {
    const { kernel } = this
    let nowMs = performance.now()
    const untilMs = this.#busyPoll.untilMs(nowMs)
    if (untilMs <= nowMs) return 0
    let count = 0
    for (; count === 0 && nowMs < untilMs; nowMs = performance.now()) {
      count = kernel.fetch(0)
      if (count === 0) kernel.letOthersRun()
    }
    this.#busyPoll.looked(count > 0)
    return count
  }

  /**
   * Answers first, then requests: what one request after another runs through is in the processor's caches, which have
   * no room for both ways at once. @returns how many are to be told: all but those of sockets that are gone.
   */
  #sort(count: number): number {
    this.#answers = this.#place('upstream', count, 0)
    return this.#place('client', count, this.#answers)
  }

  /** Puts the events of one kind behind those that have a place. @returns how many have one. */
  #place(kind: SocketKind, count: number, placed: number): number {
    const { kernel } = this
    let next = placed
    for (let at = 0; at < count; at++) {
      const slot = kernel.slotAt(at)
      if (slot === LOOP_SLOT) this.#isLoopReady = true
      else if (this.#slots[slot]?.watched?.kind === kind) this.#order[next++] = at
    }
    return next
  }

  #readOn(): void {
    const unfinished = this.#unfinished
    if (unfinished.length === 0) return
    this.#unfinished = []
    this.#told = 0
    const tell = (reader: ReadsOn): void => {
      this.#keepTime()
      reader.readOn()
    }
    takeEach(unfinished, tell, this.#unfinished)
  }

  #tellNext(at: number): void {
    const { kernel } = this
    const slot = this.#slots[kernel.slotAt(at)]
    if (slot === undefined || slot.generation !== kernel.generationAt(at)) return
    slot.watched?.ready(kernel.eventsAt(at))
  }
}

let opened: Poller | null | undefined

/** The poller of this thread; `undefined` where there is none (docs/decisions/0020). */
export function threadPoller(): Poller | undefined {
  if (opened === undefined) {
    const native = openNative()
    try {
      opened = native === undefined ? null : new Poller(native)
    } catch {
      opened = null
    }
  }
  return opened ?? undefined
}

/** Calls back in the check phase, when everything that was ready has been read. */
export function atTurn(turn: () => void): void {
  const poller = threadPoller()
  if (poller === undefined) setImmediate(turn)
  else poller.atTurn(turn)
}
