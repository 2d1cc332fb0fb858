import { isPromise } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { MAX_WHOLE_BYTES } from '../openapi/kernel/response-kernel.ts'
import type { KernelFilter } from '../openapi/kernel/response-kernel.ts'
import type { KernelVerdict } from '../openapi/kernel/verdict.ts'
import type { Place } from '../openapi/schema/filter-place.ts'
import type { Exchange, UpstreamResponse } from '../pipeline/exchange.ts'
import type { Site } from '../pipeline/site.ts'

/** A byte order mark begins so. */
const MARK = 0xef

/** What the filter runs over the answers of one schema. */
export interface PassKernel {
  readonly plain: KernelFilter
  /** The same, less what is hidden from somebody; `undefined` where values are needed. */
  less(cover: Place): KernelFilter | undefined
}

/** What is hidden from whoever asks; `undefined`: nothing, or what only values tell. Always the same object for one view. */
export type CoverOf = (
  exchange: Exchange,
  response: UpstreamResponse,
  bytes: Buffer,
) => Place | undefined

/** A text from which both is gone: what is not declared, and what is hidden. */
export interface Shown {
  /** JSON Pointers of what was hidden; at most 20. */
  readonly hidden: readonly string[]
  readonly bytes: Buffer
}

interface Run {
  readonly bytes: Buffer
  readonly verdict: KernelVerdict
  readonly cover: Place | undefined
}

/**
 * The pass of the kernel over an answer of one operation. The filter of answers needs it; what it sees on the way spares
 * controls around it a pass of their own. Whoever asks first has it made, the filter takes what is there.
 */
export class AnswerPass {
  readonly #kernelOf: (response: UpstreamResponse) => PassKernel | undefined
  readonly #less = new WeakMap<Place, Map<PassKernel, KernelFilter | undefined>>()
  #coverOf: CoverOf | undefined = undefined
  #run: Run | undefined = undefined
  #shown: (Shown & { readonly from: Buffer; readonly cover: Place }) | undefined = undefined
  /** What the filter takes out goes: it does not only observe. */
  readonly #isEnforced: boolean

  /** @param kernelOf what the filter will run over an answer; `undefined`: it makes values of it. */
  constructor(
    isEnforced: boolean,
    kernelOf: (response: UpstreamResponse) => PassKernel | undefined,
  ) {
    this.#isEnforced = isEnforced
    this.#kernelOf = kernelOf
  }

  /** Has the pass take out what is hidden, too. For the control that comes right behind the filter, and enforces it. */
  hide(coverOf: CoverOf): void {
    if (this.#isEnforced) this.#coverOf = coverOf
  }

  /** The signs of a text (see `SIGN_ERROR`); `undefined` where the filter learns nothing of it at once. */
  signsOf(exchange: Exchange, bytes: Buffer): number | undefined {
    const { upstream } = exchange
    // A text with a mark is no JSON to everybody.
    if (upstream === undefined || !isPlain(bytes)) return undefined
    const kernel = this.#kernelOf(upstream)
    const verdict = kernel === undefined ? undefined : this.#make(exchange, bytes, kernel)
    if (verdict === undefined || isPromise(verdict)) return undefined
    return 'signs' in verdict ? verdict.signs : undefined
  }

  /** What becomes of a text: found before, or now. Nothing of it is kept, but for `shown`. */
  verdictOf(exchange: Exchange, bytes: Buffer, kernel: PassKernel): MaybePromise<KernelVerdict> {
    this.#shown = undefined
    if (this.#run?.bytes !== bytes) {
      this.forget()
      const verdict = this.#make(exchange, bytes, kernel)
      if (isPromise(verdict)) return verdict
    }
    const run = this.#taken()
    if (run === undefined) return kernel.plain.run(bytes)
    if (run.cover !== undefined) this.#note(run, run.cover)
    return run.verdict
  }

  /** What is left of a text that the filter let go, where its pass has hidden what `cover` hides. Answers once. */
  shown(bytes: Buffer, cover: Place): Shown | undefined {
    const shown = this.#shown
    this.#shown = undefined
    return shown?.from === bytes && shown.cover === cover ? shown : undefined
  }

  /** The text goes no further. */
  forget(): void {
    this.#run = undefined
  }

  #taken(): Run | undefined {
    const run = this.#run
    this.forget()
    return run
  }

  #make(exchange: Exchange, bytes: Buffer, kernel: PassKernel): MaybePromise<KernelVerdict> {
    const verdict = this.#makeLess(exchange, bytes, kernel) ?? kernel.plain.run(bytes)
    if (!isPromise(verdict) && this.#run?.bytes !== bytes)
      this.#run = { bytes, verdict, cover: undefined }
    return verdict
  }

  /** In doubt about what is hidden as well, the schema alone is asked. */
  #makeLess(exchange: Exchange, bytes: Buffer, kernel: PassKernel): KernelVerdict | undefined {
    this.#run = undefined
    const { upstream } = exchange
    if (this.#coverOf === undefined || upstream === undefined || !isPlain(bytes)) return undefined
    const cover = this.#coverOf(exchange, upstream, bytes)
    const verdict = cover === undefined ? undefined : this.#kernelLess(kernel, cover)?.run(bytes)
    if (cover === undefined || verdict === undefined || isPromise(verdict)) return undefined
    if (verdict.kind !== 'clean' && verdict.kind !== 'filtered') return undefined
    // Refused as a whole: the filter looks at the value.
    if (verdict.kind === 'filtered' && verdict.dropped[0] === '') return undefined
    this.#run = { bytes, verdict, cover }
    return verdict
  }

  #kernelLess(kernel: PassKernel, cover: Place): KernelFilter | undefined {
    let known = this.#less.get(cover)
    if (known === undefined) this.#less.set(cover, (known = new Map()))
    if (!known.has(kernel)) known.set(kernel, kernel.less(cover))
    return known.get(kernel)
  }

  #note({ bytes, verdict }: Run, cover: Place): void {
    if (verdict.kind === 'clean') this.#shown = { from: bytes, cover, bytes, hidden: [] }
    if (verdict.kind !== 'filtered') return
    const { hidden, dropped } = verdict
    const from = dropped.length === 0 ? bytes : verdict.bytes
    this.#shown = { from, cover, bytes: verdict.bytes, hidden }
  }
}

/** Whether all of a text is looked at now, from its first byte. */
function isPlain(bytes: Buffer): boolean {
  return bytes.length > 0 && bytes.length <= MAX_WHOLE_BYTES && bytes[0] !== MARK
}

const PASSES = new WeakMap<Site, AnswerPass>()

/** The filter of the answers of a site, once it is compiled, says what it runs over them. */
export function offerAnswerPass(site: Site, pass: AnswerPass): void {
  PASSES.set(site, pass)
}

/** The pass over the answers of a site; `undefined` where their filter makes none. To be asked for with each answer. */
export function answerPassOf(site: Site): AnswerPass | undefined {
  return PASSES.get(site)
}
