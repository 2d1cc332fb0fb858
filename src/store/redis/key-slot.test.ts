import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { slotOf } from './key-slot.ts'

/** Bit by bit, as the polynomial says. */
function plain(text: string): number {
  let crc = 0
  for (const byte of Buffer.from(text, 'latin1')) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff
  }
  return crc % 16_384
}

suite('slots of a cluster', () => {
  test('the check value of the specification', () =>
    assert.equal(slotOf('sp:b:{123456789}'), 0x31c3))

  test('only what stands in the braces counts', () =>
    assert.equal(slotOf('sp:b:{abc}'), slotOf('sp:x:{abc}')))

  test('are those that the polynomial gives', () => {
    const digest = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '-', '_'), minLength: 1 })
    fc.assert(fc.property(digest, (one) => slotOf(`sp:b:{${one}}`) === plain(one)))
  })
})
