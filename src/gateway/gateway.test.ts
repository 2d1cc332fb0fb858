import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { FakeClock } from '../base/clock.ts'
import { ConfigError } from '../base/config-error.ts'
import { exchangeOf } from '../controls/testing/exchange.ts'
import type { RequestParts } from '../controls/testing/exchange.ts'
import type { Gateway, NextConfig } from './gateway.ts'
import type { ReloadResult } from './reload-notice.ts'
import { drive } from './testing/core-bench.ts'
import { CONFIG, DOCUMENT, gatewayFolder, isoIn } from './testing/gateway-folder.ts'
import type { GatewayFolder } from './testing/gateway-folder.ts'

const OWN = { host: 'localhost', tls: 'localhost', peer: '127.0.0.1' }

async function statusOf(gateway: Gateway, parts: RequestParts = {}): Promise<number> {
  return (await drive(gateway.core, { ...OWN, target: '/v1/health', ...parts })).answer.status
}

function faultsOf(result: ReloadResult): string {
  return result.ok ? '' : result.faults.map(({ path, message }) => `${path}: ${message}`).join('\n')
}

/** Waits for what a timer does; fails the test where it does not happen within five seconds. */
async function eventually(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500 && !isTrue(); turn += 1) await wait(10)
  assert.ok(isTrue(), 'did not happen')
}

suite('a gateway', () => {
  test('starts with what its configuration names and decides by it', async (t) => {
    const at = gatewayFolder(t)
    const gateway = await at.start()
    assert.equal(await statusOf(gateway), 200)
    assert.equal(await statusOf(gateway, { target: '/v1/orders' }), 401)
    assert.equal(await statusOf(gateway, { target: '/v1/other' }), 404)
    assert.equal(await statusOf(gateway, { host: 'other.example.com' }), 421)
    const { key } = await gateway.services.keys.admin.create({}, Date.now())
    const headers = ['X-API-Key', key.reveal()]
    assert.equal(await statusOf(gateway, { target: '/v1/orders', headers }), 200)
    assert.match(gateway.recorder.metricsText(), /sallyport_/)
  })

  test('knows the files whose change asks for a reload, each once', async (t) => {
    const at = gatewayFolder(t)
    const gateway = await at.start()
    const names = gateway.files.map((file) => file.slice(at.folder.length + 1))
    assert.deepEqual(names.toSorted(), ['openapi.yaml', 'sallyport.yaml'])
    assert.equal(gateway.loaded.file, `${at.folder}/sallyport.yaml`)
    assert.deepEqual(gateway.findings, [])
    assert.ok(gateway.dependencyStates().every(({ isUp }) => isUp))
  })

  test('serves the names of its certificate', async (t) => {
    const gateway = await gatewayFolder(t).start({ certificateNames: ['api.example.com'] })
    assert.equal(await statusOf(gateway, { host: 'api.example.com', tls: 'api.example.com' }), 200)
  })

  test('does not start with a broken document, and tells every fault', async (t) => {
    const at = gatewayFolder(t, CONFIG, { 'openapi.yaml': 'openapi: 3.1.0\n' })
    await assert.rejects(at.start(), ConfigError)
  })

  test('leaves out the control that a proof is about', async (t) => {
    const gateway = await gatewayFolder(t).start({ omit: { control: 'hosts' } })
    assert.equal(await statusOf(gateway, { host: 'other.example.com' }), 200)
  })

  test('tells of an issuer whose keys it cannot have, and serves all the same', async (t) => {
    const issuer =
      "auth: { jwt: { issuers: { 'https://id.example.com': { audience: a, jwks: 'file:k.json' } } } }"
    const at = gatewayFolder(t, `${CONFIG}${issuer}\n`, { 'k.json': '{' })
    const gateway = await at.start()
    const away = gateway.dependencyStates().filter(({ isUp }) => !isUp)
    assert.deepEqual(away, [{ name: 'issuer https://id.example.com', isUp: false, closes: 'some' }])
    const series = 'sallyport_dependency_up{dependency="issuer https://id.example.com"} 0'
    assert.ok(gateway.recorder.metricsText().includes(series))
    assert.equal(await statusOf(gateway), 200)
    await eventually(() => gateway.recorder.metricsText().includes('sp_dependency_down'))
    const down = (await at.events(gateway)).find(({ action }) => action === 'sp_dependency_down')
    assert.match(down?.detail ?? '', /^https:\/\/id\.example\.com: /)
  })

  test('starts with the operations that graduated before', async (t) => {
    const clock = new FakeClock()
    const until = isoIn(clock, 86_400_000)
    const config = `${CONFIG.replace("'memory:'", 'sqlite:./s.db')}profile: { name: adopt, until: ${until} }\n`
    const at = gatewayFolder(t, config)
    const first = await at.start({ clock })
    const adoptOf = (gateway: Gateway): unknown[] =>
      gateway.core.plan.sites.map(({ site }) => site.policy.adopt !== undefined)
    assert.deepEqual(adoptOf(first), [true, true])
    await first.services.records.adopt.graduate({ api: 'api', operation: 'list', atMs: 0 })
    await first.close()
    const second = await at.start({ clock })
    assert.deepEqual(adoptOf(second), [false, true])
  })
})

suite('a reload', () => {
  test('takes the new configuration and document, and says so', async (t) => {
    const at = gatewayFolder(t)
    const gateway = await at.start()
    const before = gateway.core.plan
    at.write('openapi.yaml', DOCUMENT.replace('/health:', '/alive:'))
    at.write('sallyport.yaml', `${CONFIG}limits: { ip: off }\n`)
    const result = await gateway.reload(at.next)
    assert.deepEqual(result, { ok: true, planId: gateway.core.plan.id })
    assert.notEqual(gateway.core.plan.id, before.id)
    assert.equal(await statusOf(gateway), 404)
    assert.equal(await statusOf(gateway, { target: '/v1/alive' }), 200)
    const events = await at.events(gateway)
    const change = events.find(({ action }) => action === 'sp_config_change')
    assert.equal(change?.detail, `plan ${gateway.core.plan.id}`)
  })

  test('tells what only a restart brings into force, until it is taken back', async (t) => {
    const at = gatewayFolder(t)
    const gateway = await at.start()
    const told = async (): Promise<string[]> => {
      const all = await at.events(gateway)
      return all.map(({ detail }) => detail).filter((detail) => detail.includes('restart'))
    }
    at.write('sallyport.yaml', `${CONFIG}listen: { https: 8443, http: 8080 }\n`)
    await gateway.reload(at.next)
    assert.deepEqual(await told(), ['in force after a restart: listen.http'])
    at.write('sallyport.yaml', CONFIG)
    await gateway.reload(at.next)
    assert.equal((await told()).length, 1)
  })

  const broken: [name: string, file: string, text: string, fault: RegExp][] = [
    ['a document that is no YAML', 'openapi.yaml', 'x: [', /./],
    ['a document that is no OpenAPI', 'openapi.yaml', 'a: 1\n', /./],
    ['an unknown key', 'sallyport.yaml', `${CONFIG}limit: {}\n`, /limit/],
    [
      'a rule about an unknown operation',
      'sallyport.yaml',
      `${CONFIG}rules: [{ operation: nope, mode: monitor }]\n`,
      /nope/,
    ],
  ]
  for (const [name, file, text, fault] of broken) {
    test(`${name} changes nothing, and the log says why`, async (t) => {
      const at = gatewayFolder(t)
      const gateway = await at.start()
      const before = { plan: gateway.core.plan, loaded: gateway.loaded }
      at.write(file, text)
      const result = await gateway.reload(at.next)
      assert.equal(result.ok, false)
      assert.match(faultsOf(result), fault)
      assert.equal(gateway.core.plan, before.plan)
      assert.equal(gateway.loaded, before.loaded)
      assert.equal(await statusOf(gateway), 200)
      const events = await at.events(gateway)
      const refused = events.filter(({ action }) => action === 'sp_config_rejected')
      assert.equal(refused.length, 1)
      assert.match(refused[0]?.detail ?? '', fault)
      assert.match(gateway.recorder.metricsText(), /config.*failure.* 1\n/)
    })
  }

  test('a defect while it compiles changes nothing either, and does not end the process', async (t) => {
    const at = gatewayFolder(t)
    const gateway = await at.start()
    const before = gateway.core.plan
    const result = await gateway.reload(() => Promise.reject(new TypeError('bug')))
    assert.match(faultsOf(result), /TypeError: bug/)
    assert.match(faultsOf(await gateway.reload(() => Promise.reject('text'))), /text/)
    assert.equal(gateway.core.plan, before)
    assert.match((await at.events(gateway)).at(-2)?.detail ?? '', /TypeError: bug/)
  })

  test('of two at once the later one wins, however long the first takes to read', async (t) => {
    const at = gatewayFolder(t)
    const gateway = await at.start()
    const old = await at.next()
    at.write('sallyport.yaml', `${CONFIG}limits: { ip: off }\n`)
    const slow = gateway.reload(async () => {
      await wait(50)
      return old
    })
    const [first, second] = await Promise.all([slow, gateway.reload(at.next)])
    assert.equal(first.ok && second.ok, true)
    assert.equal(gateway.loaded.settings.blocks.limits.ip, undefined)
  })

  test('a failed one does not stand in the way of the next', async (t) => {
    const at = gatewayFolder(t)
    const gateway = await at.start()
    const results = await Promise.all([
      gateway.reload(() => Promise.reject(new Error('bug'))),
      gateway.reload(at.next),
    ])
    assert.deepEqual(
      results.map(({ ok }) => ok),
      [false, true],
    )
  })

  test('exchanges under way keep the plan that they began with', async (t) => {
    const at = gatewayFolder(t)
    const gateway = await at.start()
    const exchange = gateway.core.begin(exchangeOf({ ...OWN, target: '/v1/health' }).head)
    at.write('openapi.yaml', DOCUMENT.replace('/health:', '/alive:'))
    assert.equal((await gateway.reload(at.next)).ok, true)
    assert.equal((await gateway.core.decideHead(exchange)).kind, 'forward')
    gateway.core.end(exchange)
  })

  test('one that ends after the gateway did changes nothing', async (t) => {
    const at = gatewayFolder(t)
    const gateway = await at.start()
    const before = gateway.core.plan
    const late = gateway.reload(async () => {
      await wait(20)
      return at.next()
    })
    await gateway.close()
    assert.equal((await late).ok, false)
    assert.equal(gateway.core.plan, before)
  })

  test('certificate names come into force with it, what belongs to it after it', async (t) => {
    const at = gatewayFolder(t)
    const gateway = await at.start()
    const named = { host: 'api.example.com', tls: 'api.example.com' }
    assert.equal(await statusOf(gateway, named), 421)
    const called: string[] = []
    const inForce = (): void => void called.push(gateway.core.plan.id)
    const certificateNames = ['api.example.com']
    const next = async (): Promise<NextConfig> => ({
      ...(await at.next()),
      certificateNames,
      inForce,
    })
    at.write('openapi.yaml', 'x: [')
    assert.equal((await gateway.reload(next)).ok, false)
    assert.deepEqual(called, [], 'a certificate was swapped for a plan that was refused')
    assert.equal(await statusOf(gateway, named), 421)
    at.write('openapi.yaml', DOCUMENT)
    assert.equal((await gateway.reload(next)).ok, true)
    assert.deepEqual(called, [gateway.core.plan.id])
    assert.equal(await statusOf(gateway, named), 200)
  })
})

suite('what ends by itself', () => {
  function relaxed(until: string): string {
    return `${CONFIG}rules: [{ operation: health, relax: { validate: off }, why: test, until: ${until} }]\n`
  }

  function validates(gateway: Gateway): boolean {
    return gateway.core.plan.sites.every(({ site }) => site.policy.modes.get('validate') !== 'off')
  }

  /** Starts with a relaxation that ends in a moment. */
  async function starting(
    t: TestContext,
    ms = 60,
  ): Promise<{ clock: FakeClock; at: GatewayFolder; gateway: Gateway }> {
    const clock = new FakeClock()
    const at = gatewayFolder(t, relaxed(isoIn(clock, ms)))
    const gateway = await at.start({ clock })
    assert.equal(validates(gateway), false)
    return { clock, at, gateway }
  }

  test('a relaxation ends when its time has come', async (t) => {
    const { clock, gateway, at } = await starting(t)
    clock.advance(61)
    await eventually(() => validates(gateway))
    assert.ok((await at.events(gateway)).some(({ action }) => action === 'sp_config_change'))
  })

  test('a relaxation ends although the document on disk is broken by then', async (t) => {
    const { clock, gateway, at } = await starting(t)
    at.write('openapi.yaml', 'x: [')
    at.write('sallyport.yaml', 'x: [')
    clock.advance(61)
    await eventually(() => validates(gateway))
  })

  test('what fails at that moment is tried again', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { clock, gateway } = await starting(t)
    const { adopt } = gateway.services.records
    let calls = 0
    const { graduations } = adopt
    adopt.graduations = () => {
      calls += 1
      if (calls === 1) throw new Error('store is down')
      return graduations.call(adopt)
    }
    clock.advance(61)
    t.mock.timers.tick(61)
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
    assert.equal(calls, 1)
    assert.equal(validates(gateway), false)
    t.mock.timers.tick(60_000)
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
    assert.equal(validates(gateway), true)
  })

  test('the profile ends as a relaxation does', async (t) => {
    const clock = new FakeClock()
    const at = gatewayFolder(t, `${CONFIG}profile: { name: adopt, until: ${isoIn(clock, 60)} }\n`)
    const gateway = await at.start({ clock })
    const adopts = (): boolean =>
      gateway.core.plan.sites.some(({ site }) => site.policy.adopt !== undefined)
    assert.equal(adopts(), true)
    clock.advance(61)
    await eventually(() => !adopts())
  })

  test('what ends in months needs no timer that Node cannot set', async (t) => {
    const warned: Error[] = []
    const listen = (warning: Error): void => void warned.push(warning)
    process.on('warning', listen)
    t.after(() => process.off('warning', listen))
    const { gateway } = await starting(t, 400 * 86_400_000)
    await wait(20)
    assert.equal(validates(gateway), false)
    assert.deepEqual(warned, [], 'a timer overflowed')
  })

  test('nothing happens after the gateway closed', async (t) => {
    const { clock, gateway } = await starting(t, 30)
    const before = gateway.core.plan
    await gateway.close()
    clock.advance(60)
    await wait(60)
    assert.equal(gateway.core.plan, before)
  })
})
