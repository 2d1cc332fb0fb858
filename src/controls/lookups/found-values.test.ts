import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { KeyVersions, newKeyVersions } from '../../store/shared/key-versions.ts'
import { FoundValues } from './found-values.ts'

const TIMES = { cacheMs: 30_000, missMs: 5000, timeoutMs: 50 }
const SEVEN = { key: 'owner 7', id: '7' }

function start(versions = new KeyVersions(newKeyVersions())) {
  const state = { nowMs: 0, asked: 0, value: 'ann' as string | undefined }
  const found = new FoundValues(versions, () => state.nowMs)
  const ask = (): string | undefined => {
    state.asked += 1
    return state.value
  }
  const get = () => found.get(SEVEN, TIMES, ask)
  return { state, found, get, versions }
}

suite('what look-ups have found', () => {
  test('is remembered for its time', () => {
    const { state, get } = start()
    assert.equal(get(), 'ann')
    state.nowMs = 29_999
    state.value = 'bob'
    assert.equal(get(), 'ann')
    state.nowMs = 30_000
    assert.equal(get(), 'bob')
    assert.equal(state.asked, 2)
  })

  test('is remembered for less where there was nothing', () => {
    const { state, get } = start()
    state.value = undefined
    assert.equal(get(), undefined)
    state.value = 'ann'
    state.nowMs = 4999
    assert.equal(get(), undefined)
    state.nowMs = 5000
    assert.equal(get(), 'ann')
  })

  test('is not remembered where that is off', () => {
    const { state, found } = start()
    const off = { ...TIMES, cacheMs: 0, missMs: 0 }
    for (let i = 0; i < 3; i++) void found.get(SEVEN, off, () => void (state.asked += 1))
    assert.equal(state.asked, 3)
  })

  test('is forgotten by every thread at once', () => {
    const one = start()
    const two = start(one.versions)
    assert.deepEqual([one.get(), two.get()], ['ann', 'ann'])
    one.state.value = two.state.value = 'bob'
    one.found.forget('7')
    assert.deepEqual([one.get(), two.get()], ['bob', 'bob'])
  })

  test('is not what was on its way when it was forgotten', async () => {
    const { found } = start()
    const answers: ((value: string) => void)[] = []
    const ask = (): Promise<string> => new Promise((resolve) => answers.push(resolve))
    const before = found.get(SEVEN, TIMES, ask)
    found.forget('7')
    const after = found.get(SEVEN, TIMES, ask)
    assert.equal(answers.length, 2, 'the question is asked again')
    answers[1]?.('bob')
    assert.equal(await after, 'bob')
    answers[0]?.('ann')
    assert.equal(await before, 'ann')
    assert.equal(await found.get(SEVEN, TIMES, () => 'bob'), 'bob')
  })

  test('is asked for once at a time', async () => {
    const { found } = start()
    let asked = 0
    const ask = async (): Promise<string> => {
      asked += 1
      await Promise.resolve()
      return 'ann'
    }
    const all = await Promise.all([1, 2, 3].map(async () => found.get(SEVEN, TIMES, ask)))
    assert.deepEqual([all, asked], [['ann', 'ann', 'ann'], 1])
  })

  test('is waited for no longer than its time', async () => {
    const { found } = start()
    const never = (): Promise<string> => new Promise(() => undefined)
    await assert.rejects(async () => found.get(SEVEN, TIMES, never), /within 50 ms/)
    assert.equal(await found.get(SEVEN, TIMES, () => 'ann'), 'ann')
  })

  test('has an end: no flood of questions waits', async () => {
    const { found } = start()
    const never = (): Promise<string> => new Promise(() => undefined)
    const floods = Array.from({ length: 4100 }, async (_, i) =>
      found.get({ key: `${i}`, id: `${i}` }, TIMES, never),
    )
    const results = await Promise.allSettled(floods)
    const refused = results.filter(
      (result) => result.status === 'rejected' && /too many/.test(String(result.reason)),
    )
    assert.equal(refused.length, 4100 - 4096)
  })
})
