import type { MessagePort } from 'node:worker_threads'
import type { SinkTarget } from '../../src/gateway/config/values/text.ts'
import type { KeyAnswer, KeyCall } from '../../src/store/remote-keys.ts'
import type { Outlet, Written } from '../../src/telemetry/outlet.ts'
import type { FromWorker, ToWorker } from './messages.ts'

/** A worker's line to the main thread: questions about keys, and chunks of logs. */
export class PortLine {
  readonly #port: MessagePort
  readonly #asked = new Map<number, (answer: KeyAnswer) => void>()
  readonly #written = new Map<number, Written>()
  #lastId = 0

  constructor(port: MessagePort) {
    this.#port = port
  }

  tell(message: FromWorker): void {
    // A port of a thread, not a window: there is no origin to name.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.#port.postMessage(message)
  }

  askKeys(call: KeyCall): Promise<KeyAnswer> {
    const id = ++this.#lastId
    return new Promise((resolve) => {
      this.#asked.set(id, resolve)
      this.tell({ kind: 'ask', id, call })
    })
  }

  /** An outlet that the main thread writes for us, whole chunks at a time. */
  outlet(target: SinkTarget): Outlet {
    return {
      write: (chunk, done) => {
        const id = ++this.#lastId
        this.#written.set(id, done)
        this.tell({ kind: 'write', id, target, chunk })
      },
      close: () => undefined,
    }
  }

  /** What came back. */
  hear(message: Extract<ToWorker, { readonly kind: 'answer' | 'written' }>): void {
    const { id } = message
    if (message.kind === 'answer') {
      this.#asked.get(id)?.(message.answer)
      this.#asked.delete(id)
      return
    }
    const { error, bytes } = message
    const done = this.#written.get(id)
    this.#written.delete(id)
    done?.(
      error === undefined
        ? undefined
        : Object.assign(new Error(error.message), { code: error.code }),
      bytes,
    )
  }
}
