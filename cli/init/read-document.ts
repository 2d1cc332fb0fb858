import { existsSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'
import { ConfigError } from '../../src/base/config-error.ts'
import type { ConfigFault } from '../../src/base/config-error.ts'
import { loadApis } from '../../src/gateway/load-apis.ts'
import { collectFaults } from '../../src/gateway/plan.ts'
import type { ApiModel } from '../../src/openapi/model.ts'
import { placeFaults } from '../document-places.ts'
import { CommandError } from '../failure.ts'

/** Loads a document for a configuration that is yet to be written. Throws `CommandError`, `ConfigError`. */
export function readModel(openapi: string): ApiModel {
  const path = resolve(openapi)
  if (!existsSync(path)) throw new CommandError(`${openapi}: there is no such file`)
  const faults: ConfigFault[] = []
  const apis = collectFaults(faults, () => loadApis([{ name: 'api', openapi: path, overlays: [] }]))
  const model = apis?.[0]?.runtime.model
  if (model === undefined) throw new ConfigError(placeFaults(faults, [path]))
  return model
}

/** As a configuration in `folder` names a file. */
export function relativeTo(folder: string, file: string): string {
  const path = relative(folder, resolve(file)).split(sep).join('/')
  return path.startsWith('.') ? path : `./${path}`
}
