import { newId } from '../base/ids.ts'
import { Exchange } from '../pipeline/exchange.ts'
import type { ObjectAnswer, RequestHead } from '../pipeline/exchange.ts'
import type { Site } from '../pipeline/site.ts'
import type { SendWhole } from './core.ts'
import type { Plan } from './plan.ts'
import { readObject } from './read-object.ts'

/** What an exchange goes by. */
export interface ExchangeParts {
  readonly plan: Plan
  /** How the API can be asked; one for each edge that serves. */
  readonly senders: ReadonlySet<SendWhole>
}

/** An exchange and the plan it began under, so that a reload never mixes two policies in one request. */
export class PlannedExchange extends Exchange {
  readonly plan: Plan
  readonly #senders: ReadonlySet<SendWhole>

  constructor({ plan, senders }: ExchangeParts, head: RequestHead, nowMs: number) {
    super(newId(), head, nowMs)
    this.plan = plan
    this.#senders = senders
  }

  override readObject(site: Site, path: string): Promise<ObjectAnswer | undefined> {
    const sitePlan = this.plan.sites[site.index]
    const [send] = this.#senders
    if (sitePlan === undefined || send === undefined) return Promise.resolve(undefined)
    return readObject(this, { sitePlan, path, send })
  }
}
