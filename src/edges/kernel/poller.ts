import { holdTime, letTimeRun } from '../../base/clock.ts'
import type { Native } from './calls.ts'
import { openNative } from './calls.ts'
import { Kernel, MAX_EVENTS } from './kernel.ts'

const UV_POLL = 8
const UV_READABLE = 1
/** Places in `uv_poll_t`, and bits of its flags. */
const UV_TYPE_AT = 16
const UV_FLAGS_AT = 88
const UV_ACTIVE_AND_REFERRED = 0xc
const UV_INTERNAL = 0x10

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
 * Tells sockets what epoll says of them, once in each turn of the event loop, in its check phase. Our epoll is itself
 * watched by Node's loop, so that the loop wakes for it and nobody waits anywhere else.
 */
export class Poller {
  readonly kernel: Kernel
  readonly #loop: LoopHandle
  readonly #slots: Slot[] = []
  readonly #free: number[] = []
  #watched = 0
  /** Places of the fetched events, in the order in which they are told. */
  readonly #order = new Int32Array(MAX_EVENTS)
  #fetched = 0
  #at = 0
  #unfinished: ReadsOn[] = []
  #turns: (() => void)[] = []
  #isArmed = false
  #isInTurn = false
  #isWoken = false

  constructor(native: Native) {
    this.kernel = new Kernel(native)
    this.#loop = new LoopHandle(native, this.kernel.poll)
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
    this.#wake()
  }

  /** Calls back in this turn, when everything that is ready has been read; else in the next. */
  atTurn(turn: () => void): void {
    this.#turns.push(turn)
    if (!this.#isInTurn) this.#wake()
  }

  #wake(): void {
    this.#arm()
    if (this.#isWoken) return
    this.#isWoken = true
    setImmediate(this.#onWake)
  }

  /** Its only use is that the loop does not wait before the check phase. */
  readonly #onWake = (): void => {
    this.#isWoken = false
  }

  #arm(): void {
    if (this.#isArmed) return
    this.#isArmed = true
    setImmediate(this.#onCheck).unref()
  }

  readonly #onCheck = (): void => {
    this.#isArmed = false
    if (this.#watched > 0) this.#arm()
    this.#isInTurn = true
    let isWhole = false
    try {
      this.#tell()
      isWhole = true
    } finally {
      letTimeRun()
      this.#isInTurn = false
      // A listener threw: the others get theirs in the next turn.
      if (!isWhole || this.#turns.length > 0) this.#wake()
    }
  }

  #tell(): void {
    holdTime()
    this.#readOn()
    if (this.#at >= this.#fetched) {
      this.#at = 0
      this.#fetched = this.#sort(this.#watched > 0 ? this.kernel.fetch() : 0)
    }
    while (this.#at < this.#fetched) {
      if (this.#at % SOCKETS_PER_TIME === 0) holdTime()
      this.#tellNext(this.#order[this.#at++] ?? 0)
    }
    const turns = this.#turns
    if (turns.length === 0) return
    holdTime()
    this.#turns = []
    takeEach(turns, (turn) => turn(), this.#turns)
  }

  /**
   * Answers first, then requests: what one request after another runs through is in the processor's caches, which have
   * no room for both ways at once. @returns how many are to be told: all but those of sockets that are gone.
   */
  #sort(count: number): number {
    return this.#place('client', count, this.#place('upstream', count, 0))
  }

  /** Puts the events of one kind behind those that have a place. @returns how many have one. */
  #place(kind: SocketKind, count: number, placed: number): number {
    const { kernel } = this
    let next = placed
    for (let at = 0; at < count; at++)
      if (this.#slots[kernel.slotAt(at)]?.watched?.kind === kind) this.#order[next++] = at
    return next
  }

  #readOn(): void {
    const unfinished = this.#unfinished
    if (unfinished.length === 0) return
    this.#unfinished = []
    let told = 0
    const tell = (reader: ReadsOn): void => {
      if (told++ % SOCKETS_PER_TIME === 0) holdTime()
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

/** Takes one after the other; where one throws, those behind it go to `later`. */
function takeEach<T>(list: readonly T[], take: (one: T) => void, later: T[]): void {
  let taken = 0
  try {
    for (const one of list) {
      taken++
      take(one)
    }
  } finally {
    if (taken < list.length) later.push(...list.slice(taken))
  }
}

/** The handle by which Node's loop watches our epoll. */
class LoopHandle {
  readonly #native: Native
  readonly #handle: bigint

  /** @throws where libuv refuses, or looks another way than it was tested with. */
  constructor(native: Native, poll: number) {
    const { ffi, calls } = native
    this.#native = native
    const handle = calls.calloc(1n, calls.uv_handle_size(UV_POLL))
    this.#handle = handle
    if (handle === 0n || calls.uv_poll_init(ffi.getCurrentEventLoop(), handle, poll) !== 0)
      throw new Error('uv_poll_init failed')
    // Waking is all the loop has to do: the callback is a function without effect.
    const isStarted = calls.uv_poll_start(handle, UV_READABLE, calls.getpid.pointer) === 0
    const flags = ffi.getUint32(handle, UV_FLAGS_AT)
    const isAsTested =
      ffi.getUint32(handle, UV_TYPE_AT) === UV_POLL && flags === UV_ACTIVE_AND_REFERRED
    if (!isStarted || !isAsTested) {
      calls.uv_close(handle, 0n)
      throw new Error('libuv is not as it was tested')
    }
    // A thread that ends at any moment may leave only such handles behind.
    ffi.setUint32(handle, UV_FLAGS_AT, flags | UV_INTERNAL)
    this.letGo()
  }

  /** From here on it keeps the loop running. */
  hold(): void {
    this.#native.calls.uv_ref(this.#handle)
  }

  letGo(): void {
    this.#native.calls.uv_unref(this.#handle)
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
