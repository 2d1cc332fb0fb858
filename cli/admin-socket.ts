import { resolve } from 'node:path'
import { DEFAULTS } from '../src/gateway/config/defaults.ts'
import { configFile, loadFromFlags } from './load.ts'
import type { ConfigOptions } from './load.ts'

/** Where the gateway here is asked; one that was started with flags has its socket where the defaults say. */
export async function adminSocket(options: ConfigOptions): Promise<string> {
  const hasFlags = options.openapi !== undefined || options.upstream !== undefined
  if (!hasFlags && configFile(options) === undefined)
    return resolve(DEFAULTS.adminListen.slice('unix:'.length))
  return (await loadFromFlags(options)).settings.admin.socket
}
