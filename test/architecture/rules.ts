import {
  FILES_WITH_FILES,
  IMPORT_EXCEPTIONS,
  MAX_FILE_LINES,
  MAX_FUNCTION_LINES,
  ROOMS,
  ROOMS_WITH_ENVIRONMENT,
  ROOMS_WITH_FILES,
  TABLES_OF_DATA,
} from './house.ts'
import type { ImportException } from './house.ts'
import type { Import, Source } from './sources.ts'

/** The room of a file; `undefined` outside `src/` and for the package's entry points directly in it. */
function roomOf(path: string): string | undefined {
  const [top, room, ...rest] = path.split('/')
  return top === 'src' && rest.length > 0 ? room : undefined
}

/** Whether a file is a test or serves only tests. */
export function isTestFile(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('test/') || path.includes('/testing/')
}

/** Imports that the table of rooms refuses. */
export function importFaults(sources: readonly Source[]): string[] {
  return sources.flatMap((source) =>
    source.imports.flatMap((imported) => {
      const fault = importFault(source.path, imported)
      return fault === undefined ? [] : [`${source.path}:${imported.line} ${fault}`]
    }),
  )
}

function importFault(path: string, imported: Import): string | undefined {
  const from = roomOf(path)
  if (from === undefined || imported.target === undefined) return undefined
  const table = ROOMS[from]
  if (table === undefined) return `is in the room ${from}, which the table does not know`
  const to = roomOf(imported.target)
  if (to === from) return undefined
  if (to === undefined) {
    return isTestFile(path) ? undefined : `imports ${imported.target}, which is in no room`
  }
  const access = table[to]
  if (access === 'values' || (access === 'types' && imported.isType)) return undefined
  if (exceptionFor(path, imported) !== undefined) return undefined
  return access === 'types'
    ? `may import only types of ${to}, not ${imported.names.join(', ')}`
    : `may not import ${to} (${imported.target})`
}

function exceptionFor(path: string, imported: Import): ImportException | undefined {
  return IMPORT_EXCEPTIONS.find(
    (entry) =>
      entry.from === path &&
      entry.to === imported.target &&
      imported.names.every((name) => entry.names.includes(name)),
  )
}

/** Exceptions that nothing uses any more. */
export function staleExceptions(sources: readonly Source[]): string[] {
  const files = Object.keys(FILES_WITH_FILES).filter(
    (path) => !sources.some((source) => source.path === path && opensFiles(source).length > 0),
  )
  const tables = Object.keys(TABLES_OF_DATA).filter(
    (path) => !sources.some((source) => source.path === path),
  )
  const imports = IMPORT_EXCEPTIONS.filter(
    (entry) =>
      !sources.some((source) =>
        source.imports.some(
          (imported) => !imported.isType && exceptionFor(source.path, imported) === entry,
        ),
      ),
  ).map((entry) => `${entry.from} no longer imports ${entry.names.join(', ')} of ${entry.to}`)
  return [...imports, ...[...files, ...tables].map((path) => `${path} needs no exception`)]
}

function opensFiles(source: Source): readonly Import[] {
  return source.imports.filter((one) => /^(?:node:)?fs(?:\/|$)/.test(one.specifier))
}

/** Every file that imports itself by way of others, type imports counted, one line per circle. */
export function circles(sources: readonly Source[]): string[] {
  const targets = new Map(
    sources.map(({ path, imports }) => [path, imports.flatMap((one) => one.target ?? [])]),
  )
  const done = new Set<string>()
  const trail: string[] = []
  const found: string[] = []
  const walk = (path: string): void => {
    const start = trail.indexOf(path)
    if (start >= 0) found.push([...trail.slice(start), path].join(' -> '))
    if (start >= 0 || done.has(path)) return
    trail.push(path)
    for (const target of targets.get(path) ?? []) walk(target)
    trail.pop()
    done.add(path)
  }
  for (const path of targets.keys()) walk(path)
  return found
}

/** Reads of the environment, and of files, in rooms that are handed what they need. */
export function worldFaults(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => path.startsWith('src/') && !isTestFile(path))
    .flatMap((source) => {
      const room = roomOf(source.path) ?? ''
      const mayOpen = ROOMS_WITH_FILES.has(room) || source.path in FILES_WITH_FILES
      return [
        ...(ROOMS_WITH_ENVIRONMENT.has(room) ? [] : source.environment).map(
          (line) => `${source.path}:${line} reads the environment`,
        ),
        ...(mayOpen ? [] : opensFiles(source)).map(
          (one) => `${source.path}:${one.line} opens files itself`,
        ),
      ]
    })
}

/** Re-exports inside rooms: the reader of an import must see where a thing really is. */
export function barrelFaults(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => roomOf(path) !== undefined)
    .flatMap(({ path, reexports }) => reexports.map((line) => `${path}:${line} re-exports`))
}

/** Work on the world that begins when a file of `src/` is imported. */
export function importTimeFaults(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => path.startsWith('src/') && !isTestFile(path))
    .flatMap(({ path, importTimeWork }) =>
      importTimeWork.map(({ what, line }) => `${path}:${line} ${what} at import`),
    )
}

/** Files and functions that have grown past their limits; tests are free. */
export function sizeFaults(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => !isTestFile(path) && !(path in TABLES_OF_DATA))
    .flatMap(({ path, lines, functions }) => [
      ...(lines > MAX_FILE_LINES ? [`${path} has ${lines} lines`] : []),
      ...functions
        .filter((one) => one.lines > MAX_FUNCTION_LINES)
        .map((one) => `${path}:${one.line} ${one.name} has ${one.lines} lines`),
    ])
}
