import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { preferredCoding } from './accept-encoding.ts'
import type { ContentCoding } from './accept-encoding.ts'

const cases: [name: string, accepted: string, coding: ContentCoding | undefined][] = [
  ['takes what a browser offers, the cheapest of the good', 'gzip, deflate, br, zstd', 'zstd'],
  ['takes the one coding that is offered', 'gzip', 'gzip'],
  ['reads names in any case', 'GZIP', 'gzip'],
  ['knows the old name', 'x-gzip', 'gzip'],
  ['takes the heavier', 'gzip;q=1.0, br;q=0.5', 'gzip'],
  ['reads white space around everything', ' gzip ; q=0.2 ,\tbr ;q=0.8', 'br'],
  ['reads weights without decimals', 'gzip;q=1., br;q=0.', 'gzip'],
  ['leaves what is refused', 'br;q=0, gzip', 'gzip'],
  ['takes no coding where nothing is said', '', undefined],
  ['takes no coding where all are refused', 'gzip;q=0, br;q=0, zstd;q=0.000', undefined],
  ['takes no coding where none is known', 'deflate, compress', undefined],
  ['takes no coding where none is wished', 'identity', undefined],
  ['takes no coding where uncoded is liked better', 'identity, gzip;q=0.5', undefined],
  ['takes a coding where uncoded is liked less', 'gzip;q=0.5, identity;q=0.4', 'gzip'],
  ['takes a coding where uncoded is liked alike', 'identity, gzip', 'gzip'],
  ['takes a coding where uncoded is refused', 'identity;q=0, gzip;q=0.1', 'gzip'],
  ['takes any coding where any is accepted', '*', 'zstd'],
  ['leaves a coding out of any', '*, zstd;q=0', 'br'],
  ['takes no coding where any is refused', '*;q=0', undefined],
  ['takes the named one where any other is refused', 'gzip, *;q=0', 'gzip'],
  ['takes any coding before uncoded that is refused', 'identity;q=0, *', 'zstd'],
  ['takes the lower weight of two', 'gzip;q=1, gzip;q=0', undefined],
  ['skips empty elements', ',, gzip ,', 'gzip'],
  ['takes no coding of a weight above one', 'gzip;q=1.5', undefined],
  ['takes no coding of a weight that is no number', 'gzip;q=high', undefined],
  ['takes no coding of four decimals', 'gzip;q=0.1234', undefined],
  ['takes no coding with another parameter', 'gzip;level=9', undefined],
  ['takes no coding of a list with a malformed element', 'gzip, b r', undefined],
  ['takes no coding of a weight alone', ';q=1', undefined],
  ['takes no coding of an endless list', `${'a,'.repeat(400)}gzip`, undefined],
]

suite('preferred content coding', () => {
  for (const [name, accepted, coding] of cases)
    test(name, () => assert.equal(preferredCoding(accepted), coding))

  test('never throws, and never takes what is refused', () => {
    const name = fc.constantFrom('gzip', 'br', 'zstd', 'identity', '*', 'deflate', 'x-gzip', 'é')
    const weight = fc.constantFrom('', ';q=0', ';q=0.5', '; q=1', ';q=0.001', ';q=2', ';;')
    const element = fc.tuple(name, weight).map((parts) => parts.join(''))
    const list = fc.array(element, { maxLength: 6 }).map((elements) => elements.join(', '))
    fc.assert(
      fc.property(fc.oneof(list, fc.string()), (accepted) => {
        const coding = preferredCoding(accepted)
        if (coding === undefined) return
        const own = accepted.split(',').map((text) => text.trim())
        assert.ok(own.some((text) => text.startsWith(coding) || /^[*x]/i.test(text)))
        assert.ok(!own.includes(`${coding};q=0`), accepted)
      }),
    )
  })
})
