import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { OutletQueue } from './outlet-queue.ts'
import type { Outlet, Written } from './outlet.ts'

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code })
}

/** An outlet whose writes end when they are told to. */
class Tap implements Outlet {
  taken = ''
  closed = 0
  readonly pending: (() => void)[] = []
  /** Bytes taken per write; a fault instead. */
  answer: () => number | NodeJS.ErrnoException = () => Infinity

  write(chunk: Buffer, done: Written): void {
    const answer = this.answer()
    this.pending.push(() => {
      if (typeof answer !== 'number') return done(answer, 0)
      const written = Math.min(chunk.length, answer)
      this.taken += chunk.subarray(0, written).toString('latin1')
      done(undefined, written)
    })
  }

  close(): void {
    this.closed++
  }

  drain(): void {
    for (let next = this.pending.shift(); next !== undefined; next = this.pending.shift()) next()
  }
}

suite('one outlet for several writers', () => {
  test('chunks stay whole and in order, however little is taken at once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, maxLength: 20, unit: 'binary-ascii' }), {
          maxLength: 20,
        }),
        fc.integer({ min: 1, max: 7 }),
        (chunks, atOnce) => {
          const tap = new Tap()
          tap.answer = () => atOnce
          const queue = new OutletQueue(() => tap)
          const told: number[] = []
          for (const chunk of chunks)
            queue.write(Buffer.from(chunk, 'latin1'), (_error, written) => told.push(written))
          tap.drain()
          assert.equal(tap.taken, chunks.join(''))
          assert.deepEqual(
            told,
            chunks.map((chunk) => chunk.length),
          )
        },
      ),
    )
  })

  test('a fault is told to the writer whose chunk it was, and the next chunk opens anew', () => {
    const taps: Tap[] = []
    const queue = new OutletQueue(() => {
      const tap = new Tap()
      if (taps.length === 0) tap.answer = () => failure('ENOSPC')
      taps.push(tap)
      return tap
    })
    const told: (string | undefined)[] = []
    for (const chunk of ['a', 'b'])
      queue.write(Buffer.from(chunk), (error) => told.push(error?.code))
    for (const tap of taps) tap.drain()
    assert.deepEqual(told, ['ENOSPC', undefined])
    assert.deepEqual([taps[0]?.closed, taps[1]?.taken], [1, 'b'])
  })

  test('a target that cannot be opened is told to every writer', () => {
    let isGone = false
    const tap = new Tap()
    tap.answer = () => failure('EPIPE')
    const queue = new OutletQueue(() => {
      if (isGone) throw failure('ENOENT')
      return tap
    })
    isGone = true
    const told: (string | undefined)[] = []
    for (const chunk of ['a', 'b'])
      queue.write(Buffer.from(chunk), (error) => told.push(error?.code))
    tap.drain()
    assert.deepEqual(told, ['EPIPE', 'ENOENT'])
  })

  test('opens anew between two chunks, never within one', () => {
    const taps: Tap[] = []
    const queue = new OutletQueue(() => {
      const tap = new Tap()
      tap.answer = () => 1
      taps.push(tap)
      return tap
    })
    queue.write(Buffer.from('ab'), () => undefined)
    queue.reopen()
    queue.write(Buffer.from('cd'), () => undefined)
    taps[0]?.drain()
    taps[1]?.drain()
    assert.deepEqual(
      taps.map(({ taken }) => taken),
      ['ab', 'cd'],
    )
  })

  test('a writer that closes leaves the others their outlet', () => {
    const tap = new Tap()
    const queue = new OutletQueue(() => tap)
    queue.asOutlet().close()
    queue.asOutlet().write(Buffer.from('x'), () => undefined)
    tap.drain()
    assert.deepEqual([tap.closed, tap.taken], [0, 'x'])
  })
})
