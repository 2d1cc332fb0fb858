import { resolve } from 'node:path'
import type { AdminClient, AdminReply } from '../src/admin/client.ts'
import { ConfigError } from '../src/base/config-error.ts'
import { DEFAULTS } from '../src/gateway/config/defaults.ts'
import { CommandError } from './failure.ts'
import { configFile, loadFromFlags } from './load.ts'
import type { ConfigOptions } from './load.ts'

/** Where the gateway here is asked; one that was started with flags has its socket where the defaults say. */
export async function adminSocket(options: ConfigOptions): Promise<string> {
  const hasFlags = options.openapi !== undefined || options.upstream !== undefined
  if (!hasFlags && configFile(options) === undefined)
    return resolve(DEFAULTS.adminListen.slice('unix:'.length))
  return (await loadFromFlags(options)).settings.admin.socket
}

/** Whether a gateway answers that runs this very configuration; another one would make keys for another store. */
export async function isOurs(
  client: AdminClient,
  settings: { readonly file: string | undefined },
): Promise<boolean> {
  try {
    const { status, body } = await client.request('/status')
    const file = (body as { readonly configFile?: unknown }).configFile
    return status === 200 && file === (settings.file ?? null)
  } catch {
    // No gateway, or one that does not let us in: then the store itself decides who may.
    return false
  }
}

/** The problem of the admin API as the error that its functions throw. */
export function refusal({ status, body }: AdminReply): Error {
  const { title, errors } = body as {
    readonly title?: string
    readonly errors?: readonly { readonly pointer: string; readonly detail: string }[]
  }
  if (errors === undefined || errors.length === 0)
    return new CommandError(`the gateway answered ${status}: ${title ?? 'no reason given'}`)
  return new ConfigError(
    errors.map(({ pointer, detail }) => ({
      path: pointer.slice(1).replace(/\/(\d+)$/, '[$1]'),
      message: detail,
    })),
  )
}
