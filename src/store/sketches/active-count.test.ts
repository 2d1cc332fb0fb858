import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ActiveCount } from './active-count.ts'

suite('how many are active', () => {
  for (const callers of [0, 10, 1000, 50_000])
    test(`${callers} callers are counted within three percent, each once`, () => {
      const count = new ActiveCount()
      for (let round = 0; round < 2; round++)
        for (let n = 0; n < callers; n++) count.note(`key:${n}`, 0)
      assert.ok(Math.abs(count.estimate - callers) <= callers * 0.03, `${count.estimate}`)
    })

  test('the hour before counts until the next one is over', () => {
    const count = new ActiveCount()
    for (let n = 0; n < 100; n++) count.note(`key:${n}`, 0)
    count.note('key:1', 3_600_000)
    assert.ok(count.estimate >= 97)
    count.note('key:1', 7_200_000)
    assert.equal(count.estimate, 1)
  })
})
