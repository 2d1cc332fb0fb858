import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Place } from '../schema/filter-place.ts'
import { KernelTable } from './table.ts'
import type { KernelVerdict } from './verdict.ts'
import { doubtful } from './verdict.ts'
import type { Slicing } from './wasm-kernel.ts'
import { WasmKernel } from './wasm-kernel.ts'
import { UNDECIDED_ACTION } from './layout.ts'

/** Filters the texts of one response schema. */
export interface KernelFilter {
  /**
   * Takes out what the schema does not declare, as the filter of values does; what is doubtful it leaves to that.
   * Texts above `MAX_WHOLE_BYTES` are taken in slices, one text at a time. Never throws, never changes its input.
   */
  run(body: Buffer): MaybePromise<KernelVerdict>
}

/** Longer texts are sliced: about 0.3 ms of work. */
export const MAX_WHOLE_BYTES: number = 256 * 1024

/** Longer texts are not taken: the memory of an instance never shrinks. Answers are bounded before (OUT-08). */
const MAX_BYTES = 16 * 1024 * 1024

const SLICING: Slicing = {
  sliceBytes: MAX_WHOLE_BYTES,
  pause: () => new Promise((resolve) => setImmediate(resolve)),
}

const NOTHING = (): void => undefined

/** A schema whose texts are always doubtful is tried once in so many texts. */
const MAX_REST = 1024

/** The kernels of one document: one table, an instance for texts that are done at once, one for large ones. */
export class ResponseKernel {
  readonly #table = new KernelTable()
  readonly #whole: WasmKernel
  #sliced: WasmKernel | undefined
  #queue: Promise<void> = Promise.resolve()

  private constructor(whole: WasmKernel) {
    this.#whole = whole
  }

  /** `undefined` where this machine has no WebAssembly with SIMD. */
  static make(): ResponseKernel | undefined {
    const whole = WasmKernel.make()
    return whole === undefined ? undefined : new ResponseKernel(whole)
  }

  /**
   * Adds a schema, less what `cover` hides of it; `undefined` where the value itself chooses what applies to it, so that
   * nothing can be done here.
   */
  filter(place: Place | undefined, cover?: Place): KernelFilter | undefined {
    const action = this.#table.add(place, cover)
    if (action === UNDECIDED_ACTION) return undefined
    const rest = new Rest()
    return {
      run: (body) => {
        if (rest.isResting()) return doubtful('resting')
        if (body.length > MAX_BYTES) return doubtful('no-room')
        if (body.length > MAX_WHOLE_BYTES)
          return this.#inSlices(body, action).then((verdict) => rest.noted(verdict))
        return rest.noted(this.#whole.run(body, this.#table.bytes, action))
      },
    }
  }

  #inSlices(body: Buffer, action: number): Promise<KernelVerdict> {
    this.#sliced ??= WasmKernel.make()
    const kernel = this.#sliced
    if (kernel === undefined) return Promise.resolve(doubtful('no-room'))
    const verdict = this.#queue.then(() =>
      kernel.runInSlices(body, { table: this.#table.bytes, action }, SLICING),
    )
    // The queue must not hold on to what was answered.
    this.#queue = verdict.then(NOTHING, NOTHING)
    return verdict
  }
}

/** Counts doubts, so that a schema that always leads to them does not cost two passes each time. */
class Rest {
  #doubts = 0
  #left = 0

  isResting(): boolean {
    if (this.#left === 0) return false
    this.#left -= 1
    return true
  }

  noted(verdict: KernelVerdict): KernelVerdict {
    if (verdict.kind !== 'doubtful') this.#doubts = 0
    else {
      this.#doubts += 1
      this.#left = Math.min(2 ** this.#doubts, MAX_REST) - 1
    }
    return verdict
  }
}
