import type { Spot } from '../../store/places/place-database.ts'

const EARTH_KM = 6371
const DEGREE = Math.PI / 180
const HOUR_MS = 3_600_000

/** SES-08: above both, nobody has traveled. */
const FASTEST_KMH = 900
const NEAR_KM = 500

/** How far two circles on the earth are apart at least, in kilometers; 0 where they touch. */
export function kmBetween(one: Spot, other: Spot): number {
  const north = Math.sin(((other.latitude - one.latitude) * DEGREE) / 2) ** 2
  const east = Math.sin(((other.longitude - one.longitude) * DEGREE) / 2) ** 2
  const part = north + Math.cos(one.latitude * DEGREE) * Math.cos(other.latitude * DEGREE) * east
  const centersKm = 2 * EARTH_KM * Math.asin(Math.sqrt(Math.min(1, part)))
  return Math.max(0, centersKm - one.radiusKm - other.radiusKm)
}

/** Whether nobody gets so far in so short a time: both bounds of SES-08 are passed. */
export function isImpossible(km: number, elapsedMs: number): boolean {
  return km > NEAR_KM && km * HOUR_MS > FASTEST_KMH * Math.max(0, elapsedMs)
}

/** Longer than the longest way at the fastest: what is older says nothing. */
export const TRAVEL_MS: number = Math.ceil((Math.PI * EARTH_KM * HOUR_MS) / FASTEST_KMH)

/** The speed that is told, in km/h; of less than a minute, that of a minute. */
export function kmPerHour(km: number, elapsedMs: number): number {
  return Math.round((km * HOUR_MS) / Math.max(60_000, elapsedMs))
}
