import { suite, test } from 'node:test'
import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { NOTHING_WATCHED } from '../../pipeline/detect-policy.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { agentKind, sendsFetchMetadata } from './agents.ts'
import { bots } from './control.ts'

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'
const OLD_CHROME = CHROME.replace('126', '70')
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
const SAFARI =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15'

const LIKE_A_BROWSER = ['Accept', '*/*', 'Accept-Language', 'en', 'Accept-Encoding', 'gzip']
const WITH_METADATA = [...LIKE_A_BROWSER, 'Sec-Fetch-Mode', 'cors']

const ROWS: [
  name: string,
  headers: readonly string[],
  score: number | undefined,
  reason: string | undefined,
][] = [
  ['a tool that names itself', ['User-Agent', 'sqlmap/1.8', 'Accept', '*/*'], 100, 'attack_tool'],
  [
    'a tool in the middle of a name',
    ['User-Agent', 'Mozilla/5.00 (Nikto/2.5)'],
    100,
    'attack_tool',
  ],
  [
    'a word that only begins like one',
    ['User-Agent', 'nmapper/1', 'Accept', '*/*'],
    undefined,
    undefined,
  ],
  ['an honest program', ['User-Agent', 'curl/8', 'Accept', '*/*'], 10, undefined],
  ['a program that accepts nothing', ['User-Agent', 'Go-http-client/2.0'], 20, undefined],
  ['a program without a name', ['Accept', '*/*'], 20, undefined],
  ['nothing but the host', [], 30, undefined],
  ['an app of its own', ['User-Agent', 'ShopApp/3.1', 'Accept', '*/*'], undefined, undefined],
  ['Chrome', ['User-Agent', CHROME, ...WITH_METADATA], undefined, undefined],
  ['Firefox', ['User-Agent', FIREFOX, ...WITH_METADATA], undefined, undefined],
  ['Safari', ['User-Agent', SAFARI, ...WITH_METADATA], undefined, undefined],
  ['an old Chrome', ['User-Agent', OLD_CHROME, ...LIKE_A_BROWSER], undefined, undefined],
  ['a Chrome that is none', ['User-Agent', CHROME, 'Accept', '*/*'], 80, undefined],
  ['a Chrome without metadata', ['User-Agent', CHROME, ...LIKE_A_BROWSER], 20, undefined],
]

const detect = { ...NOTHING_WATCHED, bots: 'block' } as const

suite('bots', () => {
  for (const [name, headers, score, reason] of ROWS)
    test(name, async () => {
      const guard = new Bench({ policy: { detect } }).guard(bots)
      const exchange = exchangeOf({ headers })
      assertRefused(await guard.request(exchange), reason, 403)
      // From 50 on the score is the caller's, which begins with 5.
      assert.equal(exchange.risk?.score, score)
    })

  test('a browser writes the host first', async () => {
    const guard = new Bench({ policy: { detect } }).guard(bots)
    const headers = ['User-Agent', CHROME, ...WITH_METADATA, 'Host', 'api.example.com']
    const exchange = exchangeOf({ host: null, headers })
    await guard.request(exchange)
    assert.deepEqual(exchange.risk?.signals, ['browser_field_order'])
  })

  test('a tool passes where it is only logged, where it is exempt, and in monitor', async () => {
    const tool = { headers: ['User-Agent', 'sqlmap/1.8'] }
    const log = new Bench({ policy: { detect: { ...detect, bots: 'log' } } })
    assertRefused(await log.guard(bots).request(exchangeOf(tool)), undefined)
    const own = new Bench({ policy: { detect: { ...detect, exempt: ['203.0.113.0/24'] } } })
    assertRefused(await own.guard(bots).request(exchangeOf(tool)), undefined)
    const modes = new Map([['detect', 'monitor'] as const])
    const trial = new Bench({ policy: { detect, modes } })
    assertRefused(await trial.guard(bots).request(exchangeOf(tool)), undefined)
    assert.equal(trial.counters.isBanned('risk-block:203.0.113.7', 0), undefined)
  })

  test('has nothing to do where it is off', () => {
    assert.equal(new Bench().guard(bots).guard, undefined)
    assert.equal(new Bench({ policy: { detect: NOTHING_WATCHED } }).guard(bots).guard, undefined)
  })

  test('any text is some kind of agent, at once', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 5000 }), (text) => {
        assert.ok(['attack', 'library', 'browser', 'other', 'none'].includes(agentKind(text)))
        assert.equal(typeof sendsFetchMetadata(text), 'boolean')
      }),
    )
    const startedAt = performance.now()
    agentKind(`Mozilla/5.0 (${'(x) '.repeat(100_000)}`)
    assert.ok(performance.now() - startedAt < 50)
  })

  test('the rows reach every reason', () =>
    assertEveryReason(
      bots,
      ROWS.map((row) => row[3]),
    ))
})
