import { ConfigError } from '../src/base/config-error.ts'
import type { LoadedConfig } from '../src/gateway/config/load-config.ts'

/** What a process of several does. */
export type Role = 'edge' | 'control'

/** Reads `--role`. Throws `ConfigError`. */
export function parseRole(text: string | undefined): Role | undefined {
  if (text === undefined || text === 'edge' || text === 'control') return text
  throw new ConfigError({
    path: '--role',
    message: `${JSON.stringify(text.slice(0, 40))} is no role`,
    cure: 'edge or control; without it, one process does both',
  })
}

/** A configuration as a process in a role has it: an edge only reads the store. Throws `ConfigError`. */
export function inRole(loaded: LoadedConfig, role: Role | undefined): LoadedConfig {
  if (role === undefined) return loaded
  const { store } = loaded.settings
  if (store.kind === 'memory') {
    throw new ConfigError({
      path: 'store',
      message: `store: memory is of one process alone, and a key that ${role === 'edge' ? 'another' : 'this'} process makes would be lost with it`,
      cure: 'write postgres://…, or sqlite:… where all processes are on one machine',
    })
  }
  if (role === 'control') return loaded
  return { ...loaded, settings: { ...loaded.settings, store: { ...store, isReadOnly: true } } }
}
