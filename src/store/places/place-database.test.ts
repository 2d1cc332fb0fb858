import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { placesFile } from '../testing/write-places.ts'
import { openPlaces } from './place-database.ts'
import type { Place } from './place-database.ts'

const BUNDLED = fileURLToPath(
  import.meta.resolve('@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'),
)

const rows: [name: string, address: string, country: string][] = [
  ['an IPv4 address', '8.8.8.8', 'US'],
  ['an IPv6 address', '2001:4860:4860::8888', 'US'],
  ['an address of another country', '193.99.144.80', 'DE'],
  ['a private address', '10.0.0.1', ''],
  ['loopback', '::1', ''],
  ['a text that is no address', 'socket:gate', ''],
  ['an empty text', '', ''],
]

suite('a database of countries', () => {
  const places = openPlaces(BUNDLED, Infinity)

  for (const [name, address, country] of rows)
    test(`places ${name}`, () => assert.equal(places.find(address).country, country))

  test('says when it was built', () => {
    assert.ok((places.builtMs ?? 0) > Date.UTC(2025, 0, 1))
    assert.equal(places.isUsable(Date.UTC(2100, 0, 1)), true)
  })

  test('is of no use from its age on', () => {
    const young = openPlaces(BUNDLED, 1000)
    const builtMs = young.builtMs ?? 0
    assert.deepEqual(
      [young.isUsable(builtMs + 1000), young.isUsable(builtMs + 1001)],
      [true, false],
    )
  })

  test('no text makes it throw', () =>
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), (text) => {
        assert.match(places.find(text).country, /^([A-Z]{2})?$/)
      }),
    ))

  const spots: [name: string, location: Record<string, number>, expected: Place['spot']][] = [
    [
      'a city',
      { latitude: 52.52, longitude: 13.4, accuracy_radius: 20 },
      { latitude: 52.52, longitude: 13.4, radiusKm: 20 },
    ],
    [
      'a city that may be anywhere around',
      { latitude: -33.9, longitude: 151.2 },
      { latitude: -33.9, longitude: 151.2, radiusKm: 100 },
    ],
    ['a latitude beyond the pole', { latitude: 91, longitude: 0 }, undefined],
    ['half a place', { latitude: 52 }, undefined],
  ]
  for (const [name, location, expected] of spots)
    test(`reads ${name}`, (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'sp-places-'))
      t.after(() => rmSync(folder, { recursive: true, force: true }))
      const path = join(folder, 'city.mmdb')
      writeFileSync(path, placesFile([{ block: 70, country: 'DE', location }], 5000))
      const cities = openPlaces(path, Infinity)
      assert.equal(cities.fault, undefined)
      assert.equal(cities.builtMs, 5000)
      const place = { country: 'DE', region: '' }
      const whole = expected === undefined ? place : { ...place, spot: expected }
      assert.deepEqual(cities.find('70.1.2.3'), whole)
      assert.deepEqual(cities.find('71.1.2.3'), { country: '', region: '' })
    })

  const broken: [name: string, bytes: Buffer | undefined][] = [
    ['is not there', undefined],
    ['is empty', Buffer.alloc(0)],
    ['holds something else', Buffer.from('not a database of anything at all')],
  ]
  for (const [name, bytes] of broken)
    test(`a file that ${name} knows nothing and says why`, (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'sp-places-'))
      t.after(() => rmSync(folder, { recursive: true, force: true }))
      const path = join(folder, 'country.mmdb')
      if (bytes !== undefined) writeFileSync(path, bytes)
      const database = openPlaces(path, Infinity)
      assert.equal(database.isUsable(0), false)
      assert.deepEqual(database.find('8.8.8.8'), { country: '', region: '' })
      assert.notEqual(database.fault ?? '', '')
    })
})
