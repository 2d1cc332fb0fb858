import { getSystemErrorName } from 'node:util'
import type { BufferCalls, Calls, Native } from './calls.ts'
import { lowMemory } from './low-memory.ts'

const READ_BYTES = 65_536
/** What `send` takes at most. */
export const WRITE_BYTES = 65_536
/** Events that are fetched at once. */
export const MAX_EVENTS = 1_024
/** `struct epoll_event` is packed on x86-64: events, then two words of our own. */
const EVENT_WORDS = 3
const CONTROL_AT = MAX_EVENTS * EVENT_WORDS * 4
const READ_AT = 16_384
const WRITE_AT = READ_AT + READ_BYTES
const MEMORY_BYTES = WRITE_AT + WRITE_BYTES

const EPOLL_CLOEXEC = 0x80000
const EPOLL_ADD = 1
const EPOLL_DELETE = 2
const MSG_PEEK = 2
const MSG_DONTWAIT = 0x40
const F_GETFL = 3
const O_NONBLOCK = 0x800
const EINTR = 4
const EAGAIN = 11

/** Bits of an event, as epoll has them. */
export const READY = { input: 1, error: 8, peerEnded: 0x2000 } as const
const EDGE_TRIGGERED = 0x80000000
/** `EPOLLIN`, `EPOLLRDHUP`, `EPOLLET`; errors are always told. */
const WATCHED = READY.input | READY.peerEnded | EDGE_TRIGGERED | 0

/** No bytes now; ask again when the kernel says so. */
const LATER = -1
/** It failed; `lastError` says why. */
export const FAILED = -2

/**
 * Calls of one thread to the kernel. Sockets are given by number: the caller knows that the number is of an open socket of
 * its own, which does not block. Writing to a peer that has gone is an error of the call: Node has switched the signal off.
 */
export class Kernel {
  /** What `receive` fills. */
  readonly input: Buffer
  /** Address of `input`. */
  readonly inputAt: number
  /** Address of what `send` writes, `WRITE_BYTES` long. */
  readonly outputAt: number
  /** Epoll's own number, readable when one of the watched sockets is ready. */
  readonly poll: number
  readonly #calls: Calls
  readonly #bufferCalls: BufferCalls
  readonly #memory: Buffer
  readonly #words: Int32Array
  readonly #base: number
  readonly #errno: Int32Array

  /** @throws where the memory or the epoll cannot be had. */
  constructor(native: Native) {
    const { ffi, calls, bufferCalls } = native
    const { base, bytes } = lowMemory(native, MEMORY_BYTES)
    this.#calls = calls
    this.#bufferCalls = bufferCalls
    this.#base = base
    this.#memory = bytes
    this.#words = new Int32Array(bytes.buffer)
    this.#errno = new Int32Array(ffi.toArrayBuffer(calls.__errno_location(), 4, false))
    this.input = this.#memory.subarray(READ_AT, READ_AT + READ_BYTES)
    this.inputAt = base + READ_AT
    this.outputAt = base + WRITE_AT
    this.poll = calls.epoll_create1(EPOLL_CLOEXEC)
    if (this.poll < 0) throw this.lastError('epoll_create1')
  }

  /** Has a socket watched for input and for its end; `slot` and `generation` come with its events. */
  watch(socket: number, slot: number, generation: number): boolean {
    return this.#add(socket, WATCHED, slot, generation)
  }

  /** Has another epoll watched: its events, of generation 0, come for as long as it has some itself. */
  watchPoll(poll: number, slot: number): boolean {
    return this.#add(poll, READY.input, slot, 0)
  }

  #add(file: number, events: number, slot: number, generation: number): boolean {
    const words = this.#words
    const at = CONTROL_AT >> 2
    words[at] = events
    words[at + 1] = slot
    words[at + 2] = generation
    return this.#calls.epoll_ctl(this.poll, EPOLL_ADD, file, this.#base + CONTROL_AT) === 0
  }

  unwatch(socket: number): void {
    this.#calls.epoll_ctl(this.poll, EPOLL_DELETE, socket, this.#base + CONTROL_AT)
  }

  /** Whether calls for this socket come back at once, whatever there is to read and to write. */
  isNonBlocking(socket: number): boolean {
    const flags = this.#calls.fcntl(socket, F_GETFL)
    return flags >= 0 && (flags & O_NONBLOCK) !== 0
  }

  /**
   * Fetches what is ready, at most 1,024 events, and waits for it up to `waitMs`; a signal ends the wait.
   * @returns how many; they are asked for by their place.
   */
  fetch(waitMs: number): number {
    return Math.max(0, this.#calls.epoll_wait(this.poll, this.#base, MAX_EVENTS, waitMs))
  }

  /** Lets others run who wait for this core. */
  letOthersRun(): void {
    this.#calls.sched_yield()
  }

  /** Bits of `READY` of an event that was fetched. */
  eventsAt(place: number): number {
    return this.#words[place * EVENT_WORDS] ?? 0
  }

  /** Whose event it is. */
  slotAt(place: number): number {
    return this.#words[place * EVENT_WORDS + 1] ?? 0
  }

  generationAt(place: number): number {
    return this.#words[place * EVENT_WORDS + 2] ?? 0
  }

  /**
   * Reads into `input`. `most`: up to its length.
   * @returns bytes; 0 at the end; `FAILED`; another number below 0: nothing is there now.
   */
  receive(socket: number, most: number): number {
    const bytes = this.#calls.read(socket, this.#base + READ_AT, most)
    if (bytes >= 0) return bytes
    return this.#isInterrupted() ? this.receive(socket, most) : this.#failure()
  }

  /** The same into memory of the engine. */
  receiveInto(socket: number, buffer: Buffer): number {
    const bytes = this.#bufferCalls.read(socket, buffer, buffer.length)
    if (bytes >= 0) return bytes
    return this.#isInterrupted() ? this.receiveInto(socket, buffer) : this.#failure()
  }

  /** Whether the peer's end is the next thing to be read. */
  isAtEnd(socket: number): boolean {
    return this.#calls.recv(socket, this.#base + READ_AT, 1, MSG_DONTWAIT | MSG_PEEK) === 0
  }

  /** Puts latin1 texts and a body between them, together at most `WRITE_BYTES`, where `send` takes it. @returns its length. */
  pack(text: string, body: Buffer | undefined, end: string): number {
    const memory = this.#memory
    let at = WRITE_AT
    if (text !== '') at += memory.write(text, at, text.length, 'latin1')
    if (body === undefined) return at - WRITE_AT
    memory.set(body, at)
    at += body.length
    if (end !== '') at += memory.write(end, at, end.length, 'latin1')
    return at - WRITE_AT
  }

  /** Writes what was packed. @returns bytes that the kernel took; below 0: none. */
  send(socket: number, length: number): number {
    return this.#calls.write(socket, this.#base + WRITE_AT, length)
  }

  /** A copy of what was packed, from one byte to another. */
  packed(from: number, to: number): Buffer {
    return Buffer.from(this.#memory.subarray(WRITE_AT + from, WRITE_AT + to))
  }

  /** Writes from memory of the engine. @returns as `send`. */
  sendBuffer(socket: number, bytes: Buffer): number {
    return this.#bufferCalls.write(socket, bytes, bytes.length)
  }

  /** What the last call failed with, as Node would say it. */
  lastError(syscall: string): NodeJS.ErrnoException {
    const errno = -(this.#errno[0] ?? 0)
    const code = errno < 0 ? getSystemErrorName(errno) : 'UNKNOWN'
    return Object.assign(new Error(`${syscall} ${code}`), { code, errno, syscall })
  }

  #failure(): number {
    return this.#errno[0] === EAGAIN || this.#isInterrupted() ? LATER : FAILED
  }

  #isInterrupted(): boolean {
    return this.#errno[0] === EINTR
  }
}
