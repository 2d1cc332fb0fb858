import { ConfigError } from '../base/config-error.ts'
import { openOutlet } from './outlet.ts'
import type { Outlet, SinkTarget } from './outlet.ts'

/** `access` lines may be dropped when memory runs short, `security` lines only when a further reserve is used up. */
export type Stream = 'access' | 'security'

/** What a sink says about itself. */
export interface SinkState {
  /** As configured, such as `stdout` or `file:/var/log/sallyport.log`. */
  readonly name: string
  readonly isUp: boolean
  readonly bufferedBytes: number
  /** Lines dropped since the start. */
  readonly dropped: Readonly<Record<Stream, number>>
}

/** Takes lines and writes them in batches; never throws, never blocks. */
export interface Sink {
  readonly state: SinkState
  /** Nearly all of the reserve is used up, and half of it not free again since. */
  readonly isFull: boolean
  /** `line` is printable ASCII without its line's end. */
  write(line: string, stream: Stream): void
  /** Resolves when all is written, or after `timeoutMs`: to whether nothing is left. */
  flush(timeoutMs?: number): Promise<boolean>
  /** Opens the file anew, after log rotation. */
  reopen(): void
  /** Flushes and gives the descriptor back. Lines that come later are dropped and counted. */
  close(timeoutMs?: number): Promise<void>
}

/** Bounds of a sink; bytes and milliseconds. */
export interface SinkLimits {
  readonly batchBytes: number
  readonly flushMs: number
  /** Above it access lines are dropped. */
  readonly maxBytes: number
  /** On top of `maxBytes`, for security lines only (CONTROLS 3.3, local log disk full). */
  readonly reserveBytes: number
  /** Pause after a failed write (full disk, reader gone) before the target is opened anew. */
  readonly retryMs: number
}

/**
 * 256 KiB or 200 ms, 8 MiB, 64 MiB, 1 s. Each write wakes a thread and is told of by another wake, which costs as much
 * as some 100 KiB of lines: four times the batch is written in a third of the time.
 */
export const SINK_LIMITS: SinkLimits = {
  batchBytes: 256 * 1024,
  flushMs: 200,
  maxBytes: 8 * 1024 * 1024,
  reserveBytes: 64 * 1024 * 1024,
  retryMs: 1000,
}

const LINE_END = 10
/** Above this share of the reserve a sink is full, below the other it has room again. */
const FULL_SHARE = 15 / 16
const ROOM_SHARE = 1 / 2
/** Room behind a full batch for the line that fills it. */
const ROOM_BYTES = 16 * 1024
/** Most batches in one write. */
const MAX_MERGED = 16
/** A terminal that is not ready is asked again after this. */
const EAGAIN_MS = 20

/** What a sink reports; called from timers and callbacks, must not throw. */
export interface SinkWatch {
  down?(name: string, error: NodeJS.ErrnoException): void
  /** `lost`: lines dropped while it was down or slow, since the last report. */
  up?(name: string, lost: Readonly<Record<Stream, number>>): void
  /** `isFull` of a sink changed; there is room left for a line about it. */
  room?(): void
}

/**
 * Reads `stdout`, `stderr` or `file:PATH` (as given: make it absolute before).
 * @throws ConfigError at `path` for anything else.
 */
export function parseSink(text: string, path: string): SinkTarget {
  if (text === 'stdout' || text === 'stderr') return { kind: text }
  if (text.startsWith('file:') && text.length > 5) return { kind: 'file', path: text.slice(5) }
  throw new ConfigError({
    path,
    message: `"${text}" is no log sink`,
    cure: 'stdout, stderr or file:PATH',
  })
}

/**
 * Opens a sink. @throws the system's error when the target cannot be opened at the start; later faults are retried
 * once a second while lines wait in memory, up to the limits.
 */
export function openSink(
  target: SinkTarget,
  limits: SinkLimits = SINK_LIMITS,
  watch: SinkWatch = {},
): Sink {
  return new BufferedSink({ name: sinkName(target), limits, watch, open: () => openOutlet(target) })
}

/** What a sink is called in metrics and events. */
export function sinkName(target: SinkTarget): string {
  return target.kind === 'file' ? `file:${target.path}` : target.kind
}

/** As `openSink`, for an outlet of one's own. */
export function createSink(parts: SinkParts): Sink {
  return new BufferedSink(parts)
}

/** What a sink is made of. */
export interface SinkParts {
  readonly name: string
  readonly limits: SinkLimits
  readonly watch: SinkWatch
  open(): Outlet
}

class BufferedSink implements Sink {
  readonly #parts: SinkParts
  /** `undefined` while it is down, or closed. */
  #outlet: Outlet | undefined
  /** Where lines gather as bytes: a line that waits as text would be copied by each garbage collection. */
  #open: Buffer | undefined
  #openBytes = 0
  /** Memory of a batch that was written: fresh memory costs a page fault for every 4 KiB. */
  #spare: Buffer | undefined
  /** Sealed batches; the first may be partly written. */
  #batches: Buffer[] = []
  #batchBytes = 0
  #isWriting = false
  #isClosed = false
  #isReported = true
  #isFull = false
  #mustReopen = false
  #timer: NodeJS.Timeout | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #waiters: (() => void)[] = []
  readonly #dropped: Record<Stream, number> = { access: 0, security: 0 }
  readonly #told: Record<Stream, number> = { access: 0, security: 0 }

  constructor(parts: SinkParts) {
    this.#parts = parts
    this.#outlet = parts.open()
  }

  get state(): SinkState {
    return {
      name: this.#parts.name,
      isUp: this.#outlet !== undefined,
      bufferedBytes: this.#openBytes + this.#batchBytes,
      dropped: { ...this.#dropped },
    }
  }

  get isFull(): boolean {
    return this.#isFull
  }

  write(line: string, stream: Stream): void {
    const { limits } = this.#parts
    const bound = stream === 'access' ? limits.maxBytes : limits.maxBytes + limits.reserveBytes
    const size = line.length + 1
    if (this.#isClosed || this.#openBytes + this.#batchBytes + size > bound) {
      this.#dropped[stream]++
    } else {
      this.#append(line, size)
      this.#sendOn()
    }
    if (stream === 'security' && !this.#isFull) this.#noteRoom(FULL_SHARE)
  }

  #sendOn(): void {
    const { limits } = this.#parts
    if (this.#openBytes >= limits.batchBytes) {
      this.#seal()
      this.#pump()
    } else {
      this.#timer ??= setTimeout(this.#onTimer, limits.flushMs).unref()
    }
  }

  /** Whether more than `share` of the reserve is used. */
  #noteRoom(share: number): void {
    const { maxBytes, reserveBytes } = this.#parts.limits
    const isFull = this.#openBytes + this.#batchBytes > maxBytes + reserveBytes * share
    if (isFull === this.#isFull) return
    this.#isFull = isFull
    this.#parts.watch.room?.()
  }

  flush(timeoutMs = 2000): Promise<boolean> {
    this.#seal()
    this.#pump()
    if (this.#batches.length === 0) return Promise.resolve(true)
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        resolve(true)
      }
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((waiter) => waiter !== done)
        resolve(false)
      }, timeoutMs)
      this.#waiters.push(done)
    })
  }

  reopen(): void {
    // A write under way ends on the old file; then the new one is opened.
    if (this.#isWriting) this.#mustReopen = true
    else this.#reopenNow()
  }

  async close(timeoutMs = 2000): Promise<void> {
    await this.flush(timeoutMs)
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#retryTimer)
    this.#outlet?.close()
    this.#outlet = undefined
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined
    this.#seal()
    this.#pump()
  }

  #append(line: string, size: number): void {
    let open = (this.#open ??= this.#batchOf(size))
    if (this.#openBytes + size > open.length) {
      this.#seal()
      if (this.#open === undefined || size > this.#open.length) this.#open = this.#batchOf(size)
      open = this.#open
    }
    open.write(line, this.#openBytes, 'latin1')
    this.#openBytes += size
    open[this.#openBytes - 1] = LINE_END
  }

  /** Memory for a batch that begins with a line of `size` bytes. */
  #batchOf(size: number): Buffer {
    const spare = this.#spare
    if (spare !== undefined && size <= spare.length) {
      this.#spare = undefined
      return spare
    }
    return Buffer.allocUnsafeSlow(Math.max(size, this.#parts.limits.batchBytes + ROOM_BYTES))
  }

  /** Takes the memory of a batch of the usual size back. Only as much of it is ever written as was filled anew. */
  #reuse(written: Buffer | undefined): void {
    if (written?.buffer.byteLength === this.#parts.limits.batchBytes + ROOM_BYTES)
      this.#spare = Buffer.from(written.buffer)
  }

  #seal(): void {
    if (this.#open === undefined || this.#openBytes === 0) return
    const lines = this.#open.subarray(0, this.#openBytes)
    // A few lines must not hold the memory of many while a sink is down.
    const isFull = lines.length * 2 > this.#open.length
    this.#batches.push(isFull ? lines : Buffer.from(lines))
    this.#open = isFull ? undefined : this.#open
    this.#batchBytes += lines.length
    this.#openBytes = 0
  }

  #pump(): void {
    if (this.#isWriting || this.#outlet === undefined) return
    // After a stall, fewer and larger writes catch up sooner.
    if (this.#batches.length > 1)
      this.#batches.unshift(Buffer.concat(this.#batches.splice(0, MAX_MERGED)))
    const batch = this.#batches[0]
    if (batch === undefined) return
    this.#isWriting = true
    this.#outlet.write(batch, (error, written) => this.#onWritten(batch, error, written))
  }

  #onWritten(batch: Buffer, error: NodeJS.ErrnoException | undefined, written: number): void {
    this.#isWriting = false
    if (this.#isClosed) return
    if (error !== undefined) {
      if (error.code === 'EAGAIN') setTimeout(() => this.#pump(), EAGAIN_MS).unref()
      else this.#fail(error)
      return
    }
    this.#batchBytes -= written
    if (written < batch.length) this.#batches[0] = batch.subarray(written)
    else this.#reuse(this.#batches.shift())
    if (this.#isFull) this.#noteRoom(ROOM_SHARE)
    this.#report()
    if (this.#mustReopen && written === batch.length) this.#reopenNow()
    if (this.#batches.length > 0) this.#pump()
    else for (const done of this.#waiters.splice(0)) done()
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.#outlet?.close()
    this.#outlet = undefined
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined
      this.#reopenNow()
    }, this.#parts.limits.retryMs).unref()
    if (!this.#isReported) return
    this.#isReported = false
    this.#parts.watch.down?.(this.#parts.name, error)
  }

  #reopenNow(): void {
    if (this.#isClosed) return
    this.#mustReopen = false
    try {
      const next = this.#parts.open()
      this.#outlet?.close()
      this.#outlet = next
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException)
      return
    }
    this.#pump()
  }

  /** After a write that worked: what was lost before it, and that the sink is there again. */
  #report(): void {
    const access = this.#dropped.access - this.#told.access
    const security = this.#dropped.security - this.#told.security
    if (this.#isReported && access + security === 0) return
    // While lines are still being dropped the gap has no end yet.
    if (this.#batchBytes + this.#openBytes > this.#parts.limits.maxBytes / 2) return
    this.#isReported = true
    Object.assign(this.#told, this.#dropped)
    this.#parts.watch.up?.(this.#parts.name, { access, security })
  }
}
