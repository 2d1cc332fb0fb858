import { compileAddressSet } from '../../base/cidr.ts'
import { andThen, isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import { GenerationMap } from '../../store/generation-map.ts'
import type { Spot } from '../../store/places/place-database.ts'
import type { Kit } from '../kit.ts'
import { askedMark, countryMark, groupMark, networkMark, PLACE_GROUPS } from '../travel-marks.ts'
import type { HijackConfig } from './config.ts'
import { countrySpots } from './country-spots.ts'
import { isImpossible, kmBetween, kmPerHour, TRAVEL_MS } from './distance.ts'

/** For how long it is remembered where a principal was, so that a country is new once. */
const KNOWN_MS = 30 * 86_400_000
/** How late a last use may be known: looks and marks in between would say the same. */
export const FRESH_MS = 600_000
const ASKED_MS = 3_600_000
/** Principals whose exact place a thread remembers. */
const MAX_LAST = 50_000

/** Where somebody is. */
interface Where {
  readonly country: string
  readonly spot: Spot
}

/** Where and when a principal was seen. */
interface Seen extends Where {
  readonly atMs: number
}

interface Last extends Seen {
  readonly network: string
}

/** What is unusual about where a principal is. */
export interface Finding {
  /** Where it is, as logs say it. */
  readonly place: string
  /** It was in other countries in the last 30 days, never in this one. */
  readonly isNewCountry: boolean
  /** How it would have got here, for the log; `undefined`: it can have. */
  readonly travel: string | undefined
}

/**
 * Remembers where principals are [SES-08]: countries for all threads and nodes, by marks of the counters; cities, where
 * the database knows them, within a thread. A network that a principal was let in from is no journey.
 */
export class TravelBook {
  readonly #kit: Kit
  readonly #isAnywhere: (address: string) => boolean
  readonly #countries = countrySpots()
  readonly #groups: readonly (readonly string[])[]
  readonly #last = new GenerationMap<Last>(MAX_LAST)

  constructor({ hijack, policy }: HijackConfig, kit: Kit) {
    const anywhere = compileAddressSet([...hijack.vpn, ...policy.exempt], 'detect.hijack.vpn')
    this.#kit = kit
    this.#isAnywhere = (address) => anywhere.has(address)
    const names = [...this.#countries.keys()]
    const size = Math.ceil(names.length / PLACE_GROUPS)
    this.#groups = Array.from({ length: PLACE_GROUPS }, (_, group) =>
      names.slice(group * size, (group + 1) * size),
    )
  }

  /** What is unusual about where the caller is; `undefined`: nothing, or nobody knows where that is. */
  look(exchange: Exchange, network: string): MaybePromise<Finding | undefined> {
    const where = this.#whereIs(exchange)
    if (where === undefined) return undefined
    const { id } = exchange.principal
    const nowMs = this.#kit.clock.nowMs()
    const last = this.#last.get(id)
    // Another thread may have seen the caller elsewhere since.
    if (last !== undefined && nowMs - last.atMs < FRESH_MS && isNear(last, where, nowMs))
      return undefined
    return andThen(this.#seen(id, nowMs), (seen) => {
      const exact = seen.map((one) => (one.country === last?.country ? laterOf(one, last) : one))
      const isNewCountry = seen.length > 0 && seen.every(({ country }) => country !== where.country)
      const travel = fastest(exact, where, nowMs)
      const place = nameOf(where)
      if (travel === undefined) return isNewCountry ? { place, isNewCountry, travel } : undefined
      return andThen(this.#kit.counters.isBanned(networkMark(id, network), nowMs), (known) => {
        const found = known === undefined ? travel : undefined
        return found === undefined && !isNewCountry
          ? undefined
          : { place, isNewCountry, travel: found }
      })
    })
  }

  /** From here on this is where the caller is. */
  keep(exchange: Exchange, network: string): MaybePromise<void> {
    const where = this.#whereIs(exchange)
    if (where === undefined) return undefined
    const { id } = exchange.principal
    const nowMs = this.#kit.clock.nowMs()
    const last = this.#last.get(id)
    const isKnown = last?.country === where.country && last.network === network
    if (isKnown && nowMs - last.atMs < FRESH_MS && isNear(last, where, nowMs)) return undefined
    this.#last.set(id, { ...where, network, atMs: nowMs })
    const group = this.#groups.findIndex((countries) => countries.includes(where.country))
    const marks = [groupMark(id, group), countryMark(id, where.country), networkMark(id, network)]
    const { counters } = this.#kit
    const done = allOf(marks.map((mark) => counters.ban(mark, nowMs + KNOWN_MS, nowMs)))
    return andThen(done, () => undefined)
  }

  /**
   * When the caller was asked for a new log-in because of where it is; begins now where it was not yet. To be kept with
   * the time of a log-in, which is in seconds.
   */
  askedMs({ principal }: Exchange, network: string): MaybePromise<number | undefined> {
    const nowMs = this.#kit.clock.nowMs()
    const mark = askedMark(principal.id, network)
    const { counters } = this.#kit
    return andThen(counters.isBanned(mark, nowMs), (untilMs) => {
      // The clock of a store elsewhere may differ by a little.
      if (untilMs !== undefined) return Math.floor((untilMs - ASKED_MS) / 1000 - 1) * 1000
      return andThen(counters.ban(mark, nowMs + ASKED_MS, nowMs), () => undefined)
    })
  }

  #whereIs({ clientAddress, hidesClients }: Exchange): Where | undefined {
    const { places, clock } = this.#kit
    if (places === undefined || hidesClients || this.#isAnywhere(clientAddress)) return undefined
    if (!places.isUsable(clock.nowMs())) return undefined
    const { country, spot = this.#countries.get(country) } = places.find(clientAddress)
    return spot === undefined || !this.#countries.has(country) ? undefined : { country, spot }
  }

  /** Countries in which a principal was, and when it was there last. */
  #seen(id: string, nowMs: number): MaybePromise<readonly Seen[]> {
    const { counters } = this.#kit
    const look = (mark: string): MaybePromise<number | undefined> => counters.isBanned(mark, nowMs)
    const groups = allOf(this.#groups.map((_, group) => look(groupMark(id, group))))
    return andThen(groups, (found) => {
      const countries = this.#groups.flatMap((group, n) => (found[n] === undefined ? [] : group))
      const marks = allOf(countries.map((country) => look(countryMark(id, country))))
      return andThen(marks, (ends) =>
        countries.flatMap((country, n) => {
          const untilMs = ends[n]
          const spot = this.#countries.get(country)
          if (untilMs === undefined || spot === undefined) return []
          return [{ country, spot, atMs: untilMs - KNOWN_MS }]
        }),
      )
    })
  }
}

/** All of them at once, so that counters elsewhere are asked in one turn. */
function allOf<T>(values: readonly MaybePromise<T>[]): MaybePromise<readonly T[]> {
  const isLater = values.some((value) => isPromise(value))
  return isLater ? Promise.all(values) : (values as readonly T[])
}

function isNear(last: Seen, where: Where, nowMs: number): boolean {
  if (last.country !== where.country) return false
  return !isImpossible(kmBetween(last.spot, where.spot), nowMs - last.atMs)
}

/** What the thread knows more exactly, unless another has seen the principal since. */
function laterOf(shared: Seen, last: Last): Seen {
  return shared.atMs > last.atMs + FRESH_MS ? shared : last
}

/** The least possible of the ways here, as a log says it. */
function fastest(seen: readonly Seen[], where: Where, nowMs: number): string | undefined {
  let found: { readonly speed: number; readonly text: string } | undefined
  for (const one of seen) {
    const elapsedMs = Math.max(0, nowMs - one.atMs)
    const km = kmBetween(one.spot, where.spot)
    if (elapsedMs > TRAVEL_MS || !isImpossible(km, elapsedMs)) continue
    const speed = kmPerHour(km, elapsedMs)
    if (found !== undefined && found.speed >= speed) continue
    const minutes = Math.max(1, Math.ceil(elapsedMs / 60_000))
    const way = `at least ${Math.floor(km)} km in ${minutes} min (${speed} km/h)`
    found = { speed, text: `from ${nameOf(one)} to ${nameOf(where)}, ${way}` }
  }
  return found?.text
}

function nameOf({ country, spot: { latitude, longitude, radiusKm } }: Where): string {
  return `${country} (${latitude.toFixed(1)}, ${longitude.toFixed(1)}, within ${radiusKm} km)`
}
