import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { tuple } from '../testing/relations-contract.ts'
import { CHECK_LIMITS, checkRelations } from './check.ts'
import { MemoryRelations } from './memory-relations.ts'
import { RelationChecks } from './relation-checks.ts'

function withTuples(texts: readonly string[]): MemoryRelations {
  const relations = new MemoryRelations()
  relations.write({ add: texts.map((text) => tuple(text)) })
  return relations
}

/** A chain of sets, with the subject in the last one. */
function chain(length: number): MemoryRelations {
  const links = Array.from({ length }, (_, i) => `g:${i}#m@g:${i + 1}#m`)
  return withTuples([...links, `g:${length}#m@ann`])
}

suite('the bounds of a check', () => {
  const cases: readonly [string, MemoryRelations, boolean | undefined][] = [
    ['a chain of sets is followed to its end', chain(CHECK_LIMITS.depth - 1), true],
    ['a longer one tells nothing', chain(CHECK_LIMITS.depth), undefined],
    [
      'more sets than are looked into tell nothing',
      withTuples(Array.from({ length: CHECK_LIMITS.setsOfOne + 1 }, (_, i) => `g:0#m@g:x${i}#m`)),
      undefined,
    ],
    [
      'what is found counts, whatever else there is',
      withTuples([
        ...Array.from({ length: CHECK_LIMITS.setsOfOne + 1 }, (_, i) => `g:0#m@g:x${i}#m`),
        'g:0#m@ann',
      ]),
      true,
    ],
  ]
  for (const [name, relations, verdict] of cases)
    test(name, () => assert.deepEqual(checkRelations(relations, [tuple('g:0#m@ann')]), [verdict]))

  test('a caller who is called like a set is none of its members', () => {
    const relations = withTuples(['doc:1#viewer@group:eng#member'])
    const question = { ...tuple('doc:1#viewer@ann'), subject: 'group:eng#member' }
    assert.deepEqual(checkRelations(relations, [question]), [undefined])
  })

  test('an id that is none decides nothing', () => {
    for (const object of ['doc:', 'doc:a#viewer@x', 'doc:a\nb', '7'])
      assert.deepEqual(
        checkRelations(new MemoryRelations(), [{ ...tuple('doc:1#viewer@ann'), object }]),
        [undefined],
      )
  })

  test('agrees with a plain search in every small graph', () => {
    const node = fc.constantFrom('g:0#m', 'g:1#m', 'g:2#m', 'g:3#m')
    const edge = fc.tuple(node, fc.oneof(node, fc.constantFrom('ann', 'bob')))
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 12 }), (edges) => {
        const relations = withTuples(edges.map(([from, to]) => `${from}@${to}`))
        const reached = new Set(['g:0#m'])
        for (let i = 0; i < 5; i++)
          for (const [from, to] of edges) if (reached.has(from)) reached.add(to)
        const questions = [tuple('g:0#m@ann'), tuple('g:0#m@bob')]
        assert.deepEqual(checkRelations(relations, questions), [
          reached.has('ann'),
          reached.has('bob'),
        ])
      }),
    )
  })
})

suite('remembered checks', () => {
  test('follow a change within their time', () => {
    const relations = withTuples(['doc:1#viewer@ann'])
    const checks = new RelationChecks(relations)
    const question = tuple('doc:1#viewer@ann')
    assert.equal(checks.check(question, 0), true)
    relations.write({ remove: [question] })
    assert.equal(checks.check(question, 99), true)
    assert.equal(checks.check(question, 100), false)
  })

  test('ask a store that answers later once for all questions of a turn', async () => {
    const relations = withTuples(['doc:1#viewer@ann'])
    const asked: number[] = []
    const checks = new RelationChecks({
      changeToken: () => relations.changeToken(),
      look: async (questions, maxSets) => {
        asked.push(questions.length)
        await Promise.resolve()
        return relations.look(questions, maxSets)
      },
    })
    const texts = ['doc:1#viewer@ann', 'doc:2#viewer@ann', 'doc:3#viewer@ann']
    const verdicts = await Promise.all(texts.map(async (text) => checks.check(tuple(text), 0)))
    assert.deepEqual(verdicts, [true, false, false])
    assert.deepEqual(asked, [1, 2])
    assert.equal(checks.check(tuple('doc:2#viewer@ann'), 0), false)
  })

  test('keep no answer that was on its way during a change', async () => {
    const relations = withTuples(['doc:1#viewer@ann'])
    let release = (): void => undefined
    const checks = new RelationChecks({
      changeToken: () => relations.changeToken(),
      look: async (questions, maxSets) => {
        const looks = relations.look(questions, maxSets)
        await new Promise<void>((resolve) => (release = resolve))
        return looks
      },
    })
    const question = tuple('doc:1#viewer@ann')
    const first = checks.check(question, 0)
    relations.write({ remove: [question] })
    const second = checks.check(question, 100)
    release()
    await first
    await new Promise(setImmediate)
    release()
    assert.equal(await second, false)
    const third = checks.check(question, 150)
    assert.equal(third, false)
  })

  test('fail all questions of a turn when the store does', async () => {
    const checks = new RelationChecks({
      changeToken: () => 1,
      look: () => Promise.reject(new Error('away')),
    })
    for (let turn = 0; turn < 2; turn++)
      await Promise.all(
        ['a', 'b'].map((id) =>
          assert.rejects(async () => checks.check(tuple(`doc:${id}#viewer@ann`), 0)),
        ),
      )
  })
})
