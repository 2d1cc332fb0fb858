import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { eventWatch } from './event-watch.ts'

const TRACE = 'TypeError: x at pay (/srv/app/orders.js:42:7)'
const JAVA =
  'data: java.lang.NullPointerException\ndata: \tat com.shop.Orders.pay(Orders.java:42)\n\n'

const cases: [name: string, stream: string, goesOn: boolean][] = [
  ['lets events pass', 'data: {"n":1}\n\nevent: tick\ndata: 2\n\n', true],
  ['stops at a trace', `data: 1\n\ndata: ${TRACE}\n\n`, false],
  ['stops at a trace of several lines', JAVA, false],
  ['stops at a trace that has not ended', `data: ${TRACE}`, false],
  [
    'stops at a trace in an error',
    `event: error\ndata: ${JSON.stringify({ error: TRACE })}\n\n`,
    false,
  ],
  ['lets what somebody wrote pass', `data: ${JSON.stringify({ delta: TRACE })}\n\n`, true],
  ['reads no comments', `: ${TRACE}\n\n`, true],
  ['reads lines that end in CR', `data: 1\r\rdata:${TRACE}\r\r`, false],
]

suite('the watch over event streams', () => {
  for (const [name, stream, goesOn] of cases) {
    test(name, () => assert.equal(eventWatch()(Buffer.from(stream), true) !== undefined, goesOn))

    test(`${name}, wherever it is cut`, () => {
      for (let cut = 0; cut <= stream.length; cut += 1) {
        const watch = eventWatch()
        const parts = [stream.slice(0, cut), stream.slice(cut)].map((part) =>
          watch(Buffer.from(part), false),
        )
        assert.equal(
          parts.every((left) => left !== undefined),
          goesOn,
          `cut at ${cut}`,
        )
      }
    })
  }

  test('never throws and holds little, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (chunks) => {
        const watch = eventWatch()
        for (const chunk of chunks) watch(Buffer.from(chunk), false)
      }),
    )
    const watch = eventWatch()
    for (let i = 0; i < 200; i += 1) assert.ok(watch(Buffer.alloc(65_536, 'data: x'), false))
  })
})
