import { dirname } from 'node:path'
import { ConfigError } from '../base/config-error.ts'
import type { ConfigFault } from '../base/config-error.ts'
import type { ApiRuntime } from '../controls/kit.ts'
import { createDecodeDeps } from '../openapi/decode/contract.ts'
import { createJailedRead, JailError } from '../openapi/jailed-read.ts'
import type { JailedRead } from '../openapi/jailed-read.ts'
import { loadApi } from '../openapi/load-api.ts'
import type { ApiModel, Finding } from '../openapi/model.ts'
import { SchemaCompiler } from '../openapi/schema/compiler.ts'
import type { LoadedConfig } from './config/load-config.ts'
import type { ApiSettings } from './config/settings.ts'

/** A loaded document with its compilers, and what they have to say about it. */
export interface LoadedApi {
  readonly runtime: ApiRuntime
  /** Grows while schemas are compiled. */
  readonly findings: Finding[]
  /** Absolute path -> text of every file that was read, so that other threads load the same. */
  readonly texts: ReadonlyMap<string, string>
}

/** The part of an API's settings that names its document. */
export type DocumentSettings = Pick<ApiSettings, 'name' | 'openapi' | 'overlays'>

/** How the files of an API are read. */
export type ReadOf = (api: DocumentSettings) => JailedRead

/** Loads the documents of a configuration. Throws `ConfigError` with the faults of all of them. */
export function loadApis(
  apis: readonly DocumentSettings[],
  readOf: ReadOf = fromDisk,
): LoadedApi[] {
  const faults: ConfigFault[] = []
  const loaded = apis.flatMap((api) => {
    try {
      return [loadOne(api, readOf)]
    } catch (error) {
      faults.push(...faultsOf(error, api))
      return []
    }
  })
  if (faults.length > 0) throw new ConfigError(faults)
  return loaded
}

/** How the documents of a configuration are read: from the disk, or from what was held of them. */
export function readsOf({ settings, texts }: Pick<LoadedConfig, 'settings' | 'texts'>): ReadOf {
  if (texts === undefined) return fromDisk
  return ({ name }) =>
    readFrom(texts[settings.apis.findIndex((api) => api.name === name)] ?? new Map())
}

const fromDisk: ReadOf = ({ openapi, overlays }) => createJailedRead(dirname(openapi), overlays)

/** Reads what was read before, by absolute path; anything else is as if it did not exist. */
function readFrom(texts: ReadonlyMap<string, string>): JailedRead {
  return (path) => {
    const text = texts.get(path)
    if (text === undefined) throw new JailError('not-found', 'the file was not read before')
    return text
  }
}

function loadOne(api: DocumentSettings, readOf: ReadOf): LoadedApi {
  const texts = new Map<string, string>()
  const jailed = readOf(api)
  const read: JailedRead = (path) => {
    const text = jailed(path)
    texts.set(path, text)
    return text
  }
  const { name, openapi: file, overlays } = api
  return { ...runtimeOf(loadApi({ name, file, overlays, read })), texts }
}

function faultsOf(error: unknown, api: DocumentSettings): readonly ConfigFault[] {
  if (error instanceof ConfigError) return error.faults
  if (error instanceof JailError) {
    return [
      {
        path: `apis.${api.name}.openapi`,
        message: error.message,
        cure: 'name a file that can be read',
      },
    ]
  }
  throw error
}

function runtimeOf(model: ApiModel): Omit<LoadedApi, 'texts'> {
  const findings: Finding[] = [...model.findings]
  const report = (finding: Finding): void => void findings.push(finding)
  const { registry } = model
  const request = { registry, direction: 'request', formats: true, report } as const
  const requestSchemas = new SchemaCompiler({ ...request, unknownFields: 'refuse' })
  const looseRequestSchemas = new SchemaCompiler({ ...request, unknownFields: 'allow' })
  const responseSchemas = new SchemaCompiler({
    registry,
    direction: 'response',
    formats: false,
    unknownFields: 'allow',
    report,
  })
  const decode = createDecodeDeps(model, requestSchemas)
  return {
    findings,
    runtime: { model, requestSchemas, looseRequestSchemas, responseSchemas, decode },
  }
}
