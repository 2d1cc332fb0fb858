import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { checkRelations } from '../relations/check.ts'
import { objectsOf } from '../relations/objects-of.ts'
import { parseTuple, tupleText } from '../relations/relation.ts'
import type { RelationRecords, RelationTuple } from '../relations/relation.ts'

/** A tuple that must be one. */
export function tuple(text: string, tenant = ''): RelationTuple {
  const found = parseTuple(text, tenant)
  assert.ok(found, `${text} is no tuple`)
  return found
}

/** A store that is opened for one test. */
export interface RelationStore {
  readonly relations: RelationRecords
  close(): MaybePromise<void>
}

/** What every adapter of `RelationRecords` must do. `open` gives a new, empty store each time. */
export function relationsContract(adapter: string, open: () => MaybePromise<RelationStore>): void {
  const check = (name: string, body: (relations: RelationRecords) => Promise<void>): void => {
    test(`${adapter}: ${name}`, async () => {
      const store = await open()
      try {
        await body(store.relations)
      } finally {
        await store.close()
      }
    })
  }
  writeContract(check)
  lookContract(check)
  followContract(check)
}

type Check = (name: string, body: (relations: RelationRecords) => Promise<void>) => void

const TEXTS = ['doc:1#viewer@ann', 'doc:1#viewer@bob', 'doc:1#owner@ann', 'doc:2#viewer@ann']

function writeContract(check: Check): void {
  check('gives back what was written, in order', async (relations) => {
    const tuples = TEXTS.map((text) => tuple(text, 't1'))
    assert.deepEqual(await relations.write({ add: tuples }), { added: 4, removed: 0 })
    const found = await relations.list({ limit: 10 })
    assert.deepEqual(found.map(tupleText), TEXTS.toSorted())
    assert.deepEqual([...new Set(found.map(({ tenant }) => tenant))], ['t1'])
  })
  check('counts only what it changed', async (relations) => {
    const one = [tuple('doc:1#viewer@ann')]
    await relations.write({ add: one })
    assert.deepEqual(await relations.write({ add: one }), { added: 0, removed: 0 })
    assert.deepEqual(await relations.write({ remove: one }), { added: 0, removed: 1 })
    assert.deepEqual(await relations.write({ remove: one }), { added: 0, removed: 0 })
  })
  check('moves an object from one to another in one step', async (relations) => {
    await relations.write({ add: [tuple('doc:1#owner@ann')] })
    const move = { remove: [tuple('doc:1#owner@ann')], add: [tuple('doc:1#owner@bob')] }
    assert.deepEqual(await relations.write(move), { added: 1, removed: 1 })
    const found = await relations.list({ limit: 10 })
    assert.deepEqual(found.map(tupleText), ['doc:1#owner@bob'])
  })
  check('lists what is asked for, page by page', async (relations) => {
    await relations.write({ add: TEXTS.map((text) => tuple(text)) })
    const [first] = await relations.list({ subject: 'ann', limit: 1 })
    assert.ok(first)
    const rest = await relations.list({ subject: 'ann', limit: 10, after: first })
    assert.deepEqual([first, ...rest].map(tupleText), [
      'doc:1#owner@ann',
      'doc:1#viewer@ann',
      'doc:2#viewer@ann',
    ])
    const viewers = await relations.list({ object: 'doc:1', relation: 'viewer', limit: 10 })
    assert.deepEqual(
      viewers.map(({ subject }) => subject),
      ['ann', 'bob'],
    )
  })
  check('orders texts of every script as bytes', async (relations) => {
    const names = ['\u{1F600}', 'é', 'Z', 'a', '\uFFFD']
    await relations.write({ add: names.map((name) => tuple(`doc:1#viewer@${name}`)) })
    const found = await relations.list({ limit: 10 })
    assert.deepEqual(
      found.map(({ subject }) => subject),
      ['Z', 'a', 'é', '\uFFFD', '\u{1F600}'],
    )
  })
  check('moves the change token with every change', async (relations) => {
    const tokens = [relations.changeToken()]
    await relations.write({ add: [tuple('doc:1#viewer@ann')] })
    tokens.push(relations.changeToken())
    await relations.write({ remove: [tuple('doc:1#viewer@ann')] })
    tokens.push(relations.changeToken())
    assert.equal(new Set(tokens).size, 3)
  })
}

function lookContract(check: Check): void {
  check('looks at the tuple itself, then at sets', async (relations) => {
    await relations.write({
      add: ['doc:1#viewer@ann', 'doc:1#viewer@group:b#member', 'doc:1#viewer@group:a#member'].map(
        (text) => tuple(text),
      ),
    })
    const questions = [
      tuple('doc:1#viewer@ann'),
      tuple('doc:1#viewer@eve'),
      tuple('doc:2#viewer@ann'),
    ]
    assert.deepEqual(await relations.look(questions, 10), [
      { isDirect: true, sets: [] },
      { isDirect: false, sets: ['group:a#member', 'group:b#member'] },
      { isDirect: false, sets: [] },
    ])
    const [, cut] = await relations.look(questions, 1)
    assert.deepEqual(cut, { isDirect: false, sets: ['group:a#member'] })
  })
  check('keeps tenants apart', async (relations) => {
    await relations.write({ add: [tuple('doc:1#viewer@ann', 't1')] })
    const questions = ['t1', 't2', ''].map((tenant) => tuple('doc:1#viewer@ann', tenant))
    const looks = await relations.look(questions, 10)
    assert.deepEqual(
      looks.map(({ isDirect }) => isDirect),
      [true, false, false],
    )
  })
  check('takes no part of a text for another', async (relations) => {
    await relations.write({ add: [tuple('doc:1#viewer@ann')] })
    const near = ['doc:1#viewer@an', 'doc:1#viewer@ann ', 'doc:1#viewer@Ann', 'doc:01#viewer@ann']
    const looks = await relations.look(
      near.map((text) => tuple(text)),
      10,
    )
    assert.ok(looks.every(({ isDirect }) => !isDirect))
  })
}

function followContract(check: Check): void {
  check('follows sets in sets', async (relations) => {
    await relations.write({
      add: [
        'doc:1#viewer@folder:a#viewer',
        'folder:a#viewer@group:eng#member',
        'group:eng#member@ann',
      ].map((text) => tuple(text)),
    })
    const questions = [tuple('doc:1#viewer@ann'), tuple('doc:1#viewer@bob')]
    assert.deepEqual(await checkRelations(relations, questions), [true, false])
    const { found } = await objectsOf(relations, { tenant: '', subject: 'ann' })
    assert.deepEqual(
      found.map(({ object, relation }) => `${object}#${relation}`),
      ['group:eng#member', 'folder:a#viewer', 'doc:1#viewer'],
    )
  })
  check('ends in a circle', async (relations) => {
    const circle = ['group:a#member@group:b#member', 'group:b#member@group:a#member']
    await relations.write({ add: circle.map((text) => tuple(text)) })
    assert.deepEqual(await checkRelations(relations, [tuple('group:a#member@ann')]), [false])
    const { found } = await objectsOf(relations, { tenant: '', subject: 'group:a#member' })
    assert.equal(found.length, 2)
  })
}
