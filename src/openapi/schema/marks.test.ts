import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { KnownNames, Marks } from './marks.ts'
import { describedTest, knownTest, mergeMarks, newMarks, noteKnown, noteName } from './marks.ts'
import { newRun } from './run.ts'

const name = fc.constantFrom(...Array.from({ length: 40 }, (_, n) => `n${n}`))
const names = fc.uniqueArray(name, { maxLength: 40 })
const known = fc.tuple(names, names).map(([described, required]): KnownNames => ({
  described: new Set(described),
  required: new Set(required),
}))

/** What a schema and its branches note: some names one by one, all that schemas know, and the same of branches. */
interface Notes {
  readonly single: readonly string[]
  readonly known: readonly KnownNames[]
  readonly branches: readonly Notes[]
}
const { notes } = fc.letrec<{ notes: Notes }>((tie) => ({
  notes: fc.record({
    single: fc.array(name, { maxLength: 20 }),
    known: fc.array(known, { maxLength: 6 }),
    branches: fc.oneof({ maxDepth: 3 }, fc.constant([]), fc.array(tie('notes'), { maxLength: 3 })),
  }),
}))

function marksOf({ single, known: all, branches }: Notes, value: object): Marks {
  const run = newRun()
  const marks = newMarks(value, run)
  for (const branch of branches) mergeMarks(marks, marksOf(branch, value))
  for (const one of single) if (Object.hasOwn(value, one)) noteName(marks, one, true)
  for (const one of all) noteKnown(marks, one)
  return marks
}

function namedBy({ single, known: all, branches }: Notes, kind: keyof KnownNames): Set<string> {
  return new Set([
    ...(kind === 'described' ? single : []),
    ...all.flatMap((one) => [...one[kind]]),
    ...branches.flatMap((branch) => [...namedBy(branch, kind)]),
  ])
}

test('marks tell of each name of an object whether some schema described or required it', () => {
  fc.assert(
    fc.property(notes, names, (noted, present) => {
      const value = Object.fromEntries(present.map((one) => [one, 0]))
      const marks = marksOf(noted, value)
      const [described, required] = [namedBy(noted, 'described'), namedBy(noted, 'required')]
      const [isDescribed, isKnown] = [describedTest(marks), knownTest(marks)]
      for (const one of present) {
        assert.equal(isDescribed(one), described.has(one), one)
        assert.equal(isKnown(one), described.has(one) || required.has(one), one)
      }
    }),
    { numRuns: 500 },
  )
})
