import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Round } from './round.ts'
import type { InRound } from './round.ts'

function teller(name: string, told: string[], fault?: Error): InRound {
  const tell = (what: string): void => {
    told.push(`${what} ${name}`)
    if (fault !== undefined) throw fault
  }
  return { handOn: () => tell('reads'), send: () => tell('writes') }
}

suite('a round', () => {
  test('calls each that asked once, in order, and nobody outside of it', () => {
    const round = new Round()
    const told: string[] = []
    assert.deepEqual(
      [round.handsOn(teller('a', told)), round.sends(teller('a', told))],
      [false, false],
    )
    round.open()
    for (const name of ['b', 'c']) {
      assert.ok(round.handsOn(teller(name, told)))
      assert.ok(round.sends(teller(name, told)))
    }
    round.handOn(() => told.push('-'))
    assert.deepEqual(told, ['-', 'reads b', '-', 'reads c'])
    round.send()
    round.handOn(() => told.push('-'))
    round.close()
    assert.deepEqual(told.slice(4), ['writes b', 'writes c'])
    assert.equal(round.sends(teller('d', told)), false)
  })

  test('sends at its end what was written in it', () => {
    const round = new Round()
    const told: string[] = []
    round.open()
    const reader = teller('a', told)
    const writer = { ...reader, handOn: () => void round.sends(reader) }
    round.handsOn(writer)
    round.handOn(() => undefined)
    assert.deepEqual(told, [])
    round.close()
    assert.deepEqual(told, ['writes a'])
  })

  test('keeps those behind a reader that throws for the next one', () => {
    const round = new Round()
    const told: string[] = []
    round.open()
    round.handsOn(teller('a', told, new Error('of a')))
    round.handsOn(teller('b', told))
    round.sends(teller('c', told))
    assert.throws(() => round.handOn(() => undefined), /of a/)
    assert.equal(round.isWorkLeft, true)
    round.close()
    assert.deepEqual(told, ['reads a', 'writes c'])
    round.open()
    round.handOn(() => undefined)
    round.close()
    assert.deepEqual([told.at(-1), round.isWorkLeft], ['reads b', false])
  })

  test('keeps those behind a writer that throws for the next one', () => {
    const round = new Round()
    const told: string[] = []
    round.open()
    round.sends(teller('a', told, new Error('of a')))
    round.sends(teller('b', told))
    assert.throws(() => round.close(), /of a/)
    assert.equal(round.isWorkLeft, true)
    round.open()
    round.close()
    assert.deepEqual([told, round.isWorkLeft], [['writes a', 'writes b'], false])
  })
})
