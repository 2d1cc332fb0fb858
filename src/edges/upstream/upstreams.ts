import type { UpstreamService } from '../../gateway/core.ts'
import type { CallPlan, OpenPool, UpstreamCall } from '../exchange/upstream-port.ts'
import { H2Pool } from '../http2-upstream/h2-pool.ts'
import type { UpstreamNotice } from './origin.ts'
import { UpstreamGroup } from './upstream-group.ts'

/** What the upstreams of a listener are opened with. */
export interface UpstreamsOptions {
  readonly open: OpenPool
  readonly onNotice?: ((notice: UpstreamNotice) => void) | undefined
}

/** The upstreams of a plan, with their connections. */
export class Upstreams {
  readonly #options: UpstreamsOptions
  #byName: ReadonlyMap<string, UpstreamGroup>
  #services: ReadonlyMap<string, UpstreamService>

  constructor(options: UpstreamsOptions, services: ReadonlyMap<string, UpstreamService>) {
    this.#options = options
    this.#services = services
    this.#byName = new Map(
      [...services].map(([name, service]) => [name, this.#group(name, service)]),
    )
  }

  /** An upstream of the plan. */
  get(name: string): UpstreamGroup | undefined {
    return this.#byName.get(name)
  }

  /** A call that is ready to start. @returns `undefined` for an upstream that is not in the plan. */
  call(plan: CallPlan): UpstreamCall | undefined {
    return this.#byName.get(plan.request.upstream)?.call(plan)
  }

  /** The services these upstreams belong to; another map means that the plan was reloaded. */
  get services(): ReadonlyMap<string, UpstreamService> {
    return this.#services
  }

  /** Takes the services of a new plan: keeps what stays, opens what is new, closes the others when they are idle. */
  update(services: ReadonlyMap<string, UpstreamService>): void {
    const before = this.#byName
    const kept = new Set<UpstreamGroup>()
    const next = new Map<string, UpstreamGroup>()
    for (const [name, service] of services) {
      const old = before.get(name)
      const isSame = old !== undefined && isSameService(old.service, service)
      if (isSame) kept.add(old)
      next.set(name, isSame ? old : this.#group(name, service))
    }
    this.#byName = next
    this.#services = services
    for (const group of before.values()) {
      if (!kept.has(group)) void group.close().catch(ignoreClosing)
    }
  }

  /** Ends every connection, also those in use. */
  async destroy(): Promise<void> {
    await Promise.all([...this.#byName.values()].map((group) => group.destroy()))
  }

  #group(name: string, service: UpstreamService): UpstreamGroup {
    const { open, onNotice = ignoreNotice } = this.#options
    // HTTP/2 is the same whatever HTTP/1.1 is spoken with; the two never share a connection.
    const openEither: OpenPool = (target) =>
      target.protocol === 'h2' ? new H2Pool(target) : open(target)
    return new UpstreamGroup(service, { name, open: openEither, onNotice })
  }
}

function ignoreNotice(): void {}

/** A pool that is closed twice or destroyed while closing has nothing left to close. */
function ignoreClosing(): void {}

/** Whether nothing changed: connections, health and breakers may stay as they are. */
function isSameService(a: UpstreamService, b: UpstreamService): boolean {
  return fingerprint(a) === fingerprint(b)
}

function fingerprint(service: UpstreamService): string {
  const { origins, ...rest } = service
  const targets = origins.map(({ target, weight }) => [
    weight,
    target,
    // A `Secret` shows nothing of itself.
    target.clientCertificate?.key.reveal(),
  ])
  return JSON.stringify([rest, targets])
}
