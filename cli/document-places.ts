import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { ConfigFault } from '../src/base/config-error.ts'
import { locateAll } from '../src/openapi/load/locate.ts'
import { fileOfUri } from '../src/openapi/load/references.ts'
import type { SourceRef } from '../src/openapi/model.ts'

/** Where something stands, as a person opens it: the file from the working directory, one-based line and column. */
export interface FilePlace {
  readonly file: string
  readonly line?: number
  readonly column?: number
}

/** Pointers looked for in one file; each costs a walk through its text. Further ones get no line. */
const MAX_LOCATED = 300

/**
 * The places of what a document says, in the order given. `documents`: absolute paths of root documents; names of files
 * in `sources` start at the folder of one of them.
 */
export function placesOf(
  sources: readonly SourceRef[],
  documents: readonly string[],
): readonly FilePlace[] {
  const places: FilePlace[] = sources.map(({ file }) => ({ file: shownFile(file, documents) }))
  const byFile = Map.groupBy([...sources.keys()], (index) => sources[index]?.file ?? '')
  for (const [name, indexes] of byFile) {
    const path = fileOf(name, documents)
    if (path === undefined) continue
    const some = indexes.slice(0, MAX_LOCATED)
    const pointers = some.map((index) => sources[index]?.pointer ?? '')
    for (const [at, found] of locateAll(readFileSync(path, 'utf8'), pointers).entries()) {
      const index = some[at]
      if (index !== undefined) places[index] = { ...places[index], ...found } as FilePlace
    }
  }
  return places
}

/** Faults about documents with line and column, and files as seen from the working directory; others as they are. */
export function placeFaults(
  faults: readonly ConfigFault[],
  documents: readonly string[],
): readonly ConfigFault[] {
  const open = faults.filter((fault) => fault.file !== undefined && fault.line === undefined)
  const places = placesOf(
    open.map(({ file = '', path }) => ({ file, pointer: path })),
    documents,
  )
  return faults.map((fault) => {
    const index = open.indexOf(fault)
    if (index >= 0) return { ...fault, ...places[index] }
    return fault.file === undefined ? fault : { ...fault, file: shownFile(fault.file, documents) }
  })
}

/** Findings about schemas name files by URI, those of the loader by path. */
function fileOf(source: string, documents: readonly string[]): string | undefined {
  if (source === '') return undefined
  const name = fileOfUri(source) ?? source
  return documents.map((root) => join(dirname(root), name)).find((path) => existsSync(path))
}

function shownFile(name: string, documents: readonly string[]): string {
  const path = fileOf(name, documents)
  return path === undefined ? name : relative('.', path)
}
