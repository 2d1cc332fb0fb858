import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import type { Spot } from '../../store/places/place-database.ts'
import { countrySpots } from './country-spots.ts'
import { isImpossible, kmBetween, kmPerHour, TRAVEL_MS } from './distance.ts'

const at = (latitude: number, longitude: number, radiusKm = 0): Spot => ({
  latitude,
  longitude,
  radiusKm,
})
const BERLIN = at(52.52, 13.405)
const PARIS = at(48.857, 2.352)
const NEW_YORK = at(40.713, -74.006)
const AUCKLAND = at(-36.848, 174.763)
const SUVA = at(-18.142, 178.442)
const APIA = at(-13.833, -171.767)
const HOUR_MS = 3_600_000

const spots = fc.record({
  latitude: fc.double({ min: -90, max: 90, noNaN: true }),
  longitude: fc.double({ min: -180, max: 180, noNaN: true }),
  radiusKm: fc.double({ min: 0, max: 5000, noNaN: true }),
})

suite('the way between two places', () => {
  const ways: [name: string, one: Spot, other: Spot, km: number][] = [
    ['of a place to itself is none', BERLIN, BERLIN, 0],
    ['is as maps say', BERLIN, PARIS, 878],
    ['leads over an ocean', BERLIN, NEW_YORK, 6385],
    ['leads over the date line', SUVA, APIA, 1151],
    ['of places that touch is none', at(52, 13, 500), at(48, 2, 500), 0],
    ['is shorter where the places are large', at(52.52, 13.405, 78), at(48.857, 2.352, 100), 700],
    ['half around the earth is the longest', at(90, 0), at(-90, 0), 20_015],
  ]
  for (const [name, one, other, km] of ways)
    test(name, () =>
      assert.ok(Math.abs(kmBetween(one, other) - km) < 3, String(kmBetween(one, other))),
    )

  test('is the same both ways, never negative and never half around the earth and more', () =>
    fc.assert(
      fc.property(spots, spots, (one, other) => {
        const km = kmBetween(one, other)
        assert.ok(km >= 0 && km <= 20_016)
        assert.ok(Math.abs(km - kmBetween(other, one)) < 1e-6)
      }),
    ))

  const journeys: [name: string, km: number, elapsedMs: number, isImpossible: boolean][] = [
    ['a far place at once', 501, 0, true],
    ['a near place at once', 500, 0, false],
    ['a flight', 6385, 8 * HOUR_MS, false],
    ['a flight twice as fast', 6385, 4 * HOUR_MS, true],
    ['exactly 900 km/h', 1800, 2 * HOUR_MS, false],
    ['a clock that went back', 501, -HOUR_MS, true],
    ['the longest way in its time', 20_015, TRAVEL_MS, false],
  ]
  for (const [name, km, elapsedMs, expected] of journeys)
    test(`${name} is ${expected ? 'impossible' : 'possible'}`, () =>
      assert.equal(isImpossible(km, elapsedMs), expected))

  test('after the longest way nothing is impossible', () =>
    fc.assert(
      fc.property(spots, spots, (one, other) =>
        assert.equal(isImpossible(kmBetween(one, other), TRAVEL_MS), false),
      ),
    ))

  test('a speed of no time is that of a minute', () => {
    assert.equal(kmPerHour(900, HOUR_MS), 900)
    assert.equal(kmPerHour(1, 0), 60)
  })
})

suite('countries', () => {
  const countries = countrySpots()
  const inside: [place: string, country: string, spot: Spot][] = [
    ['Berlin', 'DE', BERLIN],
    ['Paris', 'FR', PARIS],
    ['New York', 'US', NEW_YORK],
    ['Honolulu', 'US', at(21.31, -157.86)],
    ['Anchorage', 'US', at(61.22, -149.9)],
    ['Miami', 'US', at(25.76, -80.19)],
    ['Vladivostok', 'RU', at(43.12, 131.89)],
    ['Kaliningrad', 'RU', at(54.71, 20.51)],
    ['Auckland', 'NZ', AUCKLAND],
    ['Las Palmas', 'ES', at(28.12, -15.44)],
    ['Funchal', 'PT', at(32.65, -16.91)],
    ['Perth', 'AU', at(-31.95, 115.86)],
    ['Hobart', 'AU', at(-42.88, 147.33)],
    ['Ürümqi', 'CN', at(43.83, 87.62)],
    ['Harbin', 'CN', at(45.8, 126.53)],
    ['St. John’s', 'CA', at(47.56, -52.71)],
    ['Manaus', 'BR', at(-3.12, -60.02)],
    ['Recife', 'BR', at(-8.05, -34.88)],
    ['Suva', 'FJ', SUVA],
    ['Tarawa', 'KI', at(1.45, 173)],
    ['Puerto Ayora', 'EC', at(-0.74, -90.31)],
    ['Punta Arenas', 'CL', at(-53.16, -70.91)],
    ['Port Blair', 'IN', at(11.62, 92.73)],
    ['Cayenne', 'GF', at(4.94, -52.33)],
    ['Saint-Denis', 'RE', at(-20.88, 55.45)],
    ['Pristina', 'XK', at(42.66, 21.17)],
    ['Longyearbyen', 'SJ', at(78.22, 15.63)],
  ]
  for (const [place, country, spot] of inside)
    test(`${place} is within the circle of ${country}`, () => {
      const circle = countries.get(country)
      assert.ok(circle !== undefined)
      assert.equal(kmBetween(circle, spot), 0)
    })

  test('are some 250, each a circle on the earth', () => {
    assert.ok(countries.size > 240, String(countries.size))
    for (const [country, { latitude, longitude, radiusKm }] of countries) {
      assert.match(country, /^[A-Z]{2}$/)
      assert.ok(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180, country)
      assert.ok(radiusKm >= 50 && radiusKm <= 4500, `${country} ${radiusKm}`)
    }
  })

  test('of one continent are no journey, of two they are', () => {
    const km = (one: string, other: string): number =>
      kmBetween(countries.get(one) ?? BERLIN, countries.get(other) ?? BERLIN)
    assert.ok(km('DE', 'FR') < 500 && km('US', 'CA') === 0 && km('RU', 'DE') < 500)
    assert.ok(km('DE', 'US') > 2500 && km('DE', 'AU') > 10_000 && km('GB', 'BR') > 5000)
  })
})
