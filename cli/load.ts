import { existsSync } from 'node:fs'
import { ConfigError } from '../src/base/config-error.ts'
import { configFromFlags, loadConfig } from '../src/gateway/config/load-config.ts'
import type { LoadedConfig } from '../src/gateway/config/load-config.ts'

/** The flags by which every command finds its configuration. */
export interface ConfigOptions {
  readonly config?: string
  readonly openapi?: string
  readonly upstream?: string
}

const DEFAULT_FILES = [
  'sallyport.yaml',
  'sallyport.yml',
  'sallyport.config.ts',
  'sallyport.config.js',
]

/** Reads the configuration that the flags name. Throws `ConfigError`, also where there is none. */
export async function loadFromFlags(options: ConfigOptions): Promise<LoadedConfig> {
  const { openapi, upstream } = options
  if (options.config !== undefined && (openapi ?? upstream) !== undefined) {
    throw new ConfigError({
      path: '',
      message: '-c names a file, --openapi and --upstream do without one',
      cure: 'give the file, or the two flags',
    })
  }
  if (openapi !== undefined && upstream !== undefined) return configFromFlags({ openapi, upstream })
  if (openapi !== undefined || upstream !== undefined) {
    throw new ConfigError({
      path: '',
      message: '--openapi and --upstream go together',
      cure: 'give both, or neither and a file',
    })
  }
  const file = configFile(options)
  if (file === undefined) {
    throw new ConfigError({
      path: '',
      message: 'there is no sallyport.yaml here',
      cure: 'write one with: sallyport init openapi.yaml --upstream URL, or name one with -c FILE',
    })
  }
  return loadConfig(file, process.env)
}

/** The file that the flags name, or the one of a usual name that stands here; `undefined` where there is none. */
export function configFile(options: ConfigOptions): string | undefined {
  return options.config ?? DEFAULT_FILES.find((name) => existsSync(name))
}
