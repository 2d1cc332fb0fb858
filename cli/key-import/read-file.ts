import { readFileSync, statSync } from 'node:fs'
import { extname, relative } from 'node:path'
import { ConfigError } from '../../src/base/config-error.ts'
import { readYaml } from '../../src/gateway/config/yaml-source.ts'
import type { YamlSource } from '../../src/gateway/config/yaml-source.ts'
import { CommandError } from '../failure.ts'
import { readKongFile } from '../kong/kong-file.ts'
import { kongKeys } from '../kong/kong-keys.ts'
import { readCsv } from './csv.ts'
import type { FileKey } from './entry.ts'

/** Largest file that is read. */
const MAX_FILE_BYTES = 16 * 1024 * 1024

/** The keys of a file, and what of it is none. */
export interface KeysFile {
  readonly keys: readonly FileKey[]
  /** What a person must do by hand. */
  readonly notes: readonly string[]
}

const FORMS = '.csv, .jsonl, .ndjson, .json, or .yaml and .yml of Kong (decK)'

/** Reads the keys of a file by its extension. Throws `ConfigError`, `CommandError`; no message shows what it holds. */
export function readKeysFile(path: string): KeysFile {
  const { size } = statSync(path)
  if (size > MAX_FILE_BYTES)
    throw new CommandError(`${path} is larger than 16 MB`, 'split it: up to 10000 keys at once')
  const text = readFileSync(path, 'utf8')
  const file = relative('.', path)
  switch (extname(path).toLowerCase()) {
    case '.csv':
      return { keys: csvKeys(text, file), notes: [] }
    case '.jsonl':
    case '.ndjson':
      return { keys: lineKeys(text, file), notes: [] }
    case '.json':
    case '.yaml':
    case '.yml':
      return structuredKeys(text, file)
    default:
      throw new CommandError(`${file}: nobody knows the form of this file`, FORMS)
  }
}

function csvKeys(text: string, file: string): readonly FileKey[] {
  const [head, ...records] = readCsv(text, file)
  if (head === undefined)
    throw new ConfigError({ path: '', message: 'there is no line with the names of columns', file })
  const names = head.cells.map((name) => name.trim())
  return records.map(({ line, cells }) => {
    if (cells.length !== names.length)
      throw new ConfigError({
        path: '',
        message: `has ${cells.length} cells, and there are ${names.length} columns`,
        file,
        line,
      })
    return { line, values: new Map(names.map((name, i) => [name, cells[i]?.trim() ?? ''])) }
  })
}

function lineKeys(text: string, file: string): readonly FileKey[] {
  return text.split(/\r?\n/).flatMap((written, index) => {
    if (written.trim() === '') return []
    const line = index + 1
    const { data } = readPlaced(written, file, line)
    return [{ line, values: valuesOf(data, file, line) }]
  })
}

/** Its message could show a piece of the text, and so a piece of a key. */
function readPlaced(text: string, file: string, line: number): YamlSource {
  try {
    if (line > 0) JSON.parse(text)
    const source = readYaml(text, file)
    if (source.faults.length === 0) return source
  } catch {
    // Told below, without the text.
  }
  const place = line > 0 ? { file, line } : { file, ...placeOf(text, file) }
  throw new ConfigError({
    path: '',
    message: 'cannot be read: a name twice, or wrong syntax',
    ...place,
  })
}

function placeOf(text: string, file: string): { readonly line?: number } {
  try {
    const line = readYaml(text, file).faults[0]?.line
    return line === undefined ? {} : { line }
  } catch (error) {
    const line = error instanceof ConfigError ? error.faults[0]?.line : undefined
    return line === undefined ? {} : { line }
  }
}

function structuredKeys(text: string, file: string): KeysFile {
  const source = readPlaced(text, file, 0)
  const { data } = source
  const lineOf = (path: readonly (string | number)[]): number => source.locate(path).line ?? 1
  if (Array.isArray(data)) return listed(data, [], { file, lineOf })
  const fields = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>
  const { keys } = fields
  if (Array.isArray(keys)) return listed(keys, ['keys'], { file, lineOf })
  if ('_format_version' in fields || 'consumers' in fields || 'keyauth_credentials' in fields)
    return kongKeys(readKongFile(source, file))
  const path = krakendPath(fields)
  if (path !== undefined) return krakendKeys(path, fields, { file, lineOf })
  throw new CommandError(
    `${file}: there are no keys in it`,
    'a list of objects, one under "keys", a file of Kong (decK) or one of KrakenD',
  )
}

interface Place {
  readonly file: string
  readonly lineOf: (path: readonly (string | number)[]) => number
}

function listed(
  list: readonly unknown[],
  path: readonly string[],
  { file, lineOf }: Place,
): KeysFile {
  const keys = list.map((item, index): FileKey => {
    const line = lineOf([...path, index])
    return { line, values: valuesOf(item, file, line) }
  })
  return { keys, notes: [] }
}

function valuesOf(item: unknown, file: string, line: number): ReadonlyMap<string, unknown> {
  if (typeof item === 'object' && item !== null && !Array.isArray(item))
    return new Map(Object.entries(item))
  throw new ConfigError({ path: '', message: 'a key must be an object', file, line })
}

const KRAKEND = 'auth/api-keys'

function krakendPath(fields: Record<string, unknown>): readonly string[] | undefined {
  const config = fields['extra_config']
  const isThere = typeof config === 'object' && config !== null && KRAKEND in config
  return isThere ? ['extra_config', KRAKEND, 'keys'] : undefined
}

/** `{ key, roles, "@description" }`; plain unless `hash` says otherwise. */
function krakendKeys(
  path: readonly string[],
  fields: Record<string, unknown>,
  place: Place,
): KeysFile {
  const config = fields['extra_config'] as Record<string, Record<string, unknown>>
  const { keys, hash = 'plain' } = config[KRAKEND] ?? {}
  const { keys: found } = listed(Array.isArray(keys) ? keys : [], path, place)
  const named = found.map(({ line, values }): FileKey => {
    const renamed = [...values].map(([name, value]) => [nameOf(name, hash), value] as const)
    const algorithm = hash === 'plain' ? [] : [['algorithm', hash] as const]
    return { line, values: new Map<string, unknown>([...renamed, ...algorithm]) }
  })
  return { keys: named, notes: [] }
}

function nameOf(name: string, hash: unknown): string {
  if (name === 'key' && hash !== 'plain') return 'sha256'
  return name === '@description' ? 'name' : name
}
