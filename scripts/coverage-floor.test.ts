import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { floorFaults, lineRanges, percentOf, readLcov, unloaded } from './coverage-floor.ts'
import type { FileCoverage } from './coverage-floor.ts'

const LCOV = `TN:
SF:src/a.ts
FN:1,x
DA:1,2
DA:2,0
DA:3,0
LF:3
LH:1
end_of_record
SF:src\\b.ts
DA:1,1
end_of_record
SF:src/a.ts
DA:3,1
end_of_record
`

test('a report is read by file and line, and a line that ran once ran', () => {
  assert.deepEqual(readLcov(LCOV), [
    { path: 'src/a.ts', lines: 3, coveredLines: 2, missed: [2] },
    { path: 'src/b.ts', lines: 1, coveredLines: 1, missed: [] },
  ])
})

test('a file that no test loaded is missed as a whole', () => {
  assert.deepEqual(unloaded('src/c.ts', 'a\nb\n'), {
    path: 'src/c.ts',
    lines: 2,
    coveredLines: 0,
    missed: [1, 2],
  })
})

test('shares are counted by line, not by file', () => {
  assert.equal(percentOf(readLcov(LCOV)), 75)
  assert.equal(percentOf([]), 100)
})

suite('floors', () => {
  const file = (path: string, coveredLines: number): FileCoverage => ({
    path,
    lines: 100,
    coveredLines,
    missed: [],
  })
  const good = [
    file('src/pipeline/runner.ts', 100),
    file('src/controls/hosts/control.ts', 100),
    file('src/base/ids.ts', 90),
  ]
  const rows: [name: string, files: FileCoverage[], faults: RegExp | undefined][] = [
    ['are kept where all is well', good, undefined],
    [
      'are broken by one line of the pipeline',
      [...good, file('src/pipeline/site.ts', 99)],
      /pipeline/,
    ],
    [
      'are broken by one line of a control',
      [...good, file('src/controls/b/control.ts', 99)],
      /control\.ts/,
    ],
    [
      'leave the other files of a control to the whole',
      [...good, file('src/controls/b/config.ts', 99)],
      undefined,
    ],
    [
      'are broken by too much that never ran',
      [...good, file('src/openapi/x.ts', 80)],
      /everything: 92\.50 %/,
    ],
    ['that no file stands on guard nothing', [file('src/base/ids.ts', 100)], /no file was seen/],
  ]
  for (const [name, files, fault] of rows) {
    test(name, () => {
      const found = floorFaults(files).join('\n')
      if (fault === undefined) assert.equal(found, '')
      else assert.match(found, fault)
    })
  }
})

test('lines are told in ranges', () => {
  assert.equal(lineRanges([7, 1, 2, 3, 9, 10]), '1-3 7 9-10')
  assert.equal(lineRanges([]), '')
})
