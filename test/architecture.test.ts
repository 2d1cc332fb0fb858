import assert from 'node:assert/strict'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { before, suite, test } from 'node:test'
import { CONTROL_FILES, ROOMS } from './architecture/house.ts'
import { readmeFault } from './architecture/readme.ts'
import {
  barrelFaults,
  circles,
  importFaults,
  importTimeFaults,
  isTestFile,
  sizeFaults,
  staleExceptions,
  worldFaults,
} from './architecture/rules.ts'
import { readSources } from './architecture/sources.ts'
import type { Source } from './architecture/sources.ts'
import type { Control } from '../src/pipeline/control.ts'
import { STAGES } from '../src/pipeline/control.ts'

const ROOT = join(import.meta.dirname, '..')
const CONTROLS = join(ROOT, 'src/controls')

/** Folders that hold something: git does not know the others. */
function foldersIn(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory())
  return folders
    .map((entry) => `${folder}/${entry.name}`)
    .filter((path) => readdirSync(join(ROOT, path)).length > 0)
}

function assertNone(faults: readonly string[]): void {
  assert.equal(faults.length, 0, `\n${faults.join('\n')}`)
}

suite('the house', () => {
  let sources: readonly Source[] = []
  before(() => {
    sources = readSources(ROOT, join(ROOT, 'tsconfig.json'))
  })

  test('every file of src and cli was seen', () => {
    const files = globSync(['src/**/*.ts', 'cli/**/*.ts'], { cwd: ROOT })
    assert.ok(files.length > 100, `only ${files.length} files`)
    const seen = new Set(sources.map(({ path }) => path))
    assertNone(files.filter((file) => !seen.has(file.replaceAll('\\', '/'))))
    assert.ok(sources.flatMap(({ imports }) => imports).length > 300, 'hardly any import was seen')
    assert.ok(sources.flatMap(({ functions }) => functions).length > 300, 'hardly any function')
  })

  test('every room is in the table', () => {
    const rooms = foldersIn('src').map((folder) => basename(folder))
    assert.ok(rooms.length > 8, `only ${rooms.length} rooms`)
    assertNone(rooms.filter((room) => !(room in ROOMS)))
  })

  test('imports go down the table of rooms', () => assertNone(importFaults(sources)))
  test('no exception outlives its need', () => assertNone(staleExceptions(sources)))
  test('no file imports itself by way of others', () => assertNone(circles(sources)))
  test('only the rooms that may do so read the world', () => assertNone(worldFaults(sources)))
  test('no room has barrel files', () => assertNone(barrelFaults(sources)))
  test('nothing starts at import', () => assertNone(importTimeFaults(sources)))
  test('files and functions keep their size', () => assertNone(sizeFaults(sources)))
})

suite('folders', () => {
  const rooms = foldersIn('src')
  for (const folder of [...rooms, ...rooms.flatMap((room) => foldersIn(room))]) {
    test(`${folder} says in one sentence what it is for`, () => {
      const file = join(ROOT, folder, 'README.md')
      assert.ok(existsSync(file), 'has no README.md')
      const fault = readmeFault(readFileSync(file, 'utf8'), folder.startsWith('src/controls/'))
      assert.equal(fault, undefined, `README.md ${fault}`)
    })
  }
})

/** Every folder of a control; the bench they are tested on is none. */
function controlFolders(): string[] {
  return foldersIn('src/controls').filter((folder) => basename(folder) !== 'testing')
}

suite('control folders', () => {
  const folders = controlFolders()

  test('there are control folders', () => assert.ok(folders.length > 10))

  for (const folder of folders) {
    test(`${folder} is whole: definition, configuration, proof, sentence, tests`, () => {
      const files = readdirSync(join(ROOT, folder))
      assertNone(CONTROL_FILES.filter((file) => !files.includes(file)).map((file) => `no ${file}`))
      assert.ok(
        files.some((file) => isTestFile(file)),
        'has no test',
      )
    })
  }
})

suite('the list of controls', () => {
  let controls: readonly Pick<Control<never, never>, 'name' | 'stage' | 'onFault'>[] = []
  before(async () => {
    // Not imported above: a broken control must not hide what the other tests have to say.
    ;({ controls } = await import('../src/controls/index.ts'))
  })

  test('names every folder once and nothing else', () => {
    const folders = controlFolders().map((folder) => basename(folder))
    assert.deepEqual(controls.map((control) => control.name).toSorted(), folders.toSorted())
  })

  test('stands in the order of the stages', () => {
    const places = controls.map((control) => STAGES.indexOf(control.stage))
    assertNone(
      controls
        .filter((_, index) => (places[index] ?? 0) < (places[index - 1] ?? 0))
        .map((control) => `${control.name} (${control.stage}) stands after a later stage`),
    )
  })

  test('has a reason in the README of every control that passes on a fault', () => {
    const passing = controls.filter((control) => control.onFault === 'pass')
    const readme = (name: string): string => readFileSync(join(CONTROLS, name, 'README.md'), 'utf8')
    assertNone(
      passing
        .filter((control) => !readme(control.name).includes('fault'))
        .map((control) => `${control.name} passes on a fault and does not say why`),
    )
  })
})
