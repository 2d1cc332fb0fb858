import type { Outlet, Written } from './outlet.ts'

interface Job {
  readonly chunk: Buffer
  readonly done: Written
}

/**
 * One outlet for several writers, such as the threads of a process: a chunk is written whole before the next one
 * begins, so that lines of one never stand inside those of another. Each writer has one chunk under way at most, which
 * bounds the queue. After a fault the outlet is opened anew by the next chunk.
 */
export class OutletQueue {
  readonly #open: () => Outlet
  readonly #jobs: Job[] = []
  #outlet: Outlet | undefined
  #isWriting = false
  #mustReopen = false

  /** Opens the outlet. @throws as `open`. */
  constructor(open: () => Outlet) {
    this.#open = open
    this.#outlet = open()
  }

  /** Writes a chunk after those before it; `done` is told its whole length, or the fault. */
  write(chunk: Buffer, done: Written): void {
    this.#jobs.push({ chunk, done })
    if (!this.#isWriting) this.#next()
  }

  /** Opens the target anew once the chunk under way is written, such as after log rotation. */
  reopen(): void {
    this.#mustReopen = true
    if (!this.#isWriting) this.#reopenNow()
  }

  /** The queue as an outlet: closing it leaves the queue open. */
  asOutlet(): Outlet {
    return { write: (chunk, done) => this.write(chunk, done), close: () => undefined }
  }

  close(): void {
    this.#outlet?.close()
    this.#outlet = undefined
  }

  #next(): void {
    if (this.#mustReopen) this.#reopenNow()
    const job = this.#jobs.shift()
    if (job === undefined) return
    try {
      this.#outlet ??= this.#open()
    } catch (error) {
      this.#fail(job, error as NodeJS.ErrnoException)
      return
    }
    this.#isWriting = true
    this.#write(this.#outlet, job, 0)
  }

  #write(outlet: Outlet, job: Job, from: number): void {
    outlet.write(job.chunk.subarray(from), (error, written) => {
      const end = from + written
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.#write(outlet, job, from), EAGAIN_MS).unref()
        return
      }
      if (error === undefined && end < job.chunk.length) {
        this.#write(outlet, job, end)
        return
      }
      this.#isWriting = false
      if (error === undefined) {
        job.done(undefined, job.chunk.length)
        if (!this.#isWriting) this.#next()
      } else {
        this.close()
        this.#fail(job, error)
      }
    })
  }

  #fail(job: Job, error: NodeJS.ErrnoException): void {
    job.done(error, 0)
    if (!this.#isWriting) this.#next()
  }

  #reopenNow(): void {
    this.#mustReopen = false
    try {
      const next = this.#open()
      this.close()
      this.#outlet = next
    } catch {
      // The old one goes on: its next fault tells.
    }
  }
}

/** A terminal that is not ready is asked again after this. */
const EAGAIN_MS = 20
