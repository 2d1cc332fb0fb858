import type { UpstreamService } from '../../gateway/core.ts'
import type { CallPlan, OpenPool, UpstreamCall } from '../exchange/upstream-port.ts'
import { GroupCall } from './group-call.ts'
import type { Chooser } from './group-call.ts'
import { HealthWatch } from './health.ts'
import { Origin, pickOrigin } from './origin.ts'
import type { UpstreamNotice } from './origin.ts'
import { RetryBudget } from './retry-budget.ts'

/** What a group is opened with. */
export interface GroupOptions {
  readonly name: string
  readonly open: OpenPool
  readonly onNotice: (notice: UpstreamNotice) => void
}

/** One upstream of the plan: its origins, their health, and the way a request takes among them. */
export class UpstreamGroup implements Chooser {
  readonly service: UpstreamService
  readonly origins: readonly Origin[]
  readonly #budget = new RetryBudget()
  readonly #watches: readonly HealthWatch[]
  #turn = 0

  constructor(service: UpstreamService, options: GroupOptions) {
    this.service = service
    this.origins = service.origins.map((origin) => openOrigin(origin, service, options))
    const { health } = service
    this.#watches =
      health === undefined
        ? []
        : this.origins.map(
            (origin) =>
              new HealthWatch(origin, health, (isUp, detail) =>
                options.onNotice({
                  upstream: options.name,
                  origin: origin.target.origin,
                  change: 'health',
                  state: isUp ? 'up' : 'down',
                  detail,
                }),
              ),
          )
  }

  call(plan: CallPlan): UpstreamCall {
    return new GroupCall(this, plan, this.service.retries)
  }

  choose(nowMs: number, tried: readonly Origin[]): Origin | undefined {
    const from = this.#turn++
    // Where there is no other, the same origin may be asked again.
    const origin =
      pickOrigin(this.origins, { nowMs, from, tried }) ??
      pickOrigin(this.origins, { nowMs, from, tried: [] })
    if (origin === undefined) return undefined
    if (tried.length === 0) this.#budget.count(nowMs)
    origin.enter(nowMs)
    return origin
  }

  hasOther(tried: readonly Origin[]): boolean {
    return this.origins.some((origin) => !tried.includes(origin))
  }

  mayRetry(nowMs: number): boolean {
    return this.#budget.take(nowMs)
  }

  /** Lets what runs end, then closes. */
  async close(): Promise<void> {
    for (const watch of this.#watches) watch.stop()
    await Promise.all(this.origins.map(({ pool }) => pool.close()))
  }

  /** Ends every connection, also those in use. */
  async destroy(): Promise<void> {
    for (const watch of this.#watches) watch.stop()
    await Promise.all(this.origins.map(({ pool }) => pool.destroy()))
  }
}

function openOrigin(
  { target, weight }: UpstreamService['origins'][number],
  { breaker }: UpstreamService,
  { name, open, onNotice }: GroupOptions,
): Origin {
  return new Origin(open(target), {
    target,
    weight,
    breaker,
    onBreaker: (state) =>
      onNotice({ upstream: name, origin: target.origin, change: 'breaker', state, detail: '' }),
  })
}
