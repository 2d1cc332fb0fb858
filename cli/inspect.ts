import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { systemClock } from '../src/base/clock.ts'
import { ConfigError } from '../src/base/config-error.ts'
import type { ConfigFault } from '../src/base/config-error.ts'
import { GivenTls } from '../src/edges/tls/given.ts'
import { compileApis } from '../src/gateway/build-plan.ts'
import type { BuiltPlan } from '../src/gateway/build-plan.ts'
import { FactServices } from '../src/gateway/fact-services.ts'
import type { LoadedConfig } from '../src/gateway/config/load-config.ts'
import { readSource } from '../src/gateway/config/source.ts'
import { valueAt } from '../src/gateway/config/paths.ts'
import type { PolicyMoment } from '../src/gateway/config/policy-for.ts'
import { loadApis } from '../src/gateway/load-apis.ts'
import type { DocumentSettings, LoadedApi } from '../src/gateway/load-apis.ts'
import { collectFaults } from '../src/gateway/plan.ts'
import { openServices, openTokens } from '../src/gateway/services.ts'
import { openSecrets } from '../src/store/secrets-file.ts'
import { placeFaults } from './document-places.ts'
import { configFile, loadFromFlags } from './load.ts'
import type { ConfigOptions } from './load.ts'
import { storedRelations } from './stored-relations.ts'

/** A configuration and its documents, compiled as `serve` would, without a file made or a port opened. */
export interface Inspection {
  /** Every fault found, with its place; empty when `serve` would start. */
  readonly faults: readonly ConfigFault[]
  /** `undefined` where the configuration itself has faults. */
  readonly loaded: LoadedConfig | undefined
  /** The documents that load. */
  readonly apis: readonly LoadedApi[]
  /** Absolute paths of the root documents. */
  readonly documents: readonly string[]
  /** `undefined` where anything has faults. */
  readonly built: BuiltPlan | undefined
  /** What it was compiled for. */
  readonly moment: PolicyMoment
}

/** What an inspection may be told. */
export interface InspectOptions {
  /** Operations that left the profile, as `API:OPERATION`. */
  readonly graduated?: ReadonlySet<string>
}

/** Looks at everything that the flags name. Faults are the result, not an error. */
export async function inspect(
  flags: ConfigOptions,
  options: InspectOptions = {},
): Promise<Inspection> {
  const faults: ConfigFault[] = []
  const loaded = await collectLater(faults, () => loadFromFlags(flags))
  const placed = faults.splice(0)
  const settings = loaded?.settings.apis ?? (await documentsOf(flags))
  const apis = settings.flatMap((api) => collectFaults(faults, () => loadApis([api])) ?? [])
  const moment = {
    nowMs: systemClock.nowMs(),
    graduated: options.graduated ?? new Set<string>(),
    certificateNames: loaded === undefined ? [] : certificateNames(loaded, faults),
  }
  const built =
    loaded === undefined || apis.length < settings.length
      ? undefined
      : collectFaults(faults, () => compile(loaded, apis, moment))
  const documents = settings.map(({ openapi }) => openapi)
  const found = faults.map((fault) => loaded?.placeFault(fault) ?? fault)
  return {
    faults: [...placed, ...placeFaults(found, documents)],
    loaded,
    apis,
    documents,
    built,
    moment,
  }
}

/** As `inspect`, for commands that need a plan. Rejects with `ConfigError`. */
export async function inspectWhole(
  flags: ConfigOptions,
  options: InspectOptions = {},
): Promise<Inspection & { readonly loaded: LoadedConfig; readonly built: BuiltPlan }> {
  const inspection = await inspect(flags, options)
  const { loaded, built, faults } = inspection
  if (loaded === undefined || built === undefined || faults.length > 0)
    throw new ConfigError(faults)
  return { ...inspection, loaded, built }
}

async function collectLater<T>(
  faults: ConfigFault[],
  make: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await make()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    faults.push(...error.faults)
    return undefined
  }
}

function compile(
  loaded: LoadedConfig,
  apis: readonly LoadedApi[],
  moment: PolicyMoment,
): BuiltPlan {
  const { settings } = loaded
  return compileApis(loaded, apis, {
    services: {
      ...openServices({ ...settings, store: { kind: 'memory' } }, systemClock),
      facts: new FactServices(storedRelations(settings.store)),
    },
    tokens: openTokens(settings, () => undefined),
    clock: systemClock,
    moment,
  })
}

/** Names of the given certificate; what is wrong with it, or with the secrets file, is a fault. */
function certificateNames({ settings }: LoadedConfig, faults: ConfigFault[]): readonly string[] {
  const { store, secretsFile, secretsKeys, listen } = settings
  if (store.kind !== 'memory' && existsSync(secretsFile))
    collectFaults(faults, () => openSecrets(secretsFile, secretsKeys))
  const { tls } = listen
  if (listen.https === undefined || tls.kind !== 'given') return []
  const min = tls.minVersion === 'TLSv1.3' ? '1.3' : '1.2'
  const pem = { cert: tls.cert, key: tls.key.reveal() }
  const given = collectFaults(faults, () => new GivenTls(pem, min, systemClock.nowMs()))
  return given?.facts.names ?? []
}

/** The documents that a configuration with faults names, as far as it can be read: theirs belong to one report. */
async function documentsOf(flags: ConfigOptions): Promise<readonly DocumentSettings[]> {
  if (flags.openapi !== undefined) return existing({ openapi: flags.openapi }, 'api', '.')
  const file = configFile(flags)
  if (file === undefined) return []
  const source = await collectLater([], () => readSource(resolve(file), file))
  const folder = dirname(resolve(file))
  const { data } = source ?? {}
  const apis = valueAt(data, ['apis'])
  const named = typeof apis === 'object' && apis !== null ? Object.entries(apis) : []
  return [['api', data] as const, ...named].flatMap(([name, api]) => existing(api, name, folder))
}

function existing(api: unknown, name: string, folder: string): readonly DocumentSettings[] {
  const openapi = valueAt(api, ['openapi'])
  const list: unknown = valueAt(api, ['overlays'])
  const written = Array.isArray(list) ? list : []
  const overlays = written.filter((one) => typeof one === 'string')
  if (typeof openapi !== 'string' || overlays.length < written.length) return []
  const path = resolve(folder, openapi)
  const paths = overlays.map((overlay) => resolve(folder, overlay))
  if (![path, ...paths].every((one) => existsSync(one))) return []
  return [{ name, openapi: path, overlays: paths }]
}
