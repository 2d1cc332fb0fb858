import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { AdoptFinding, KeyRow, Records } from '../records.ts'
import { MAX_FINDINGS_PER_OPERATION, StoreError } from '../records.ts'
import { FULL_ROW, keyRow } from './key-row.ts'

/** What every adapter of `Records` must do. `open` gives a new, empty store each time. */
export function recordsContract(adapter: string, open: () => MaybePromise<Records>): void {
  const check = (name: string, body: (records: Records) => Promise<void>): void => {
    test(`${adapter}: ${name}`, async () => {
      const records = await open()
      try {
        await body(records)
      } finally {
        await records.close()
      }
    })
  }
  keyContract(check)
  changeContract(check)
  adoptContract(check)
}

async function rejects(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return false
  } catch {
    return true
  }
}

type Check = (name: string, body: (records: Records) => Promise<void>) => void

function keyContract(check: Check): void {
  check('gives back a row with every field as it went in', async ({ keys }) => {
    await keys.insert(FULL_ROW)
    assert.deepEqual(await keys.get(FULL_ROW.id), FULL_ROW)
  })
  check('keeps "never" and "no list" apart from empty', async ({ keys }) => {
    await keys.insert(keyRow({ operations: [], cidrs: undefined, expiresAtMs: Infinity }))
    const row = await keys.get('aaaaaaaaaaaa')
    assert.deepEqual([row?.operations, row?.cidrs, row?.expiresAtMs], [[], undefined, Infinity])
  })
  check('knows no key that was not inserted', async ({ keys }) => {
    assert.equal(await keys.get('zzzzzzzzzzzz'), undefined)
    assert.equal(await keys.update('zzzzzzzzzzzz', (row) => row), undefined)
    assert.equal(await keys.delete('zzzzzzzzzzzz'), false)
  })
  check('finds nothing under an odd id', async ({ keys }) => {
    for (const id of ['', '\u0000', 'a\u0000', '\ud800', "' OR 1=1 --"]) {
      assert.equal(await keys.get(id), undefined)
      assert.equal(await keys.delete(id), false)
    }
  })
  check('refuses an id twice and keeps the first row', async ({ keys }) => {
    await keys.insert(keyRow())
    await assert.rejects(
      async () => keys.insert(keyRow({ owner: 'eve' })),
      (error) => error instanceof StoreError && error.code === 'conflict',
    )
    assert.equal((await keys.get('aaaaaaaaaaaa'))?.owner, 'ann')
  })
  check('inserts many at once, but for ids that are taken', async ({ keys }) => {
    await keys.insert(keyRow({ id: 'b' }))
    const rows = Array.from({ length: 450 }, (_, n) => keyRow({ id: `n${n}`, owner: `of ${n}` }))
    const taken = await keys.insertNew([...rows, keyRow({ id: 'b', owner: 'eve' })])
    assert.deepEqual(taken, ['b'])
    assert.equal((await keys.list()).length, 451)
    assert.equal((await keys.get('n449'))?.owner, 'of 449')
    assert.equal((await keys.get('b'))?.owner, 'ann')
  })
  check('inserts none of many when one of them cannot be stored', async ({ keys }) => {
    const broken = { ...keyRow({ id: 'c' }), kind: 'xx' } as unknown as KeyRow
    const isBroken = await rejects(async () => keys.insertNew([keyRow({ id: 'a' }), broken]))
    // Memory takes what it is given.
    assert.equal((await keys.get('a')) === undefined, isBroken)
  })
  check('lists oldest first', async ({ keys }) => {
    for (const [id, createdAtMs] of [
      ['c', 3],
      ['a', 1],
      ['b', 1],
    ] as const)
      await keys.insert(keyRow({ id, createdAtMs }))
    assert.deepEqual(
      (await keys.list()).map((row) => row.id),
      ['a', 'b', 'c'],
    )
  })
  check('updates all but the id and the fields of use', async ({ keys }) => {
    await keys.insert(keyRow())
    await keys.touch([{ id: 'aaaaaaaaaaaa', usedAtMs: 60_000, firstNetwork: 'n', firstAgent: 'a' }])
    const stored = await keys.update('aaaaaaaaaaaa', () => FULL_ROW)
    const use = { lastUsedAtMs: 60_000, firstUsedAtMs: 60_000, firstNetwork: 'n', firstAgent: 'a' }
    assert.deepEqual(stored, { ...FULL_ROW, id: 'aaaaaaaaaaaa', ...use })
    assert.deepEqual(await keys.get('aaaaaaaaaaaa'), stored)
  })
  check('an update that throws changes nothing', async ({ keys }) => {
    await keys.insert(keyRow())
    await assert.rejects(
      async () =>
        keys.update('aaaaaaaaaaaa', () => {
          throw new RangeError('stop')
        }),
      RangeError,
    )
    assert.deepEqual(await keys.get('aaaaaaaaaaaa'), keyRow())
    await keys.insert(keyRow({ id: 'after' }))
  })
  check('deletes', async ({ keys }) => {
    await keys.insert(keyRow())
    assert.equal(await keys.delete('aaaaaaaaaaaa'), true)
    assert.equal(await keys.get('aaaaaaaaaaaa'), undefined)
  })
  check('keeps the first use and the latest time, whatever the order', async ({ keys }) => {
    await keys.insert(keyRow())
    const use = { id: 'aaaaaaaaaaaa', firstNetwork: 'home', firstAgent: 'curl' }
    await keys.touch([
      { ...use, usedAtMs: 120_000 },
      { ...use, usedAtMs: 60_000, firstNetwork: 'x' },
    ])
    await keys.touch([{ ...use, id: 'unknown', usedAtMs: 1 }])
    const row = await keys.get('aaaaaaaaaaaa')
    assert.deepEqual(
      [row?.lastUsedAtMs, row?.firstUsedAtMs, row?.firstNetwork, row?.firstAgent],
      [120_000, 120_000, 'home', 'curl'],
    )
  })
}

function changeContract(check: Check): void {
  check('the change token moves with each write of a key', async (records) => {
    const seen = new Set([records.changeToken()])
    const moved = (): void => {
      const token = records.changeToken()
      assert.ok(!seen.has(token), 'token seen before')
      seen.add(token)
    }
    await records.keys.insert(keyRow())
    moved()
    await records.keys.update('aaaaaaaaaaaa', (row) => ({ ...row, revokedAtMs: 1 }))
    moved()
    await records.keys.delete('aaaaaaaaaaaa')
    moved()
  })
  check('the change token stands still for uses, findings and values', async (records) => {
    await records.keys.insert(keyRow())
    const before = records.changeToken()
    await records.keys.touch([
      { id: 'aaaaaaaaaaaa', usedAtMs: 1, firstNetwork: undefined, firstAgent: undefined },
    ])
    await records.adopt.merge([finding()])
    await records.meta.set('a', 'b')
    assert.equal(records.changeToken(), before)
  })
  check('keeps named values, the last one written', async ({ meta }) => {
    assert.equal(await meta.get('__proto__'), undefined)
    await meta.set('__proto__', '1')
    await meta.set('__proto__', '2')
    assert.equal(await meta.get('__proto__'), '2')
  })
}

function finding(part: Partial<AdoptFinding> = {}): AdoptFinding {
  return {
    api: 'shop',
    operation: 'listOrders',
    kind: 'response-undeclared-field',
    pointer: '/0/note',
    sample: '"string"',
    count: 1,
    firstAtMs: 100,
    lastAtMs: 100,
    ...part,
  }
}

function adoptContract(check: Check): void {
  check('merges findings of the same place', async ({ adopt }) => {
    await adopt.merge([
      finding(),
      finding({ count: 2, firstAtMs: 50, lastAtMs: 60, sample: 'old' }),
    ])
    await adopt.merge([finding({ count: 4, firstAtMs: 200, lastAtMs: 300, sample: 'new' })])
    assert.deepEqual(await adopt.list(), [
      finding({ count: 7, firstAtMs: 50, lastAtMs: 300, sample: 'new' }),
    ])
  })
  check('lists the most frequent first, and by API', async ({ adopt }) => {
    await adopt.merge([finding(), finding({ pointer: '/1', count: 9 }), finding({ api: 'other' })])
    assert.deepEqual(
      (await adopt.list('shop')).map((f) => f.pointer),
      ['/1', '/0/note'],
    )
    assert.equal((await adopt.list()).length, 3)
    assert.deepEqual(await adopt.list('none'), [])
  })
  check('bounds the findings of one operation, not of its neighbor', async ({ adopt }) => {
    const many = Array.from({ length: MAX_FINDINGS_PER_OPERATION + 5 }, (_, i) =>
      finding({ pointer: `/${i}` }),
    )
    assert.equal(await adopt.merge(many), 5)
    assert.equal(await adopt.merge([finding({ pointer: '/0' }), finding({ operation: 'two' })]), 0)
    assert.equal((await adopt.list()).length, MAX_FINDINGS_PER_OPERATION + 1)
  })
  check('keeps texts that traffic made odd', async ({ adopt }) => {
    await adopt.merge([finding({ pointer: '/a\u0000b', sample: '"\u0000"' }), finding()])
    assert.equal((await adopt.list()).length, 2)
  })
  check('cuts what traffic made too long', async ({ adopt }) => {
    await adopt.merge([finding({ pointer: 'p'.repeat(9000), sample: 's'.repeat(9000) })])
    const [kept] = await adopt.list()
    assert.deepEqual([kept?.pointer.length, kept?.sample.length], [512, 4096])
  })
  check('clears one operation', async ({ adopt }) => {
    await adopt.merge([finding(), finding({ operation: 'two' })])
    await adopt.clear('shop', 'listOrders')
    assert.deepEqual(
      (await adopt.list()).map((f) => f.operation),
      ['two'],
    )
  })
  check('graduates once: the first time stays', async ({ adopt }) => {
    await adopt.graduate({ api: 'shop', operation: 'listOrders', atMs: 5 })
    await adopt.graduate({ api: 'shop', operation: 'listOrders', atMs: 9 })
    assert.deepEqual(await adopt.graduations(), [{ api: 'shop', operation: 'listOrders', atMs: 5 }])
  })
}
