import { createHash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import type { ConfigFault } from '../../base/config-error.ts'
import { ConfigError } from '../../base/config-error.ts'
import { auditSettings } from './audit.ts'
import { checkInput } from './check-input.ts'
import type { SallyportConfig } from './input.ts'
import { parsePath } from './paths.ts'
import type { PathFault } from './report.ts'
import { Report, toConfigFault } from './report.ts'
import { Resolver } from './resolve/resolver.ts'
import { resolveSettings } from './resolve/settings.ts'
import type { Settings } from './settings.ts'
import type { ConfigSource } from './source.ts'
import { readSource } from './source.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** A configuration that was read and found free of faults. */
export interface LoadedConfig {
  readonly settings: Settings
  /** Absolute path; `undefined` when everything came from flags. */
  readonly file: string | undefined
  /** SHA-256 of the text, hexadecimal: the version in logs. */
  readonly hash: string
  /** Absolute paths of everything whose change asks for a reload: the file, documents, overlays, certificates, keys. */
  readonly files: readonly string[]
  /** What weakens the protection, told at every start: relaxations (also ended ones), plain HTTP, modes. */
  audit(nowMs: number): readonly ConfigFault[]
  /** What was written, before it was resolved: references are still references. */
  readonly input: unknown
  /** Of a configuration that was held: for each API the texts of its documents, in place of what stands on the disk. */
  readonly texts?: readonly ReadonlyMap<string, string>[]
  /** Adds file, line and column to a fault that another room found, by its `path`. */
  placeFault(fault: ConfigFault): ConfigFault
}

interface Where {
  readonly file: string | undefined
  readonly folder: string
  readonly env: Environment
  /** Absolute paths of files that need not be there. */
  readonly held?: ReadonlySet<string>
}

function load(source: ConfigSource, where: Where): LoadedConfig {
  const report = new Report()
  const { held = new Set() } = where
  const resolver = new Resolver(where.folder, where.env, { report, held })
  const input = checkInput(source.data, report)
  const settings = resolveSettings(input, resolver)
  const place = (fault: PathFault): ConfigFault =>
    toConfigFault(fault, source.locate(fault.at, fault.isKey))
  const faults = report.faults.map(place)
  if (source.faults.length + faults.length > 0) {
    throw new ConfigError(inFileOrder([...source.faults, ...faults]))
  }
  return {
    settings,
    input: source.data,
    file: where.file,
    hash: source.hash,
    files: [...(where.file === undefined ? [] : [where.file]), ...resolver.files],
    audit: (nowMs) => auditSettings(settings, nowMs).map(place),
    placeFault: (fault) => {
      const at = fault.file === undefined ? parsePath(fault.path) : undefined
      return at === undefined ? fault : { ...fault, ...source.locate(at) }
    },
  }
}

/** By line, so that a person reads them from the top; those without a line come last. */
function inFileOrder(faults: readonly ConfigFault[]): readonly ConfigFault[] {
  const line = (fault: ConfigFault): number => fault.line ?? Infinity
  return faults.toSorted((a, b) => (line(a) === line(b) ? 0 : line(a) - line(b)))
}

/**
 * Reads a configuration file (YAML, JSON, or a TypeScript or JavaScript module) into settings.
 * Relative paths in it start at its folder; `env` answers `env:` references.
 * Throws `ConfigError` with every fault found, each with file, line and column (YAML), path and cure.
 */
export async function loadConfig(file: string, env: Environment): Promise<LoadedConfig> {
  const path = resolve(file)
  const source = await readSource(path, file)
  return load(source, { file: path, folder: dirname(path), env })
}

/** What `serve` can be told without a file. */
export interface ConfigFlags {
  readonly openapi: string
  readonly upstream: string
  /** Where relative paths start; the working directory unless said. */
  readonly cwd?: string
}

/**
 * Settings for `serve --openapi F --upstream URL`, without a file.
 * Throws `ConfigError` with every fault found.
 */
export function configFromFlags(flags: ConfigFlags): LoadedConfig {
  const data: SallyportConfig = { openapi: flags.openapi, upstream: flags.upstream }
  const hash = createHash('sha256').update(JSON.stringify(data)).digest('hex')
  const source: ConfigSource = { data, hash, faults: [], locate: () => ({}) }
  return load(source, { file: undefined, folder: resolve(flags.cwd ?? '.'), env: {} })
}

/** A configuration as it was read before. */
export interface HeldParts {
  /** `LoadedConfig.input`. */
  readonly input: unknown
  /** `LoadedConfig.file`, absolute. */
  readonly file: string
  readonly hash: string
  /** `LoadedConfig.texts`. */
  readonly texts: readonly ReadonlyMap<string, string>[]
}

/**
 * Settings of a configuration that was held, whatever stands in its file and its documents now. What it refers to
 * (`env:`, `file:`, lists) is read anew. Throws `ConfigError` with every fault found.
 */
export function configFromHeld(
  { input, file, hash, texts }: HeldParts,
  env: Environment,
): LoadedConfig {
  const source: ConfigSource = { data: input, hash, faults: [], locate: () => ({ file }) }
  const held = new Set(texts.flatMap((files) => [...files.keys()]))
  return { ...load(source, { file, folder: dirname(file), env, held }), texts }
}
