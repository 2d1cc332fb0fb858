import type { UpstreamTarget } from '../../gateway/core.ts'
import type { CallPlan, OpenPool, UpstreamCall, UpstreamPool } from '../exchange/upstream-port.ts'

/** The pools behind the upstreams of a plan. */
export class Upstreams {
  readonly #open: OpenPool
  #byName: ReadonlyMap<string, UpstreamPool>
  #targets: ReadonlyMap<string, UpstreamTarget>

  constructor(open: OpenPool, targets: ReadonlyMap<string, UpstreamTarget>) {
    this.#open = open
    this.#targets = targets
    this.#byName = new Map([...targets].map(([name, target]) => [name, open(target)]))
  }

  /** The pool of an upstream in the plan. */
  get(name: string): UpstreamPool | undefined {
    return this.#byName.get(name)
  }

  /** A call that is ready to start. @returns `undefined` for an upstream that is not in the plan. */
  call(plan: CallPlan): UpstreamCall | undefined {
    return this.get(plan.request.upstream)?.call(plan)
  }

  /** The targets these pools belong to; another map means that the plan was reloaded. */
  get targets(): ReadonlyMap<string, UpstreamTarget> {
    return this.#targets
  }

  /** Takes the targets of a new plan: keeps the pools that stay, opens new ones, closes the others when they are idle. */
  update(targets: ReadonlyMap<string, UpstreamTarget>): void {
    const before = this.#byName
    const kept = new Set<UpstreamPool>()
    const next = new Map<string, UpstreamPool>()
    for (const [name, target] of targets) {
      const old = before.get(name)
      const isSame = old !== undefined && sameTarget(this.#targets.get(name), target)
      if (isSame) kept.add(old)
      next.set(name, isSame ? old : this.#open(target))
    }
    this.#byName = next
    this.#targets = targets
    for (const pool of before.values()) {
      if (!kept.has(pool)) void pool.close().catch(ignoreClosing)
    }
  }

  /** Ends every connection, also those in use. */
  async destroy(): Promise<void> {
    await Promise.all([...this.#byName.values()].map((pool) => pool.destroy()))
  }
}

/** A pool that is closed twice or destroyed while closing has nothing left to close. */
function ignoreClosing(): void {}

function sameTarget(a: UpstreamTarget | undefined, b: UpstreamTarget): boolean {
  return a?.origin === b.origin && a.connectMs === b.connectMs && a.ca === b.ca
}
