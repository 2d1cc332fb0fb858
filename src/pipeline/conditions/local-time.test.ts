import { Environment } from '@marcbachmann/cel-js'
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { localPart } from './local-time.ts'

const NAMES = [
  'getFullYear',
  'getMonth',
  'getDate',
  'getDayOfMonth',
  'getDayOfWeek',
  'getHours',
  'getMinutes',
  'getSeconds',
]
const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'UTC']

suite('the time of a place', () => {
  test('is what CEL says it is', () => {
    const environment = new Environment().registerVariable('now', 'google.protobuf.Timestamp')
    const moment = fc.integer({ min: Date.UTC(1980), max: Date.UTC(2060) })
    const zone = fc.option(fc.constantFrom(...ZONES), { nil: undefined })
    fc.assert(
      fc.property(moment, fc.constantFrom(...NAMES), zone, (nowMs, name, place) => {
        const source = place === undefined ? `now.${name}()` : `now.${name}("${place}")`
        const expected: unknown = environment.evaluate(source, { now: new Date(nowMs) })
        assert.equal(localPart(name, place)?.(nowMs), Number(expected), `${source} ${nowMs}`)
      }),
      { numRuns: 300 },
    )
  })

  test('follows the clock when summer begins', () => {
    const hour = localPart('getHours', 'Europe/Berlin')
    const before = Date.parse('2026-03-29T00:59:59Z')
    assert.deepEqual([hour?.(before), hour?.(before + 1000), hour?.(before)], [1, 3, 1])
  })

  test('knows neither other parts nor places that are none', () => {
    assert.equal(localPart('getHours', 'Europe/Atlantis'), undefined)
    assert.equal(localPart('constructor', undefined), undefined)
    assert.equal(localPart('getWeek', undefined), undefined)
  })
})
