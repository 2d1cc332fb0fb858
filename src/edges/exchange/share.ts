import type { EdgeLimits } from './limits.ts'

/** What all exchanges of a listener take together. */
export interface Taken {
  readonly limits: Pick<EdgeLimits, 'inFlight' | 'heldBytes'>
  /** Exchanges that have not begun to answer. */
  inFlight: number
  /** Bytes of bodies that are held until they can be judged, and until their client has taken them. */
  heldBytes: number
}

/** What one of those who share the room takes of it. */
export interface Use {
  inFlight: number
  heldBytes: number
}

/** Who an exchange takes room for: its connection, as one of all connections of an address. */
export interface Tenant {
  /** Of the connection. */
  heldBytes: number
  /** `undefined` for peers that speak for many clients; only the total counts for them. */
  readonly address: Use | undefined
}

/**
 * What one exchange takes of the room of its listener [NET-04]. An address may take as much as it leaves to others, a
 * connection half of that: one alone gets half of all, each of two a third, and whoever comes next still finds room.
 */
export class Share {
  readonly #taken: Taken
  readonly #tenant: Tenant
  #isInFlight = false
  #held = 0

  constructor(taken: Taken, tenant: Tenant) {
    this.#taken = taken
    this.#tenant = tenant
  }

  /** Takes a place among those in flight. @returns whether there was one. */
  enter(): boolean {
    const taken = this.#taken
    const { address } = this.#tenant
    const free = taken.limits.inFlight - taken.inFlight
    if (free <= 0 || (address !== undefined && address.inFlight >= free)) return false
    this.#isInFlight = true
    taken.inFlight++
    if (address !== undefined) address.inFlight++
    return true
  }

  /** The answer begins: the place is another's. */
  leave(): void {
    if (!this.#isInFlight) return
    this.#isInFlight = false
    this.#taken.inFlight--
    const { address } = this.#tenant
    if (address !== undefined) address.inFlight--
  }

  /** Counts bytes that are held. @returns whether there is room for them. */
  hold(bytes: number): boolean {
    this.#add(bytes)
    return this.#hasRoom(0)
  }

  /** As `hold`, but takes only what is there. @returns whether it took. */
  holdIfRoom(bytes: number): boolean {
    if (!this.#hasRoom(bytes)) return false
    this.#add(bytes)
    return true
  }

  /** Gives everything back. */
  end(): void {
    this.leave()
    if (this.#held > 0) this.#add(-this.#held)
  }

  #hasRoom(more: number): boolean {
    const { limits, heldBytes } = this.#taken
    const free = limits.heldBytes - heldBytes - more
    if (free < 0) return false
    const tenant = this.#tenant
    const { address } = tenant
    if (address === undefined) return true
    return address.heldBytes + more <= free && (tenant.heldBytes + more) * 2 <= free
  }

  #add(bytes: number): void {
    const tenant = this.#tenant
    this.#held += bytes
    this.#taken.heldBytes += bytes
    tenant.heldBytes += bytes
    if (tenant.address !== undefined) tenant.address.heldBytes += bytes
  }
}
