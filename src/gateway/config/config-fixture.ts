import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ConfigFault } from '../../base/config-error.ts'
import { ConfigError } from '../../base/config-error.ts'
import type { LoadedConfig } from './load-config.ts'
import { loadConfig } from './load-config.ts'
import type { Settings } from './settings.ts'

/** A folder for one test, with the files given; removed when the test ends. */
export function makeFolder(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sp-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    chmodSync(file, 0o644)
  }
  return folder
}

/** Files that configurations of tests refer to. */
export const DOCUMENT = { 'openapi.yaml': 'openapi: 3.1.0\n' }

/** The two lines that every configuration needs. */
export const MINIMAL = 'openapi: ./openapi.yaml\nupstream: http://127.0.0.1:3000\n'

/** What to load, beside the two lines. */
export interface FixtureOptions {
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

/** Loads a YAML text as `sallyport.yaml`. */
export function loadText(
  t: TestContext,
  text: string,
  { files = {}, env = {} }: FixtureOptions = {},
): Promise<LoadedConfig> {
  const folder = makeFolder(t, { ...DOCUMENT, ...files, 'sallyport.yaml': text })
  return loadConfig(join(folder, 'sallyport.yaml'), env)
}

/** The settings of a YAML text that follows the two lines. */
export async function settingsOf(
  t: TestContext,
  text: string,
  options: FixtureOptions = {},
): Promise<Settings> {
  return (await loadText(t, MINIMAL + text, options)).settings
}

/** Every fault of a YAML text; none when it loads. */
export async function faultsOf(
  t: TestContext,
  text: string,
  options: FixtureOptions = {},
): Promise<readonly ConfigFault[]> {
  try {
    await loadText(t, text, options)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}
