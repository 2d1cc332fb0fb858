import type { Socket } from 'node:net'
import { HeaderTable } from '../../http/header-table.ts'
import type { LlhttpParser, ParserRules } from '../fast/llhttp.ts'
import { acquireParser, releaseParser } from '../fast/parser-pool.ts'
import { faultStatus, isWebSocketRequest } from '../fast/request-rules.ts'

const CR = 13

/** A request head as one of the two parsers read it. */
export interface ReadHead {
  readonly method: string
  readonly target: string
  /** Names and values as they came. */
  readonly rawHeaders: readonly string[]
}

/** What the guard remembers of a head until Node has read it too. */
interface PassedHead extends ReadHead {
  /** No HTTP follows it. */
  readonly isTunnel: boolean
}

/** What the guard of a connection is told, and tells. */
export interface GuardPlan {
  readonly rules: ParserRules
  /** The bytes are no HTTP; nothing more of them reaches Node. */
  readonly onFault: (status: number, detail: string) => void
}

/**
 * Stands between a socket and Node's own parser, which skips spaces in a request line and lone line ends before it
 * [WIRE-01]. Every byte is read here first, by the strict rules; Node is given what they let pass, up to the first
 * fault. Both must read the same heads: see `agrees`.
 */
export class WireGuard {
  readonly #socket: Socket
  readonly #plan: GuardPlan
  readonly #toNode: (chunk: Buffer) => void
  #parser: LlhttpParser | undefined = undefined
  /** Heads that Node has not read yet; no more than one chunk can hold. */
  readonly #heads: PassedHead[] = []
  /** Place in the chunk behind the head of the message that is under way; -1 before it is whole. */
  #headEnd = -1
  /** Place in the chunk of the first byte of that message, below 0 where it came earlier. */
  #messageAt = 0
  #isOver = false

  /** Takes the place of Node's listener for bytes, right after Node began to listen. */
  constructor(socket: Socket, plan: GuardPlan) {
    const [onData, ...others] = socket.listeners('data')
    if (onData === undefined || others.length > 0)
      throw new Error('unexpected listeners of a socket of http.Server')
    this.#socket = socket
    this.#plan = plan
    this.#toNode = (chunk) => void Reflect.apply(onData, socket, [chunk])
    socket.removeListener('data', onData as (...args: unknown[]) => void)
    // Adding a listener also makes Node read through JavaScript again, not past it from the handle.
    socket.on('data', this.#onData)
    socket.on('close', this.stop)
  }

  /** Whether the request that Node reads now is the last message of its connection, and a tunnel follows. */
  get isTunnel(): boolean {
    return this.#heads[0]?.isTunnel === true
  }

  /** Whether Node's parser read the next request as the guard did; asked once for each, in order. */
  agrees({ method, target, rawHeaders }: ReadHead, isTunnel: boolean): boolean {
    const head = this.#heads.shift()
    return (
      head !== undefined &&
      head.method === method &&
      head.target === target &&
      head.isTunnel === isTunnel &&
      head.rawHeaders.length === rawHeaders.length &&
      head.rawHeaders.every((part, i) => part === rawHeaders[i])
    )
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isOver) return
    let at = 0
    while (at < chunk.length) {
      const from = at
      const parser = this.#parser ?? this.#beginMessage(chunk, from)
      at = parser.execute(chunk, from)
      const isTunnel = parser.hasHead && this.#onHead(parser)
      if (parser.fault !== undefined) return this.#refuse(chunk, from, parser)
      if (isTunnel) return this.#handOver(chunk)
      if (parser.isComplete) this.#endMessage()
    }
    this.#messageAt -= chunk.length
    if (this.#headEnd >= 0) this.#headEnd = 0
    this.#toNode(chunk)
  }

  #beginMessage(chunk: Buffer, from: number): LlhttpParser {
    this.#parser = acquireParser('request', this.#plan.rules)
    // The one empty line that may come before it.
    this.#messageAt = from + (chunk[from] === CR ? 2 : 0)
    return this.#parser
  }

  /** @returns whether no HTTP follows. */
  #onHead(parser: LlhttpParser): boolean {
    const { method, target, httpVersion, rawHeaders, isUpgrade } = parser
    const headers = new HeaderTable(isUpgrade ? rawHeaders : [])
    const isTunnel =
      isUpgrade && (method === 'CONNECT' || isWebSocketRequest({ method, httpVersion, headers }))
    this.#headEnd = this.#messageAt + parser.headBytes
    this.#heads.push({ method, target, rawHeaders, isTunnel })
    return isTunnel
  }

  #endMessage(): void {
    this.#headEnd = -1
    if (this.#parser !== undefined) releaseParser(this.#parser)
    this.#parser = undefined
  }

  #handOver(chunk: Buffer): void {
    this.#isOver = true
    this.#socket.removeListener('data', this.#onData)
    this.#toNode(chunk)
  }

  /** Node gets what was right: so that what was asked before, or by this head, is answered in its order. */
  #refuse(chunk: Buffer, from: number, parser: LlhttpParser): void {
    const { fault } = parser
    if (fault === undefined) return
    const status = faultStatus(fault, parser)
    const headEnd = this.#headEnd
    this.#isOver = true
    this.#endMessage()
    // Behind the head one byte less than was read: no message may end with the fault.
    const to = headEnd < 0 ? from : Math.max(headEnd, fault.at - 1)
    if (to > 0) this.#toNode(chunk.subarray(0, to))
    this.#plan.onFault(status, fault.code)
  }

  /** Nothing that comes is read any more. */
  readonly stop = (): void => {
    this.#isOver = true
    this.#heads.length = 0
    this.#endMessage()
  }
}
