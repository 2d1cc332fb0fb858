import type { SendWhole, WholeAnswer } from '../../gateway/core.ts'
import type { EdgeContext } from './edge-context.ts'
import { joined } from './request-body.ts'
import type { CallEvents, UpstreamCall } from './upstream-port.ts'
import { UPSTREAM_SILENT } from './upstream-port.ts'

const UNWANTED = new Error('nobody waits for the answer')
const TOO_LARGE = new Error('the answer is larger than what is read')

/**
 * Sends requests without a body and reads their answers whole, outside of any exchange; each within the request's time
 * for the first byte and that of a buffered answer together.
 */
export function wholeSender({
  core,
  upstreams,
  limits,
}: Pick<EdgeContext, 'core' | 'upstreams' | 'limits'>): SendWhole {
  return (request, maxBytes, signal) => {
    if (signal?.aborted === true) return Promise.resolve(undefined)
    if (core.upstreams !== upstreams.services) upstreams.update(core.upstreams)
    return new Promise((resolve) => {
      const reading = new Reading(maxBytes, resolve)
      const plan = { request, body: undefined, streamedBytes: undefined, upgrade: undefined }
      const call = upstreams.call({ ...plan, events: reading })
      reading.start(call, request.firstByteMs + limits.bufferedResponseMs)
      signal?.addEventListener('abort', reading.giveUp)
    })
  }
}

class Reading implements CallEvents {
  readonly #maxBytes: number
  readonly #resolve: (answer: WholeAnswer | undefined) => void
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #head: Pick<WholeAnswer, 'status' | 'rawHeaders'> | undefined = undefined
  #call: UpstreamCall | undefined = undefined
  #timer: NodeJS.Timeout | undefined = undefined

  constructor(maxBytes: number, resolve: (answer: WholeAnswer | undefined) => void) {
    this.#maxBytes = maxBytes
    this.#resolve = resolve
  }

  start(call: UpstreamCall | undefined, limitMs: number): void {
    this.#call = call
    if (call === undefined) return this.#end(undefined)
    this.#timer = setTimeout(() => {
      call.abort(UPSTREAM_SILENT)
      this.#end(undefined)
    }, limitMs)
    call.start()
  }

  readonly giveUp = (): void => {
    this.#call?.abort(UNWANTED)
    this.#end(undefined)
  }

  upstreamHead(status: number, rawHeaders: readonly string[]): void {
    this.#head = { status, rawHeaders }
  }

  upstreamData(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes <= this.#maxBytes) {
      // The transport may write over its memory once it has been told that nobody needs it; here it is needed.
      this.#chunks.push(chunk)
      return
    }
    this.#call?.abort(TOO_LARGE)
    this.#end(undefined)
  }

  upstreamEnd(): void {
    const head = this.#head
    this.#end(head === undefined ? undefined : { ...head, body: joined(this.#chunks) })
  }

  upstreamError(): void {
    this.#end(undefined)
  }

  upstreamUpgrade(_rawHeaders: readonly string[], socket: { destroy(): unknown }): void {
    socket.destroy()
    this.#end(undefined)
  }

  #end(answer: WholeAnswer | undefined): void {
    clearTimeout(this.#timer)
    this.#resolve(answer)
  }
}
