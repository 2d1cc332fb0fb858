import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { readmeFault } from './readme.ts'
import {
  barrelFaults,
  circles,
  importFaults,
  importTimeFaults,
  sizeFaults,
  staleExceptions,
  worldFaults,
} from './rules.ts'
import { readSources } from './sources.ts'
import type { Source } from './sources.ts'

/** Writes files, reads them as the architecture test does, and cleans up. */
function sourcesOf(files: Readonly<Record<string, string>>): Source[] {
  const root = mkdtempSync(join(tmpdir(), 'architecture-'))
  try {
    const all = {
      'tsconfig.json': '{"include":["src"],"compilerOptions":{"noLib":true,"types":[]}}',
      ...files,
    }
    for (const [path, text] of Object.entries(all)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return readSources(root, join(root, 'tsconfig.json'))
  } finally {
    rmSync(root, { recursive: true })
  }
}

type Rule = (sources: readonly Source[]) => string[]
const cases: [name: string, rule: Rule, path: string, text: string, fault: RegExp | undefined][] = [
  [
    'lets a room import one below it',
    importFaults,
    'src/http/a.ts',
    `import { b } from '../base/b.ts'`,
    undefined,
  ],
  [
    'refuses an import upward',
    importFaults,
    'src/base/a.ts',
    `import { b } from '../http/b.ts'`,
    /may not import http/,
  ],
  [
    'counts type imports',
    importFaults,
    'src/base/a.ts',
    `import type { B } from '../http/b.ts'`,
    /may not import http/,
  ],
  [
    'counts inline type imports',
    importFaults,
    'src/base/a.ts',
    `export type A = import('../http/b.ts').B`,
    /may not import http/,
  ],
  [
    'counts imports at run time',
    importFaults,
    'src/base/a.ts',
    `export const a = () => import('../http/b.ts')`,
    /may not import http/,
  ],
  [
    'counts imports for their effect',
    importFaults,
    'src/base/a.ts',
    `import '../http/b.ts'`,
    /may not import http/,
  ],
  [
    'lets the pipeline import types of identity',
    importFaults,
    'src/pipeline/a.ts',
    `import type { B } from '../identity/b.ts'`,
    undefined,
  ],
  [
    'takes names marked as types for types',
    importFaults,
    'src/pipeline/a.ts',
    `import { type B } from '../identity/b.ts'`,
    undefined,
  ],
  [
    'refuses values where only types may go',
    importFaults,
    'src/pipeline/a.ts',
    `import { b, type C } from '../identity/b.ts'`,
    /only types of identity, not b, C/,
  ],
  [
    'lets a written exception through',
    importFaults,
    'src/pipeline/exchange.ts',
    `import { ANONYMOUS } from '../identity/principal.ts'`,
    undefined,
  ],
  [
    'holds an exception to its names',
    importFaults,
    'src/pipeline/exchange.ts',
    `import { other } from '../identity/principal.ts'`,
    /only types of identity/,
  ],
  [
    'refuses a room that the table does not know',
    importFaults,
    'src/utils/a.ts',
    `import { b } from '../base/b.ts'`,
    /table does not know/,
  ],
  [
    'refuses product code that imports from outside src',
    importFaults,
    'src/base/a.ts',
    `import { b } from '../../test/b.ts'`,
    /in no room/,
  ],
  [
    'finds a file that imports itself',
    circles,
    'src/base/a.ts',
    `import { b } from './a.ts'`,
    /a\.ts -> src\/base\/a\.ts/,
  ],
  [
    'refuses process.env below the gateway',
    worldFaults,
    'src/base/a.ts',
    `export const a = () => process.env['A']`,
    /reads the environment/,
  ],
  [
    'refuses the environment by another door',
    worldFaults,
    'src/base/a.ts',
    `import { env } from 'node:process'`,
    /reads the environment/,
  ],
  [
    'lets the gateway read the environment',
    worldFaults,
    'src/gateway/a.ts',
    `export const a = () => process.env['A']`,
    undefined,
  ],
  [
    'refuses files in pure rooms',
    worldFaults,
    'src/controls/a.ts',
    `import { readFile } from 'node:fs/promises'`,
    /opens files/,
  ],
  [
    'refuses a re-export',
    barrelFaults,
    'src/base/a.ts',
    `export { b } from './b.ts'`,
    /re-exports/,
  ],
  [
    'refuses a re-export in two steps',
    barrelFaults,
    'src/base/a.ts',
    `import { b } from './b.ts'\nexport { b }`,
    /:2 re-exports/,
  ],
  [
    'lets an entry point re-export',
    barrelFaults,
    'src/index.ts',
    `export { b } from './base/b.ts'`,
    undefined,
  ],
  [
    'lets a file export what is its own',
    barrelFaults,
    'src/base/a.ts',
    `const a = 1\nexport { a }`,
    undefined,
  ],
  [
    'refuses a timer at import',
    importTimeFaults,
    'src/base/a.ts',
    `export const a = setInterval(() => {}, 1)`,
    /setInterval\(\) at import/,
  ],
  [
    'refuses a server at import',
    importTimeFaults,
    'src/base/a.ts',
    `import http from 'node:http'\nif (true) { http.createServer() }`,
    /createServer\(\) at import/,
  ],
  [
    'refuses a static field that connects',
    importTimeFaults,
    'src/base/a.ts',
    `export class A { static b = connect(1) }`,
    /connect\(\) at import/,
  ],
  [
    'refuses to wait at import',
    importTimeFaults,
    'src/base/a.ts',
    `export const a = await 1`,
    /await at import/,
  ],
  [
    'lets functions start timers',
    importTimeFaults,
    'src/base/a.ts',
    `export const a = () => setInterval(() => {}, 1)`,
    undefined,
  ],
  [
    'lets instances start timers',
    importTimeFaults,
    'src/base/a.ts',
    `export class A { b = setTimeout(() => {}, 1) }`,
    undefined,
  ],
  ['takes a file of 400 lines', sizeFaults, 'src/base/a.ts', '//\n'.repeat(400), undefined],
  ['refuses a file of 401 lines', sizeFaults, 'src/base/a.ts', '//\n'.repeat(401), /401 lines/],
  [
    'takes a function of 50 lines',
    sizeFaults,
    'src/base/a.ts',
    `function a() {\n${'//\n'.repeat(48)}}`,
    undefined,
  ],
  [
    'refuses a function of 51 lines',
    sizeFaults,
    'src/base/a.ts',
    `function a() {\n${'//\n'.repeat(49)}}`,
    /:1 a has 51 lines/,
  ],
  [
    'measures arrow functions',
    sizeFaults,
    'src/base/a.ts',
    `const a = () => {\n${'//\n'.repeat(49)}}`,
    /:1 a has 51 lines/,
  ],
  ['leaves tests their length', sizeFaults, 'src/base/a.test.ts', '//\n'.repeat(401), undefined],
] // One row, one case.

suite('rules of the house', () => {
  for (const [name, rule, path, text, fault] of cases) {
    test(name, () => {
      const faults = rule(sourcesOf({ [path]: text }))
      if (fault === undefined) assert.deepEqual(faults, [])
      else assert.match(faults.join('\n'), fault)
    })
  }

  test('finds a circle of three files through a type import', () => {
    const found = circles(
      sourcesOf({
        'src/base/a.ts': `import { b } from './b.ts'`,
        'src/base/b.ts': `import type { C } from './c.ts'`,
        'src/base/c.ts': `import { a } from './a.ts'`,
      }),
    )
    assert.deepEqual(found, ['src/base/a.ts -> src/base/b.ts -> src/base/c.ts -> src/base/a.ts'])
  })

  test('takes a diamond for no circle', () => {
    const found = circles(
      sourcesOf({
        'src/base/a.ts': `import { b } from './b.ts'\nimport { c } from './c.ts'`,
        'src/base/b.ts': `import { d } from './d.ts'`,
        'src/base/c.ts': `import { d } from './d.ts'`,
        'src/base/d.ts': 'export const d = 1',
      }),
    )
    assert.deepEqual(found, [])
  })

  test('says which exceptions nothing needs', () => {
    const stale = staleExceptions(sourcesOf({ 'src/base/a.ts': '' }))
    assert.match(stale.join('\n'), /exchange\.ts no longer imports ANONYMOUS/)
    assert.match(stale.join('\n'), /jailed-read\.ts needs no exception/)
  })
})

const readmes: [name: string, text: string, mayGoOn: boolean, fault: RegExp | undefined][] = [
  ['takes one sentence', 'Values that know nothing of the product.\n', false, undefined],
  [
    'takes one sentence on two lines',
    'Values that know\nnothing of the product.\n',
    false,
    undefined,
  ],
  ['refuses nothing at all', '\n', false, /empty/],
  ['refuses two sentences', 'Values. They know nothing.\n', false, /more than one sentence/],
  ['refuses a heading', '# Base\n\nValues.\n', false, /heading/],
  ['refuses a missing full stop', 'Values', false, /full stop/],
  ['refuses a long sentence', `${'a'.repeat(200)}.`, false, /201 characters/],
  ['refuses a second paragraph for a room', 'Values.\n\nMore.\n', false, /paragraph/],
  ['lets the page of a control go on', 'Values.\n\nMore. And more.\n', true, undefined],
]
suite('the sentence of a folder', () => {
  for (const [name, text, mayGoOn, fault] of readmes) {
    test(name, () => {
      const found = readmeFault(text, mayGoOn)
      if (fault === undefined) assert.equal(found, undefined)
      else assert.match(found ?? '', fault)
    })
  }
})
