import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Answer } from '../../gateway/core.ts'
import { formatHead } from './raw-answer.ts'

/** The client's raw side of a request that asked to switch protocols. */
export interface UpgradeEnd {
  /** The protocol asked for, such as `websocket`. */
  readonly protocol: string
  /**
   * Answers 101 and joins the two sides until one ends or neither sends anything for the idle time. `done` is called
   * once, with the bytes that went to and came from the upstream.
   */
  open(answer: Answer, upstream: Duplex, done: (bytesIn: number, bytesOut: number) => void): void
}

/** What a tunnel needs beside its client's socket. */
export interface TunnelPlan {
  /** What the client sent right behind its request. */
  readonly head: Buffer
  readonly idleMs: number
  /** Takes the socket back from the HTTP response that would have answered otherwise. */
  readonly release: () => void
}

/** Joins a client's socket and an upstream's, with back-pressure both ways. */
export class Tunnel implements UpgradeEnd {
  readonly protocol = 'websocket'
  readonly #client: Socket
  readonly #plan: TunnelPlan

  constructor(client: Socket, plan: TunnelPlan) {
    this.#client = client
    this.#plan = plan
  }

  open(answer: Answer, upstream: Duplex, done: (bytesIn: number, bytesOut: number) => void): void {
    const client = this.#client
    const { head, idleMs, release } = this.#plan
    let bytesIn = head.length
    let bytesOut = 0
    let isOver = false
    const finish = (): void => {
      if (isOver) return
      isOver = true
      client.destroy()
      upstream.destroy()
      done(bytesIn, bytesOut)
    }
    release()
    for (const side of [client, upstream]) {
      side.on('error', finish)
      side.on('close', finish)
    }
    // Every byte of either direction passes the client's socket, so its timer is the tunnel's.
    client.setTimeout(idleMs)
    client.on('timeout', finish)
    client.write(
      formatHead(answer.status, [
        ...answer.headers,
        'Connection',
        'Upgrade',
        'Upgrade',
        this.protocol,
      ]),
    )
    if (head.length > 0) upstream.write(head)
    client.on('data', (chunk: Buffer) => (bytesIn += chunk.length))
    upstream.on('data', (chunk: Buffer) => (bytesOut += chunk.length))
    client.pipe(upstream)
    upstream.pipe(client)
  }
}
