/** What a room of `src/` may import from another: everything, or only types. */
export type Access = 'values' | 'types'

const LAYERS_0_TO_4 = {
  base: 'values',
  http: 'values',
  store: 'values',
  openapi: 'values',
  waf: 'values',
  identity: 'values',
  pipeline: 'values',
  controls: 'values',
  telemetry: 'values',
} as const

/** The import table of the house: room -> rooms it may import. Whatever is not named is refused. */
export const ROOMS: Readonly<Record<string, Readonly<Record<string, Access>>>> = {
  base: {},
  http: { base: 'values' },
  store: { base: 'values' },
  openapi: { base: 'values', http: 'values' },
  waf: { base: 'values', http: 'values' },
  identity: { base: 'values', http: 'values', store: 'values' },
  pipeline: { base: 'values', http: 'values', openapi: 'types', identity: 'types' },
  controls: {
    base: 'values',
    http: 'values',
    store: 'values',
    openapi: 'values',
    waf: 'values',
    identity: 'values',
    pipeline: 'values',
  },
  telemetry: { pipeline: 'values', store: 'values', http: 'values', base: 'values' },
  gateway: LAYERS_0_TO_4,
  edges: { gateway: 'values', pipeline: 'values', http: 'values', base: 'values' },
  admin: {
    gateway: 'values',
    identity: 'values',
    openapi: 'values',
    telemetry: 'values',
    store: 'values',
    http: 'values',
    base: 'values',
  },
}

/** One import that the table refuses, allowed for a written reason. */
export interface ImportException {
  readonly from: string
  readonly to: string
  readonly names: readonly string[]
  readonly why: string
}

/** The list is checked both ways: an entry that no file needs any more fails the test. */
export const IMPORT_EXCEPTIONS: readonly ImportException[] = [
  {
    from: 'src/pipeline/exchange.ts',
    to: 'src/identity/principal.ts',
    names: ['ANONYMOUS'],
    why: 'an exchange starts with the principal that has no rights, so that a forgotten check denies',
  },
]

/** Rooms whose business is opening what they were given a path or an address for. */
export const ROOMS_WITH_FILES: ReadonlySet<string> = new Set([
  'store',
  'telemetry',
  'gateway',
  'edges',
  'admin',
])

/** Single files of other rooms that may import `node:fs`, with the reason. */
export const FILES_WITH_FILES: Readonly<Record<string, string>> = {
  'src/openapi/jailed-read.ts': 'it is the jail: the reader that the rest of the room is handed',
  'src/identity/tokens/key-source.ts': 'an adapter that opens the key set whose path it is given',
}

/** Rooms that may read `process.env`; `cli/` may as well. */
export const ROOMS_WITH_ENVIRONMENT: ReadonlySet<string> = new Set(['gateway'])

export const MAX_FILE_LINES = 400
export const MAX_FUNCTION_LINES = 50
export const MAX_README_CHARS = 200

/** Files and functions longer than the limit because they are tables of data, with the reason. */
export const TABLES_OF_DATA: Readonly<Record<string, string>> = {}

/** What every folder of `src/controls/` holds, besides at least one test. */
export const CONTROL_FILES: readonly string[] = ['control.ts', 'config.ts', 'proof.ts', 'README.md']
