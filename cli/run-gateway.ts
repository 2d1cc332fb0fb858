import { rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { formatFault } from '../src/base/config-error.ts'
import type { ConfigFault } from '../src/base/config-error.ts'
import { systemClock } from '../src/base/clock.ts'
import { startAdmin, startHealth } from '../src/admin/server.ts'
import type { RunningServer } from '../src/admin/server.ts'
import { readiness } from '../src/admin/target.ts'
import type { AdminStatus } from '../src/admin/target.ts'
import type { Dependency } from '../src/gateway/dependencies.ts'
import type { Listener } from '../src/edges/listener/listener.ts'
import { openAutoTls } from '../src/edges/tls/auto.ts'
import { GivenTls } from '../src/edges/tls/given.ts'
import type { PreparedPair } from '../src/edges/tls/given.ts'
import type { TlsContextSource } from '../src/edges/tls/context.ts'
import { Gateway } from '../src/gateway/gateway.ts'
import type { GatewayOptions, NextConfig } from '../src/gateway/gateway.ts'
import type { ReloadResult } from '../src/gateway/reload-notice.ts'
import { holdConfig } from '../src/gateway/held-config.ts'
import { StaleConfig } from '../src/gateway/stale-config.ts'
import { unlock } from '../src/gateway/unlock.ts'
import type { UnlockSubject } from '../src/identity/unlock-subject.ts'
import { grantNames } from '../src/gateway/grant-names.ts'
import type { LoadedConfig } from '../src/gateway/config/load-config.ts'
import type { Settings } from '../src/gateway/config/settings.ts'
import { watchFiles } from '../src/gateway/config/watch.ts'
import type { Omission } from '../src/pipeline/proof.ts'
import { openListener } from './open-listener.ts'
import type { Role } from './role.ts'
import { tuneEngine } from './tune-engine.ts'
import { VERSION } from './version.ts'
import { WorkerPool } from './workers/pool.ts'
import { SharedState } from './workers/shared-state.ts'

/** How a gateway process is run. */
export interface RunOptions {
  /** Reads the configuration again, for reloads. */
  readonly reload: () => Promise<LoadedConfig>
  /** Leaves one control out; only the process that proves it says so. */
  readonly omit?: Omission
  /** Follow files, serve the admin socket; a proof does neither. */
  readonly isAlone: boolean
  /** Other numbers for the profile `adopt` than the usual ones, for tests. */
  readonly adopt?: GatewayOptions['adopt']
  /** After how long a configuration that cannot be read anew is told of; a day unless said, for tests. */
  readonly staleMs?: number
  /** Where what comes into force is written down, for a start at which the configuration cannot be read. */
  readonly lastGood?: string
  /** The configuration is one that was held; what is wrong with the one that is written. */
  readonly held?: { readonly faults: readonly ConfigFault[]; readonly savedAtMs: number }
  /** Ports that overrule the configured ones: 0 for any. */
  readonly ports?: { readonly https?: number; readonly http?: number }
  /** `edge`: serves and changes nothing; `control`: is asked for changes and serves nothing; both unless said. */
  readonly role?: Role
  /** Serve with as many threads as the configuration says, instead of in this one. */
  readonly hasWorkers?: boolean
}

/** A gateway with its sockets open. */
export interface RunningGateway {
  readonly gateway: Gateway
  readonly httpsPort: number | undefined
  readonly httpPort: number | undefined
  /** Certificate authority a client must trust, when it is our own. */
  readonly caFile: string | undefined
  /** The threads that serve; `undefined` where this one does. */
  readonly workers: WorkerPool | undefined
  reload(): Promise<ReloadResult>
  close(): Promise<void>
}

const GRACE_MS = 10_000
/** Connections that wait for their next request may still send it for this long. */
const LINGER_MS = 500

interface Tls {
  readonly source: TlsContextSource
  readonly names: readonly string[]
  readonly expiresMs: number
  readonly caFile: string | undefined
  /** Checks what the next settings would serve. Throws `ConfigError`; changes nothing before `serve`. */
  prepare(settings: Settings): PreparedPair
  close(): void
}

/** Opens everything a configuration names. Throws `ConfigError`, or the system's error for a taken port. */
export async function runGateway(
  loaded: LoadedConfig,
  options: RunOptions,
): Promise<RunningGateway> {
  tuneEngine()
  const { settings } = loaded
  const tls = settings.listen.https === undefined ? undefined : openTls(loaded)
  const isControl = options.role === 'control'
  const threads = options.hasWorkers === true && !isControl ? threadsOf(settings) : 1
  const state = threads === 1 ? undefined : new SharedState()
  const gateway = await Gateway.start(loaded, {
    version: VERSION,
    certificateNames: tls?.names ?? [],
    ...(state === undefined ? {} : { shared: state.parts }),
    ...(options.adopt === undefined ? {} : { adopt: options.adopt }),
    ...(options.omit === undefined ? {} : { omit: options.omit }),
  })
  if (tls !== undefined) gateway.metrics.certificate('listen', tls.expiresMs)
  const process = new GatewayProcess({ gateway, tls, options, threads, state })
  try {
    await process.open()
  } catch (error) {
    await process.close()
    throw error
  }
  return process
}

function threadsOf({ workers }: Settings): number {
  return workers === 'auto' ? availableParallelism() : workers
}

function openTls(loaded: LoadedConfig): Tls {
  const { settings } = loaded
  const nowMs = systemClock.nowMs()
  const { tls } = settings.listen
  if (tls.kind === 'given') {
    const min = tls.minVersion === 'TLSv1.3' ? '1.3' : '1.2'
    const given = new GivenTls({ cert: tls.cert, key: tls.key.reveal() }, min, nowMs)
    return {
      source: given,
      names: given.facts.names,
      expiresMs: given.facts.expiresMs,
      caFile: undefined,
      prepare: (next) => prepareGiven(given, next),
      close: () => undefined,
    }
  }
  const auto = openAutoTls({
    folder: stateFolder(settings),
    names: settings.listen.hosts,
    min: '1.2',
    clock: systemClock,
  })
  const { names, expiresMs } = auto.facts
  return {
    source: auto,
    names,
    expiresMs,
    caFile: auto.caFile,
    prepare: () => ({ facts: auto.facts, serve: () => undefined }),
    close: () => auto.close(),
  }
}

/** Certificates the gateway makes itself stand beside the secrets it makes itself. */
function stateFolder(settings: Settings): string {
  return join(dirname(settings.secretsFile), '.sallyport')
}

function prepareGiven(given: GivenTls, { listen }: Settings): PreparedPair {
  if (listen.tls.kind !== 'given') return { facts: given.facts, serve: () => undefined }
  const min = listen.tls.minVersion === 'TLSv1.3' ? '1.3' : '1.2'
  const pair = { cert: listen.tls.cert, key: listen.tls.key.reveal() }
  return given.prepare(pair, min, systemClock.nowMs())
}

interface ProcessParts {
  readonly gateway: Gateway
  readonly tls: Tls | undefined
  readonly options: RunOptions
  readonly threads: number
  /** What threads share, where there are several. */
  readonly state: SharedState | undefined
}

class GatewayProcess implements RunningGateway {
  readonly gateway: Gateway
  readonly #tls: Tls | undefined
  readonly #options: RunOptions
  readonly #threads: number
  readonly #state: SharedState | undefined
  readonly #startedMs = systemClock.nowMs()
  readonly #stale: StaleConfig
  readonly #closers: (() => Promise<void> | void)[] = []
  #https: Listener | undefined
  #http: Listener | undefined
  #workers: WorkerPool | undefined
  #lastReload: AdminStatus['lastReload'] = null
  #isDraining = false

  constructor({ gateway, tls, options, threads, state }: ProcessParts) {
    this.gateway = gateway
    this.#tls = tls
    this.#options = options
    this.#threads = threads
    this.#state = state
    this.#stale = new StaleConfig((event) => gateway.recorder.emit(event), options.staleMs)
    this.#closers.push(() => this.#stale.close())
  }

  get httpsPort(): number | undefined {
    return this.#workers?.ports.https ?? this.#https?.port
  }

  get httpPort(): number | undefined {
    return this.#workers?.ports.http ?? this.#http?.port
  }

  get workers(): WorkerPool | undefined {
    return this.#workers
  }

  get caFile(): string | undefined {
    return this.#tls?.caFile
  }

  async open(): Promise<void> {
    const { listen, admin } = this.gateway.loaded.settings
    if (this.#options.role !== 'control') await this.#openPorts()
    if (!this.#options.isAlone) return
    if (listen.health !== undefined) {
      const { port, address = '0.0.0.0' } = listen.health
      this.#keep(await startHealth(this.#health(), port, address))
    }
    this.#keep(await startAdmin(this.#adminTarget(), admin.socket, systemClock))
    await this.#follow()
    if (this.#options.held === undefined) this.#hold()
    else this.#tellHeld(this.#options.held)
  }

  async #openPorts(): Promise<void> {
    const { listen } = this.gateway.loaded.settings
    const { https = listen.https, http = listen.http } = this.#options.ports ?? {}
    if (this.#state === undefined) {
      this.#https = await this.#listen('https', https)
      this.#http = await this.#listen('http', http)
      return
    }
    this.#state.watch(this.gateway.services)
    this.#workers = await WorkerPool.open({
      gateway: this.gateway,
      state: this.#state,
      threads: this.#threads,
      ports: { https, http },
      tls: this.#tls?.source,
    })
  }

  async reload(): Promise<ReloadResult> {
    const result = await this.gateway.reload(() => this.#next())
    const faults = result.ok ? [] : result.faults.map(formatFault)
    this.#stale.heard(result)
    if (result.ok) this.#hold()
    this.#lastReload = { at: new Date(systemClock.nowMs()).toISOString(), ok: result.ok, faults }
    return result
  }

  /** What is in force now; what was held before is not the last good one any more. */
  #hold(): void {
    const { lastGood } = this.#options
    if (lastGood === undefined) return
    const { loaded, services, recorder } = this.gateway
    try {
      const { texts } = this.gateway.snapshot()
      holdConfig(lastGood, loaded, { secrets: services.secrets, texts, nowMs: systemClock.nowMs() })
    } catch (error) {
      rmSync(lastGood, { force: true })
      const detail = error instanceof Error ? error.message : 'unknown fault'
      const told = { control: 'configuration', reason: 'last_good', detail }
      recorder.emit({ ...told, name: 'sp_config_unheld', level: 'warn' })
    }
  }

  #tellHeld({ faults, savedAtMs }: NonNullable<RunOptions['held']>): void {
    const texts = faults.map(formatFault)
    const nowMs = systemClock.nowMs()
    this.#lastReload = { at: new Date(nowMs).toISOString(), ok: false, faults: texts }
    this.#stale.held(texts.join('; '), nowMs - savedAtMs)
    this.gateway.recorder.emit({
      name: 'sp_config_held',
      level: 'critical',
      control: 'configuration',
      reason: 'start',
      detail: `in force since ${new Date(savedAtMs).toISOString()}: ${texts.join('; ')}`,
    })
  }

  /** The certificate is checked before the plan, which needs its names, and served only with it. */
  async #next(): Promise<NextConfig> {
    const loaded = await this.#options.reload()
    const pair = this.#tls?.prepare(loaded.settings)
    if (pair === undefined) return { loaded }
    const { names, expiresMs } = pair.facts
    const inForce = (): void => {
      pair.serve()
      this.gateway.metrics.certificate('listen', expiresMs)
    }
    return { loaded, certificateNames: names, inForce }
  }

  async close(): Promise<void> {
    this.#isDraining = true
    const lingerMs = this.#options.isAlone ? LINGER_MS : 0
    await Promise.all([
      this.#https?.close(GRACE_MS, lingerMs),
      this.#http?.close(GRACE_MS, lingerMs),
      this.#workers?.close(GRACE_MS),
    ])
    for (const close of this.#closers.toReversed()) await close()
    this.#tls?.close()
    await this.gateway.close()
    this.#state?.close()
  }

  async #listen(kind: 'https' | 'http', port: number | undefined): Promise<Listener | undefined> {
    if (port === undefined) return undefined
    return openListener(this.gateway, this.gateway.loaded.settings, {
      kind,
      port,
      ...(kind === 'https' && this.#tls !== undefined ? { tls: this.#tls.source } : {}),
    })
  }

  #keep(server: RunningServer): void {
    this.#closers.push(() => server.close())
  }

  async #follow(): Promise<void> {
    const watch = await watchFiles(this.gateway.files, {
      onChange: () => void this.reload().then(() => watch.setFiles(this.gateway.files)),
    })
    this.#closers.push(() => watch.close())
  }

  #dependencies(): readonly Dependency[] {
    const isUp = this.#lastReload?.ok !== false
    const configuration: Dependency = { name: 'configuration', isUp, closes: 'nothing' }
    this.gateway.dependencies.show([configuration])
    return [...this.gateway.dependencyStates(), configuration]
  }

  #health() {
    return {
      ready: () => readiness(this.#dependencies(), this.#isDraining),
      metricsText: () => {
        this.#dependencies()
        return this.#workers?.metricsText() ?? this.gateway.recorder.metricsText()
      },
      keySetText: () => this.gateway.services.signing.keySetText(systemClock.nowMs()),
    }
  }

  #adminTarget() {
    const { gateway } = this
    return {
      ...this.#health(),
      isReadOnly: this.#options.role === 'edge',
      status: () => this.#status(),
      reload: async () => {
        const result = await this.reload()
        return result.ok ? result : { ok: false as const, faults: result.faults.map(formatFault) }
      },
      keys: gateway.services.keys.admin,
      grantNames: () => grantNames(gateway.core.plan),
      relations: gateway.services.records.relations,
      keyPrefix: gateway.services.keys.format.prefix,
      unlock: (subject: UnlockSubject) => unlock(subject, gateway.core.plan, gateway.services),
      bans: () => gateway.bans.list(gateway.services.counters, systemClock.nowMs()),
      liftBan: (subject: string) => gateway.bans.lift(subject, gateway.services.counters),
      emit: (event: Parameters<typeof gateway.recorder.emit>[0]) => gateway.recorder.emit(event),
    }
  }

  #status(): AdminStatus {
    const { core, loaded } = this.gateway
    return {
      version: VERSION,
      pid: process.pid,
      uptimeSeconds: Math.floor((systemClock.nowMs() - this.#startedMs) / 1000),
      plan: { id: core.plan.id, hash: loaded.hash },
      configFile: loaded.file ?? null,
      apis: [...core.plan.apis].map(([name, api]) => ({
        name,
        operations: api.runtime.model.operations.length,
      })),
      lastReload: this.#lastReload,
    }
  }
}
