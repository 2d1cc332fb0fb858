import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ConfigFault } from '../../base/config-error.ts'
import { ConfigError } from '../../base/config-error.ts'
import type { ConfigPath } from './paths.ts'
import type { Place } from './report.ts'
import { readYaml } from './yaml-source.ts'

/** What the file says, before anything is checked. */
export interface ConfigSource {
  readonly data: unknown
  /** SHA-256 of the text, hexadecimal. */
  readonly hash: string
  /** Faults that do not keep the rest from being checked, such as duplicate keys. */
  readonly faults: readonly ConfigFault[]
  /** Where a value, its key, or what comes nearest to it stands. */
  locate(path: ConfigPath, isKey?: boolean): Place
}

const MAX_CONFIG_BYTES = 4 * 1024 * 1024
const CODE = new Set(['.ts', '.mts', '.js', '.mjs'])
const DATA = new Set(['.yaml', '.yml', '.json'])

function refuse(file: string, message: string, cure: string): never {
  throw new ConfigError({ path: '', message, cure, file })
}

/** Refuses a file that others may write: whoever writes it owns the gateway [ADM-04]. */
async function checkFile(path: string, file: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) {
    return refuse(file, 'not found', 'sallyport init writes one; -c FILE names another')
  }
  if (!found.isFile()) return refuse(file, 'is not a file', 'name the file itself')
  if (found.size > MAX_CONFIG_BYTES) return refuse(file, 'is larger than 4 MB', 'split it')
  if (process.platform !== 'win32' && (found.mode & 0o022) !== 0) {
    return refuse(file, 'may be written by others', `chmod go-w ${file}`)
  }
}

/** Runs a TypeScript or JavaScript configuration; the hash in the URL makes a changed file a new module. */
async function readCode(path: string, file: string, hash: string): Promise<unknown> {
  try {
    const loaded = (await import(`${pathToFileURL(path).href}?v=${hash}`)) as { default?: unknown }
    // Copied, so that nothing in the operator's module can change it after the check.
    return structuredClone(await loaded.default)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new ConfigError({ path: '', message: `cannot be loaded: ${message}`, file })
  }
}

/**
 * Reads a configuration file: YAML or JSON by `.yaml`, `.yml`, `.json`; a module's default export by `.ts`, `.mts`, `.js`, `.mjs`.
 * `path` is absolute, `file` is how the operator named it: faults say that.
 * Throws `ConfigError` when it is missing, larger than 4 MB, writable by others, or no such file.
 */
export async function readSource(path: string, file: string): Promise<ConfigSource> {
  const extension = extname(file).toLowerCase()
  if (!CODE.has(extension) && !DATA.has(extension)) {
    return refuse(file, 'is neither YAML nor TypeScript', 'name it .yaml, .yml, .json or .ts')
  }
  await checkFile(path, file)
  const text = await readFile(path, 'utf8')
  const hash = createHash('sha256').update(text).digest('hex')
  if (DATA.has(extension)) return { hash, ...readYaml(text, file) }
  const data = await readCode(path, file, hash)
  if (data === undefined) {
    return refuse(file, 'has no default export', 'export default defineConfig({ … })')
  }
  return { hash, data, faults: [], locate: () => ({ file }) }
}
