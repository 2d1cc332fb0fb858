import assert from 'node:assert/strict'
import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Asker } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { TestGateway } from './kit/gateway.ts'
import { startGateway, withHousekeeping } from './kit/gateway.ts'
import { assertRefusal } from './kit/problem.ts'
import { until } from './kit/until.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startUpstream } from './kit/upstream.ts'
import { openPlaces } from '../src/store/places/place-database.ts'

const PLACES = fileURLToPath(
  import.meta.resolve('@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'),
)

const DOCUMENT = `openapi: 3.1.0
info: { title: t, version: '1' }
paths:
  /open: { get: { operationId: open, security: [], responses: { '204': { description: none } } } }
  /office: { get: { operationId: office, security: [], responses: { '204': { description: none } } } }
`
const AMERICAN = '8.8.8.8'
const GERMAN = '193.99.144.80'

test('that a database has become too old while it was in use is told, once, at that moment', async (t) => {
  const builtMs = openPlaces(PLACES, Infinity).builtMs ?? 0
  const upstream = await startUpstream((_request, response) => response.writeHead(204).end())
  t.after(() => upstream.close())
  const gateway = await startGateway({
    yaml: withHousekeeping(`openapi: ./openapi.yaml
upstream: ${upstream.url}
network:
  geo: file:${PLACES}
  geoMaxAge: ${Math.ceil((Date.now() - builtMs) / 1000) + 5}s
  countries: { allow: [DE] }
`),
    files: { 'openapi.yaml': DOCUMENT },
    isAlone: true,
  })
  t.after(() => gateway.close())
  const told = async (): Promise<readonly unknown[]> =>
    (await gateway.log()).filter((line) => line['sallyport.reason'] === 'geo_database')
  assert.deepEqual(await told(), [])
  assert.ok(await until(async () => (await told()).length > 0, 15_000))
  await new Promise((done) => setTimeout(done, 500))
  assert.equal((await told()).length, 1)
})

suite('where requests come from', () => {
  let upstream: TestUpstream
  let gateway: TestGateway
  let client: Asker

  before(async () => {
    upstream = await startUpstream((_request, response) => response.writeHead(204).end())
    gateway = await startGateway({
      yaml: withHousekeeping(`openapi: ./openapi.yaml
upstream: ${upstream.url}
listen: { https: 8443, trustedProxies: [127.0.0.0/8] }
limits: { ip: off, failures: off, errors: off }
network:
  deny: [file:deny.cidr]
  geo: file:country.mmdb
  geoMaxAge: off
  countries: { deny: [US], status: 451 }
rules: [{ operation: office, network: { allow: [198.51.100.0/24] } }]
`),
      files: { 'openapi.yaml': DOCUMENT, 'deny.cidr': '203.0.113.0/24\n', 'country.mmdb': '' },
      isAlone: true,
    })
    client = asker(gateway.httpsPort, gateway.ca)
  })
  after(async () => {
    client.close()
    await Promise.all([gateway.close(), upstream.close()])
  })

  const from = (address: string, target = '/open') =>
    client.ask({ target, headers: { 'x-forwarded-for': address } })
  const statusFrom = async (address: string, target?: string): Promise<number> =>
    (await from(address, target)).status

  test('nobody passes a rule about countries while there is no database', async () => {
    assert.equal(await statusFrom(GERMAN), 451)
    const told = (await gateway.log()).filter(
      (line) => line['event.action'] === 'sp_dependency_down',
    )
    assert.equal(told.length, 1)
  })

  test('a database that arrives counts without a restart', async () => {
    copyFileSync(PLACES, join(gateway.folder, 'country.mmdb'))
    assert.ok(await until(async () => (await statusFrom(GERMAN)) === 204, 8000))
    const refused = await from(AMERICAN)
    assertRefusal(refused, 451)
    assert.match(refused.text, /region_not_allowed/)
  })

  test('a list that changes counts without a restart', async () => {
    const refused = await from('203.0.113.9')
    assertRefusal(refused, 403)
    assert.match(refused.text, /network_not_allowed/)
    assert.equal(await statusFrom('198.51.100.9'), 204)
    gateway.write('deny.cidr', '198.51.100.9\n')
    assert.ok(await until(async () => (await statusFrom('203.0.113.9')) === 204, 8000))
    assert.equal(await statusFrom('198.51.100.9'), 403)
  })

  test('a broken list changes nothing', async () => {
    gateway.write('deny.cidr', '198.51.100.9\nnowhere\n')
    const rejected = async (): Promise<boolean> =>
      (await gateway.log()).some((line) => line['event.action'] === 'sp_config_rejected')
    assert.ok(await until(rejected, 8000))
    assert.equal(await statusFrom('198.51.100.9'), 403)
    gateway.write('deny.cidr', '198.51.100.9\n')
  })

  test('an operation is kept to its networks', async () => {
    assert.equal(await statusFrom('198.51.100.7', '/office'), 204)
    assert.equal(await statusFrom('203.0.113.9', '/office'), 403)
  })

  test('a database that goes away refuses everybody again', async () => {
    rmSync(join(gateway.folder, 'country.mmdb'))
    assert.ok(await until(async () => (await statusFrom(GERMAN)) === 451, 8000))
  })
})
