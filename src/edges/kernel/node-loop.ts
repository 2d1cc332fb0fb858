import type { Native } from './calls.ts'

const UV_TIMER = 13
/** Places in `uv_timer_t`, and bits of its flags. */
const UV_TYPE_AT = 16
const UV_FLAGS_AT = 88
const UV_ACTIVE_AND_REFERRED = 0xc
const UV_INTERNAL = 0x10
/** A time that does not come. */
const NEVER_MS = 1n << 50n

/** The event loop of this thread, asked what it would wait for (docs/decisions/0023). */
export class NodeLoop {
  /** A number that is readable when the loop has something to do that no timer told. */
  readonly backend: number
  /** Runs what the code of this turn left for after itself: `process.nextTick`, promises. */
  readonly runTicks: () => void
  readonly #calls: Native['calls']
  readonly #loop: bigint
  readonly #handle: bigint

  /** @throws where libuv or Node refuses, or looks another way than it was tested with. */
  constructor({ ffi, calls }: Native) {
    this.#calls = calls
    this.runTicks = ticksOf(process)
    this.#loop = ffi.getCurrentEventLoop()
    this.backend = calls.uv_backend_fd(this.#loop)
    const handle = calls.calloc(1n, calls.uv_handle_size(UV_TIMER))
    this.#handle = handle
    if (handle === 0n || calls.uv_timer_init(this.#loop, handle) !== 0)
      throw new Error('uv_timer_init failed')
    // Its only use is to be there: the callback is a function without effect, and is not called.
    const isStarted = calls.uv_timer_start(handle, calls.getpid.pointer, NEVER_MS, 0n) === 0
    const flags = ffi.getUint32(handle, UV_FLAGS_AT)
    const isAsTested =
      ffi.getUint32(handle, UV_TYPE_AT) === UV_TIMER && flags === UV_ACTIVE_AND_REFERRED
    if (!isStarted || !isAsTested) {
      calls.uv_close(handle, 0n)
      throw new Error('libuv is not as it was tested')
    }
    // A thread that ends at any moment may leave only such handles behind.
    ffi.setUint32(handle, UV_FLAGS_AT, flags | UV_INTERNAL)
    this.letGo()
  }

  /** From here on the loop is kept running. */
  hold(): void {
    this.#calls.uv_ref(this.#handle)
  }

  letGo(): void {
    this.#calls.uv_unref(this.#handle)
  }

  /** Moves the time by which Node sets its timers. */
  lookAtClock(): void {
    this.#calls.uv_update_time(this.#loop)
  }

  /**
   * How long the loop would now wait, in milliseconds: 0 where it has something to do (a timer that is due, an immediate, a
   * handle to be closed, a thread that is to end), below 0 where no timer is set.
   */
  patienceMs(): number {
    this.#calls.uv_update_time(this.#loop)
    return this.#calls.uv_backend_timeout(this.#loop)
  }
}

/** What Node itself runs between two immediates. It has no other name. */
function ticksOf(of: NodeJS.Process & { readonly _tickCallback?: unknown }): () => void {
  const runTicks = of._tickCallback
  if (typeof runTicks !== 'function') throw new Error('Node is not as it was tested')
  return () => void runTicks.call(of)
}
