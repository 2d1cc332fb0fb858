import { readFileSync } from 'node:fs'
import { Reader } from 'mmdb-lib'
import type { Response } from 'mmdb-lib'
import { memo } from '../../base/memo.ts'

/** Where an address is. Both are empty where the database does not know. */
export interface Place {
  /** ISO 3166-1 alpha-2, upper case. */
  readonly country: string
  /** ISO 3166-2, such as `DE-BE`. */
  readonly region: string
  /** Where on earth, in degrees and kilometers around; absent where the database knows countries only. */
  readonly spot?: Spot
}

/** A circle on the earth. */
export interface Spot {
  /** Degrees, -90 to 90. */
  readonly latitude: number
  /** Degrees, -180 to 180. */
  readonly longitude: number
  readonly radiusKm: number
}

/** A file in the MaxMind DB format 2.0 that says where addresses are; what it cannot say is unknown. */
export interface PlaceDatabase {
  readonly path: string
  /** When the data was built, by its own word; `undefined`: there is no database that can be read. */
  readonly builtMs: number | undefined
  /** What is wrong with the file; `undefined`: nothing. */
  readonly fault: string | undefined
  /** Whether there is a database, young enough. */
  isUsable(nowMs: number): boolean
  /** Until when it is, where it is now; `Infinity`: for ever. */
  readonly usableUntilMs: number
  /** `address`: an IPv4 or IPv6 address; what is none is nowhere. */
  find(address: string): Place
}

const NOWHERE: Place = Object.freeze({ country: '', region: '' })

/** Far above the largest public database of cities. */
const MAX_BYTES = 512 * 1024 * 1024
/** Addresses whose place is remembered, so that a client is looked up once. */
const REMEMBERED = { maxEntries: 8192, maxChars: 64 }

/**
 * Opens a database. A missing or broken file is no error: it makes a database that knows nothing and says why, so that
 * rules about countries refuse rather than pass [NET-03].
 * @param maxAgeMs age from which it must not decide any more; `Infinity`: never.
 */
export function openPlaces(path: string, maxAgeMs: number): PlaceDatabase {
  try {
    const bytes = readFileSync(path)
    if (bytes.length > MAX_BYTES) return unreadable(path, 'is larger than 512 MB')
    return readable(path, new Reader<Response>(bytes), maxAgeMs)
  } catch (error) {
    return unreadable(path, error instanceof Error ? error.message : String(error))
  }
}

function unreadable(path: string, fault: string): PlaceDatabase {
  return {
    path,
    fault,
    builtMs: undefined,
    isUsable: () => false,
    usableUntilMs: 0,
    find: () => NOWHERE,
  }
}

function readable(path: string, reader: Reader<Response>, maxAgeMs: number): PlaceDatabase {
  const builtMs = reader.metadata.buildEpoch.getTime()
  const find = memo((address: string) => placeOf(lookUp(reader, address)), REMEMBERED)
  return {
    path,
    fault: undefined,
    builtMs,
    isUsable: (nowMs) => nowMs - builtMs <= maxAgeMs,
    usableUntilMs: builtMs + maxAgeMs,
    find,
  }
}

/** The reader throws for texts that are no address, and for addresses of a version that the file has not. */
function lookUp(reader: Reader<Response>, address: string): unknown {
  try {
    return reader.get(address)
  } catch {
    return null
  }
}

/** Reads the two shapes that are about: flat (`country_code`), and that of MaxMind (`country.iso_code`). */
function placeOf(record: unknown): Place {
  if (!isRecord(record)) return NOWHERE
  const nested = isRecord(record['country']) ? record['country'] : record['registered_country']
  const country = code(record['country_code']) || code(isRecord(nested) && nested['iso_code'])
  if (country === '') return NOWHERE
  const [subdivision] = Array.isArray(record['subdivisions']) ? record['subdivisions'] : []
  const part = code(isRecord(subdivision) && subdivision['iso_code'])
  const spot = spotOf(record['location'])
  const place = { country, region: part === '' ? '' : `${country}-${part}` }
  return Object.freeze(spot === undefined ? place : { ...place, spot })
}

/** How far off a city may be where the database does not say. */
const SPOT_KM = 100

function spotOf(location: unknown): Spot | undefined {
  if (!isRecord(location)) return undefined
  const { latitude, longitude, accuracy_radius: radius } = location
  if (!isWithin(latitude, 90) || !isWithin(longitude, 180)) return undefined
  return { latitude, longitude, radiusKm: isWithin(radius, 20_000) ? Math.abs(radius) : SPOT_KM }
}

function isWithin(value: unknown, bound: number): value is number {
  return typeof value === 'number' && Math.abs(value) <= bound
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function code(value: unknown): string {
  return typeof value === 'string' && /^[A-Za-z\d]{1,3}$/.test(value) ? value.toUpperCase() : ''
}
