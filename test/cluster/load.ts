import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** What a load came to. */
export interface LoadResult {
  /** Status -> how often; 0: the connection broke before an answer. */
  readonly statuses: ReadonlyMap<number, number>
  /** Of all answers, in milliseconds. */
  readonly p99Ms: number
  readonly slowestMs: number
  /** Until the last answer. */
  readonly seconds: number
  /** Until nothing more was sent. */
  readonly askedSeconds: number
  /** When the first 429 came, and how many 204 had come by then; `undefined`: none did. */
  readonly full: { readonly seconds: number; readonly allowed: number } | undefined
}

/** Whom to ask, and how. */
export interface LoadOptions {
  /** Ports of loopback, each asked over `connections` connections. */
  readonly ports: readonly number[]
  readonly connections: number
  /** Of all ports together; `Infinity`: as many as come through. */
  readonly perSecond: number
  readonly path: string
  /** Address of loopback that the requests come from. */
  readonly from: string
}

/** Requests that are sent until told to stop, over plain sockets; a connection that breaks is made anew. */
export class ClusterLoad {
  readonly #options: LoadOptions
  readonly #startedAt = performance.now()
  readonly #statuses = new Map<number, number>()
  readonly #tookMs: number[] = []
  readonly #lines: readonly Line[]
  readonly #pacer: NodeJS.Timeout | undefined
  #full: LoadResult['full'] = undefined
  #due = 0
  #pacedAt = performance.now()

  constructor(options: LoadOptions) {
    this.#options = options
    const request = `GET ${options.path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
    const note = (status: number, tookMs: number): void => {
      this.#statuses.set(status, this.count(status) + 1)
      if (status !== 0) this.#tookMs.push(tookMs)
      if (status === 429) this.#full ??= { seconds: this.#seconds, allowed: this.count(204) }
    }
    this.#lines = Array.from({ length: options.connections }, () => options.ports)
      .flat()
      .map((port) => new Line({ port, from: options.from, request, note }))
    const isPaced = Number.isFinite(options.perSecond)
    if (isPaced) this.#pacer = setInterval(() => this.#pace(), 5)
    else for (const line of this.#lines) line.keepAsking()
  }

  /** How many answers had this status so far. */
  count(status: number): number {
    return this.#statuses.get(status) ?? 0
  }

  /** Waits for what is under way. */
  async stop(): Promise<LoadResult> {
    clearInterval(this.#pacer)
    const askedSeconds = this.#seconds
    await Promise.all(this.#lines.map((line) => line.stop()))
    const sorted = this.#tookMs.toSorted((a, b) => a - b)
    return {
      statuses: this.#statuses,
      p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
      slowestMs: sorted.at(-1) ?? 0,
      seconds: this.#seconds,
      askedSeconds,
      full: this.#full,
    }
  }

  get #seconds(): number {
    return (performance.now() - this.#startedAt) / 1000
  }

  #pace(): void {
    const now = performance.now()
    this.#due += ((now - this.#pacedAt) / 1000) * this.#options.perSecond
    this.#pacedAt = now
    // Lines take turns, so that every node gets its part.
    for (const line of this.#lines) {
      if (this.#due < 1) return this.#turn()
      if (line.ask()) this.#due -= 1
    }
    // All are busy: what could not be asked is not asked later in one heap.
    this.#due = Math.min(this.#due, this.#lines.length)
  }

  #turn(): void {
    const lines = this.#lines as Line[]
    const [first] = lines.splice(0, 1)
    if (first !== undefined) lines.push(first)
  }
}

interface LineParts {
  readonly port: number
  readonly from: string
  readonly request: string
  readonly note: (status: number, tookMs: number) => void
}

/** One connection, one request at a time. */
class Line {
  readonly #parts: LineParts
  #socket: Socket | undefined
  #text = ''
  #sentAt: number | undefined
  #isRunning = false
  #isOver = false
  #idle: (() => void) | undefined

  constructor(parts: LineParts) {
    this.#parts = parts
  }

  /** Sends a request unless one is under way. @returns whether it did. */
  ask(): boolean {
    if (this.#sentAt !== undefined || this.#isOver) return false
    const socket = this.#socket ?? this.#open()
    this.#sentAt = performance.now()
    socket.write(this.#parts.request)
    return true
  }

  keepAsking(): void {
    this.#isRunning = true
    this.ask()
  }

  async stop(): Promise<void> {
    this.#isOver = true
    if (this.#sentAt !== undefined) await new Promise<void>((resolve) => (this.#idle = resolve))
    this.#socket?.destroy()
  }

  #open(): Socket {
    const { port, from } = this.#parts
    const socket = connect({ port, host: '127.0.0.1', localAddress: from })
    socket.setNoDelay(true).setEncoding('latin1')
    socket.on('data', (text: string) => this.#read(text))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.#socket = undefined
      this.#text = ''
      if (this.#sentAt !== undefined) this.#end(0)
    })
    this.#socket = socket
    return socket
  }

  #read(text: string): void {
    this.#text += text
    const head = this.#text.indexOf('\r\n\r\n')
    if (head === -1) return
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#text.slice(0, head))?.[1] ?? '0'
    if (this.#text.length < head + 4 + Number(length)) return
    const status = Number(this.#text.slice(9, 12))
    this.#text = ''
    this.#end(status)
  }

  #end(status: number): void {
    const tookMs = performance.now() - (this.#sentAt ?? 0)
    this.#sentAt = undefined
    this.#parts.note(status, tookMs)
    this.#idle?.()
    // A port that refuses must not become a busy loop.
    if (this.#isRunning) setTimeout(() => this.ask(), status === 0 ? 20 : 0)
  }
}
