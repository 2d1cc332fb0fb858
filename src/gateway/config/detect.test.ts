import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { DetectPolicy } from '../../pipeline/detect-policy.ts'
import { faultsOf, MINIMAL, settingsOf } from './config-fixture.ts'
import { policyFor } from './policy-for.ts'
import { HONEYPOT_PATHS } from './resolve/detect.ts'

async function detectOf(t: TestContext, text: string): Promise<DetectPolicy | undefined> {
  return (await settingsOf(t, text)).blocks.detect
}

const DAY_MS = 86_400_000

suite('detect', () => {
  test('watches nothing unless it is written', async (t) =>
    assert.equal(await detectOf(t, ''), undefined))

  test('logs everything where it is empty, and blocks who falls into a trap', async (t) => {
    assert.deepEqual(await detectOf(t, 'detect: {}'), {
      bots: 'log',
      enumeration: {
        most: 'log',
        fast: { count: 200, windowMs: 600_000 },
        slow: { count: 1000, windowMs: DAY_MS },
      },
      stuffing: {
        most: 'log',
        accounts: { count: 15, windowMs: 600_000 },
        sources: { count: 20, windowMs: 600_000 },
        spread: { count: 100, windowMs: 300_000 },
      },
      volume: { most: 'log', factor: 50, minBytes: 5 * 1024 * 1024 },
      honeypots: { most: 'block', paths: HONEYPOT_PATHS },
      hijack: { response: 'log', travel: 'log', vpn: [], fingerprint: undefined },
      blockMs: 3_600_000,
      acr: [],
      exempt: [],
    })
  })

  test('takes a word, a block, or off for each part', async (t) => {
    const detect = await detectOf(
      t,
      `detect:
  bots: off
  enumeration: { response: block, fast: 50/min }
  stuffing: block
  volume: false
  honeypots: { paths: [/trap] }
  hijack: step-up
  block: 24h
  acr: ["urn:mfa"]
  exempt: [10.0.0.0/8]
`,
    )
    assert.equal(detect?.bots, undefined)
    assert.deepEqual(detect?.enumeration?.fast, { count: 50, windowMs: 60_000 })
    assert.equal(detect?.enumeration?.slow.count, 1000)
    assert.equal(detect?.enumeration?.most, 'block')
    assert.equal(detect?.stuffing?.most, 'block')
    assert.equal(detect?.volume, undefined)
    assert.deepEqual(detect?.honeypots, { most: 'block', paths: ['/trap'] })
    assert.equal(detect?.hijack?.response, 'step-up')
    assert.equal(detect?.hijack?.travel, 'log')
    assert.equal(detect?.blockMs, DAY_MS)
    assert.deepEqual([detect?.acr, detect?.exempt], [['urn:mfa'], ['10.0.0.0/8']])
  })

  test('says what follows where keys and tokens come from far away', async (t) => {
    const text = `detect:
  hijack: { travel: kill, vpn: [10.0.0.0/8, file:vpn.cidr], fingerprint: X-JA4 }
`
    const settings = await settingsOf(t, text, { files: { 'vpn.cidr': '192.0.2.0/24 # exit\n' } })
    assert.deepEqual(settings.blocks.detect?.hijack, {
      response: 'log',
      travel: 'kill',
      vpn: ['10.0.0.0/8', '192.0.2.0/24'],
      fingerprint: 'x-ja4',
    })
  })

  for (const [text, isAsked] of [
    ['detect: {}', true],
    ['detect: { hijack: kill }', true],
    ['detect: { hijack: { response: kill, travel: off } }', false],
    ['detect: { hijack: off }', false],
    ['detect: { hijack: { response: off, travel: kill } }', false],
    ['limits: { ip: off }', false],
  ] as const)
    test(`${isAsked ? 'opens' : 'needs no'} database of places: ${text}`, async (t) =>
      assert.equal((await settingsOf(t, text)).places !== undefined, isAsked))

  test('has a mode of its own, also for single operations', async (t) => {
    const text = `detect: { mode: monitor }
rules: [{ operation: list, detect: { mode: enforce } }]`
    const settings = await settingsOf(t, text)
    const moment = { nowMs: 0, graduated: new Set<string>(), certificateNames: [] }
    const modeFor = (id: string): unknown => {
      const subject = {
        api: 'api',
        id,
        method: 'GET',
        template: '/x',
        tags: [],
        security: undefined,
      }
      return policyFor(settings, subject, moment).modes.get('detect')
    }
    assert.deepEqual([modeFor('list'), modeFor('other')], ['enforce', 'monitor'])
  })

  for (const [name, text, message] of [
    ['an unknown response', 'bots: captcha', /detect.bots/],
    ['a response of another part', 'hijack: block', /detect.hijack/],
    ['a VPN that is none', 'hijack: { vpn: [home] }', /not an address/],
    ['a header that is none', 'hijack: { fingerprint: "X JA4" }', /header name|name/],
    ['travel that is blocked', 'hijack: { travel: block }', /detect.hijack/],
    ['a threshold with a burst', 'enumeration: { fast: 20/min burst 9 }', /no threshold/],
    ['a threshold that no sketch counts', 'enumeration: { slow: 20k/day }', /no threshold/],
    ['a block of more than a day', 'block: 25h', /detect.block/],
    ['a path that is none', 'honeypots: { paths: [trap] }', /must be a path/],
    ['a network that is none', 'exempt: [here]', /not an address/],
    ['a class with quotes', `acr: ['a"b']`, /printable/],
    ['a key that nobody knows', 'captcha: on', /captcha/],
  ] as const)
    test(`refuses ${name}`, async (t) => {
      const faults = await faultsOf(t, `${MINIMAL}detect: { ${text} }\n`)
      assert.ok(faults.length > 0)
      assert.match(faults.map((fault) => `${fault.path}: ${fault.message}`).join('\n'), message)
    })
})
