import { isPromise } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { MAX_WHOLE_BYTES } from '../openapi/kernel/response-kernel.ts'
import type { KernelFilter } from '../openapi/kernel/response-kernel.ts'
import type { KernelVerdict } from '../openapi/kernel/verdict.ts'
import type { UpstreamResponse } from '../pipeline/exchange.ts'
import type { Site } from '../pipeline/site.ts'

/** A byte order mark begins so. */
const MARK = 0xef

/**
 * The pass of the kernel over an answer of one operation. The filter of answers needs it; what it sees on the way spares
 * controls that come before a pass of their own. Whoever asks first has it made, the filter takes what is there.
 */
export class AnswerPass {
  readonly #kernelOf: (response: UpstreamResponse) => KernelFilter | undefined
  #bytes: Buffer | undefined = undefined
  #verdict: KernelVerdict | undefined = undefined

  /** @param kernelOf what the filter will run over an answer; `undefined`: it makes values of it. */
  constructor(kernelOf: (response: UpstreamResponse) => KernelFilter | undefined) {
    this.#kernelOf = kernelOf
  }

  /** The signs of a text (see `SIGN_ERROR`); `undefined` where the filter learns nothing of it at once. */
  signsOf(response: UpstreamResponse, bytes: Buffer): number | undefined {
    // A text with a mark is no JSON to everybody.
    if (bytes.length === 0 || bytes.length > MAX_WHOLE_BYTES || bytes[0] === MARK) return undefined
    const verdict = this.#kernelOf(response)?.run(bytes)
    if (verdict === undefined || isPromise(verdict)) return undefined
    this.#bytes = bytes
    this.#verdict = verdict
    return verdict.kind === 'clean' || verdict.kind === 'filtered' ? verdict.signs : undefined
  }

  /** What becomes of a text: found before, or now. Nothing of it is kept. */
  verdictOf(bytes: Buffer, kernel: KernelFilter): MaybePromise<KernelVerdict> {
    const known = this.#bytes === bytes ? this.#verdict : undefined
    this.forget()
    return known ?? kernel.run(bytes)
  }

  /** The text goes no further. */
  forget(): void {
    this.#bytes = undefined
    this.#verdict = undefined
  }
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
