import { isPublic } from '../../openapi/is-public.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Plan } from '../plan.ts'
import { errorsOf, lessonsOf, mayTeach } from './findings-of.ts'
import type { Learnt } from './findings-of.ts'
import { UndeclaredPaths } from './undeclared.ts'

/** What one exchange says for the books of adoption; plain data, so that threads can tell each other. */
export type AdoptNote =
  | {
      readonly kind: 'call'
      readonly api: string
      readonly operation: string
      /** The API took it, from somebody who may teach. */
      readonly isGood: boolean
      readonly learnt: readonly Learnt[]
    }
  /** A path that no document declares. */
  | { readonly kind: 'stranger'; readonly learnt: Learnt }

/** Reads notes off exchanges, under the plan in force. */
export class NoteReader {
  #plan: Plan | undefined
  #paths: UndeclaredPaths | undefined
  #isAdopting = false

  /** From here on exchanges run under this plan. */
  setPlan(plan: Plan): void {
    this.#plan = plan
    this.#paths = undefined
    this.#isAdopting = plan.sites.some(({ site }) => site.policy.adopt !== undefined)
  }

  /** What an exchange that ended says; `undefined`: nothing. May throw: evidence is made by controls. */
  read(exchange: Exchange): AdoptNote | undefined {
    if (!this.#isAdopting) return undefined
    const { site } = exchange
    if (site === undefined) return this.#stranger(exchange)
    if (site.policy.adopt === undefined || exchange.isPreflight) return undefined
    if (exchange.upstream === undefined) return undefined
    const isGood = mayTeach(exchange, isPublic(site.operation))
    const learnt = isGood ? lessonsOf(exchange) : errorsOf(exchange)
    const { api, id: operation } = site.operation
    return { kind: 'call', api, operation, isGood, learnt }
  }

  #stranger({ decision, head, path }: Exchange): AdoptNote | undefined {
    if (decision?.control !== 'routes' || this.#plan === undefined) return undefined
    this.#paths ??= new UndeclaredPaths(this.#plan)
    const learnt = this.#paths.describe(head.method, path)
    return learnt === undefined ? undefined : { kind: 'stranger', learnt }
  }
}
