import type { Duplex, Readable } from 'node:stream'
import type { FailureCause, UpstreamRequest, UpstreamTarget } from '../../gateway/core.ts'

/** What the owner of a call hears; every method is called outside of the owner's own calls and may throw. */
export interface CallEvents {
  /** The final response head; 1xx are swallowed. `rawHeaders` is a flat list. `nowMs`: monotonic, where it is known. */
  upstreamHead(status: number, rawHeaders: readonly string[], nowMs?: number): void
  /** @returns true when the bytes are not needed any more, so that their memory may be written over. */
  upstreamData(chunk: Buffer): boolean | void
  /** `trailers`: flat list as it came, where some came. */
  upstreamEnd(trailers?: readonly string[]): void
  /**
   * Nothing follows. `detail` is for the log. `isUnanswered`: no byte of an answer came, so that a request that is safe
   * to repeat may be sent again.
   */
  upstreamError(cause: FailureCause, detail: string, isUnanswered?: boolean): void
  /**
   * Asked before a request that is safe to repeat is sent again because a connection that had been idle broke before
   * any answer; a yes is counted. Without it: yes.
   */
  mayResend?(): boolean
  /** Asked at the end of a streamed body: its trailers as a flat list; a transport that cannot send them need not ask. */
  uploadTrailers?(): readonly string[]
  /** The upstream switched protocols (101); the socket is the owner's. */
  upstreamUpgrade(rawHeaders: readonly string[], socket: Duplex): void
}

/** Whether the owner of a call lets it be sent once more. */
export function mayResend(events: CallEvents): boolean {
  return events.mayResend?.() !== false
}

/** Why a call is aborted whose upstream let a time limit pass; any other reason says nothing of the upstream. */
export const UPSTREAM_SILENT: Error = new Error('the upstream is silent')

/** How one request goes to an upstream. */
export interface CallPlan {
  readonly request: UpstreamRequest
  readonly body: Buffer | Readable | undefined
  /** Length of a streamed body where it is known; else it is chunked. */
  readonly streamedBytes: number | undefined
  /** The protocol the client asked to switch to, such as `websocket`. */
  readonly upgrade: string | undefined
  readonly events: CallEvents
}

/** One request to an upstream and its answer on the way back. */
export interface UpstreamCall {
  /** Trailers may follow a body whose announced length is reached. Default: false. */
  readonly mayTrail?: boolean
  /** `nowMs`: monotonic, where it is known. */
  start(nowMs?: number): void
  /** Ends the call; no event follows. */
  abort(reason: Error): void
  pause(): void
  resume(): void
}

/** The connections to one origin. */
export interface UpstreamPool {
  call(plan: CallPlan): UpstreamCall
  /** Lets what runs end, then closes. */
  close(): Promise<void>
  /** Ends every connection, also those in use. */
  destroy(): Promise<void>
}

/** How a transport opens its connections to an origin. */
export type OpenPool = (target: UpstreamTarget) => UpstreamPool
