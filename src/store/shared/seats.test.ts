import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { emptySeats, newSeats, Seats } from './seats.ts'

const A = '192.0.2.1'

function open(all: number, perAddress: number) {
  const memory = newSeats()
  const [one, two] = [0, 1].map((thread) => new Seats(memory, { thread, all, perAddress }))
  assert.ok(one !== undefined && two !== undefined)
  return { memory, one, two }
}

suite('connections counted over threads', () => {
  test('an address has so many seats in all threads together', () => {
    const { one, two } = open(100, 3)
    assert.deepEqual(
      [one, two, one, two, one].map((seats) => seats.take(A, true)),
      [true, true, true, false, false],
    )
    two.leave(A, true)
    assert.ok(one.take(A, true))
  })

  test('a refused connection takes no seat from the others', () => {
    const { one, two } = open(4, 3)
    for (let i = 0; i < 3; i++) one.take(A, true)
    for (let i = 0; i < 9; i++) assert.ok(!two.take(A, true))
    assert.ok(two.take('proxy', false))
  })

  test('all together have so many, trusted ones too', () => {
    const { one, two } = open(2, 9)
    assert.deepEqual(
      [one.take('proxy', false), two.take('proxy', false), one.take('proxy', false)],
      [true, true, false],
    )
  })

  test('the seats of a thread that died are free again', () => {
    const { memory, one, two } = open(100, 3)
    for (let i = 0; i < 3; i++) one.take(A, true)
    assert.ok(!two.take(A, true))
    emptySeats(memory, 0)
    assert.ok(two.take(A, true))
  })

  test('never more than there are, and none is lost, in any order', () => {
    const acts = fc.array(fc.record({ thread: fc.nat(1), isTake: fc.boolean() }), {
      maxLength: 200,
    })
    fc.assert(
      fc.property(acts, (script) => {
        const { one, two } = open(5, 5)
        const held = [0, 0]
        for (const { thread, isTake } of script) {
          const seats = thread === 0 ? one : two
          const mine = held[thread] ?? 0
          if (isTake) {
            const isFree = (held[0] ?? 0) + (held[1] ?? 0) < 5
            assert.equal(seats.take(A, true), isFree)
            if (isFree) held[thread] = mine + 1
          } else if (mine > 0) {
            seats.leave(A, true)
            held[thread] = mine - 1
          }
        }
      }),
      { numRuns: 30 },
    )
  })
})
