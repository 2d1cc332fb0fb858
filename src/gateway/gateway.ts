import { systemClock } from '../base/clock.ts'
import type { Clock } from '../base/clock.ts'
import { ConfigError } from '../base/config-error.ts'
import type { TokenService } from '../identity/tokens/service.ts'
import type { Finding } from '../openapi/model.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { createRecorder } from '../telemetry/recorder.ts'
import type { Recorder } from '../telemetry/recorder.ts'
import { openSink, SINK_LIMITS } from '../telemetry/sink.ts'
import { watchBans } from '../controls/risk-book.ts'
import type { Counters } from '../store/counters.ts'
import type { Sink, SinkLimits, SinkWatch } from '../telemetry/sink.ts'
import type { AllocateNumbers } from '../telemetry/numbers.ts'
import { Adoption } from './adopt/adoption.ts'
import type { AdoptNumbers } from './adopt/numbers.ts'
import { AUTHORIZE_CONTROLS } from './authorize-controls.ts'
import { BanList } from './bans.ts'
import { compileApis } from './build-plan.ts'
import type { BuiltPlan } from './build-plan.ts'
import type { Omission } from '../pipeline/proof.ts'
import type { LoadedConfig } from './config/load-config.ts'
import { nextChangeMs } from './config/policy-for.ts'
import type { PolicyMoment } from './config/policy-for.ts'
import type { Settings } from './config/settings.ts'
import type { SinkTarget } from './config/values/text.ts'
import { ClockWatch, clocksOf, unwatched } from './clock-watch.ts'
import type { TokenTime } from './clock-watch.ts'
import { Dependencies, logWord, storeWord } from './dependencies.ts'
import type { Dependency } from './dependencies.ts'
import { dependencyStates } from './dependency-states.ts'
import { GatewayCore } from './gateway-core.ts'
import { loadApis, readsOf } from './load-apis.ts'
import type { LoadedApi } from './load-apis.ts'
import { planFaults } from './plan-faults.ts'
import { tellReload, tellUnapplied } from './reload-notice.ts'
import type { ReloadResult } from './reload-notice.ts'
import { openCounters } from './open-counters.ts'
import type { OpenCounters } from './open-counters.ts'
import { needsDataKeys } from './edge-secrets.ts'
import { openServices, openTokens, pseudonymKey } from './services.ts'
import type { Services } from './services.ts'
import type { Followers, PlanSnapshot } from './threads/snapshot.ts'

/** How a gateway is started. */
export interface GatewayOptions {
  readonly version: string
  /** Names of the certificate that is served, for the hosts. */
  readonly certificateNames: readonly string[]
  readonly clock?: Clock
  /** Other numbers than the usual ones, for tests. */
  readonly adopt?: Partial<AdoptNumbers>
  /** See `BuildContext.omit`. */
  readonly omit?: Omission
  /** What this thread shares with others. */
  readonly shared?: SharedParts
}

/** What the main thread shares with the threads that serve. */
export interface SharedParts {
  /** Where metrics stand. */
  readonly numbers: AllocateNumbers
  /** Opens a sink that other threads write to as well. */
  readonly openSink: (target: SinkTarget, watch: SinkWatch, limits: SinkLimits) => Sink
  /** Told the id of every key that this process wrote, before the writer is answered. */
  readonly onKeyChange: (id: string) => void
  /** The main thread's view of what all threads count. */
  readonly counters: Counters
}

/** A configuration that was read, with what else changes in the same moment. */
export interface NextConfig {
  readonly loaded: LoadedConfig
  /** Names of the certificate that will be served; those of before unless said. */
  readonly certificateNames?: readonly string[]
  /** Called when the plan is in force, never for a refused one. Must not throw. */
  readonly inForce?: () => void
}

/** Longest delay a timer of Node can be set to. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** When what was due and failed is tried again. */
const RETRY_MS = 60_000

/** What a plan is compiled from, besides the moment. */
interface PlanParts extends NextConfig {
  readonly certificateNames: readonly string[]
  readonly tokens: TokenService
  readonly apis: readonly LoadedApi[]
}

/** A running gateway without its sockets: configuration in force, services, books. */
export class Gateway {
  readonly core: GatewayCore
  readonly services: Services
  readonly recorder: Recorder
  /** What is done about suspicious callers. */
  readonly bans: BanList = new BanList()
  readonly metrics: Metrics
  /** What this process depends on, as its threads say. */
  readonly dependencies: Dependencies
  /** What tokens are judged by. */
  readonly time: TokenTime
  /** What is learnt while the profile `adopt` runs. */
  readonly adoption: Adoption
  readonly #options: GatewayOptions
  readonly #clock: Clock
  #clockWatch: ClockWatch | undefined
  #loaded: LoadedConfig
  #built: BuiltPlan
  readonly #counters: OpenCounters
  #tokens: TokenService
  readonly #startedWith: Settings
  #moment: PolicyMoment
  #followers: Followers | undefined
  #timer: NodeJS.Timeout | undefined
  #reloading: Promise<unknown> = Promise.resolve()
  #isClosed = false

  private constructor(loaded: LoadedConfig, options: GatewayOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#loaded = loaded
    this.#startedWith = loaded.settings
    const { shared } = options
    const usesDataKeys = needsDataKeys(loaded.settings)
    const used = { ...loaded.settings, usesDataKeys }
    const own = openServices(used, this.#clock, shared?.onKeyChange, shared?.counters)
    this.#counters = openCounters(loaded.settings.counters, own.counters, pseudonymKey(own.secrets))
    this.services = { ...own, counters: this.#counters.counters }
    watchBans(this.services.counters, (ban) => this.bans.note(ban))
    this.metrics = createMetrics({
      version: options.version,
      clock: this.#clock,
      authorizeControls: AUTHORIZE_CONTROLS,
      ...(options.shared === undefined ? {} : { numbers: options.shared.numbers }),
    })
    this.recorder = this.#openRecorder(loaded.settings)
    this.dependencies = new Dependencies((event) => this.recorder.emit(event), this.metrics)
    this.#counters.watch((word) => this.dependencies.hear(word))
    this.time = this.#watchClock(options.clock)
    this.#tokens = this.#openTokens(loaded)
    const { certificateNames } = options
    const apis = loadApis(loaded.settings.apis, readsOf(loaded))
    this.#moment = { nowMs: this.#clock.nowMs(), graduated: new Set(), certificateNames }
    const parts = { loaded, certificateNames, tokens: this.#tokens, apis }
    this.#built = this.#build(parts, this.#moment)
    this.adoption = new Adoption({
      records: this.services.records.adopt,
      clock: this.#clock,
      emit: (event) => this.recorder.emit(event),
      onGraduated: async () => void (await this.#recompile()),
      ...(options.adopt === undefined ? {} : { numbers: options.adopt }),
    })
    this.adoption.setPlan(this.#built.plan, loaded.settings.profile?.untilMs)
    this.#tellPlaces()
    this.core = new GatewayCore(this.#built.plan, {
      clock: this.#clock,
      recorder: this.recorder,
      ledger: this.adoption,
    })
  }

  /** Opens services and compiles the plan. Throws `ConfigError` with every fault. */
  static async start(loaded: LoadedConfig, options: GatewayOptions): Promise<Gateway> {
    const gateway = new Gateway(loaded, options)
    try {
      await gateway.#open()
      return gateway
    } catch (error) {
      await gateway.close()
      throw error
    }
  }

  async #open(): Promise<void> {
    this.services.records.onAway((cause) => this.dependencies.hear(storeWord(cause)))
    await this.services.open()
    await this.#counters.ready()
    const graduated = await this.#graduated()
    if (graduated.size > 0) {
      const parts = this.#inForce()
      const moment = this.#momentOf(parts, graduated)
      this.#swap(parts, this.#build(parts, moment), moment)
    }
    this.#schedule()
    await this.adoption.start()
    void this.#tokens.warm(this.#clock.nowMs())
  }

  get loaded(): LoadedConfig {
    return this.#loaded
  }

  /** What the documents' compilation had to say. */
  get findings(): readonly Finding[] {
    return this.#built.findings
  }

  /** Files whose change asks for a reload. */
  get files(): readonly string[] {
    return [...new Set([...this.#loaded.files, ...this.#built.files])]
  }

  /** The plan in force, for threads that are to work by it. */
  snapshot(): PlanSnapshot {
    return snapshotOf(this.#inForce(), this.#moment)
  }

  /** From here on no plan comes into force unless these threads can follow it. */
  followedBy(followers: Followers): void {
    this.#followers = followers
  }

  /** What this process depends on, as it is now; the metrics show the same from here on. */
  dependencyStates(): readonly Dependency[] {
    const { dependencies: heard, recorder } = this
    const states = dependencyStates(this.#loaded.settings, {
      heard,
      tokens: this.#tokens,
      places: this.#built.kit.places,
      sinks: recorder.sinkStates(),
      needs: this.#built.needs,
      clock: this.#clockWatch?.state ?? 'good',
      nowMs: this.#clock.nowMs(),
    })
    heard.show(states)
    return states
  }

  /**
   * Compiles a new configuration aside and swaps it in whole; a broken one changes nothing, and the log says why.
   * One after another: of two changes the later one wins. Never rejects.
   */
  reload(load: () => Promise<NextConfig>): Promise<ReloadResult> {
    return this.#change(async () => {
      const { certificateNames = this.#moment.certificateNames, ...next } = await load()
      const { loaded } = next
      const apis = loadApis(loaded.settings.apis, readsOf(loaded))
      return { ...next, certificateNames, tokens: this.#openTokens(loaded), apis }
    })
  }

  /** The same configuration and documents at another moment: what stands on disk meanwhile has no say. */
  #recompile(): Promise<ReloadResult> {
    return this.#change(() => Promise.resolve(this.#inForce()))
  }

  #change(read: () => Promise<PlanParts>): Promise<ReloadResult> {
    const change = this.#reloading.then(() => this.#changeNow(read))
    this.#reloading = change
    return change
  }

  async #changeNow(read: () => Promise<PlanParts>): Promise<ReloadResult> {
    try {
      const parts = await read()
      const graduated = await this.#graduated()
      const moment = this.#momentOf(parts, graduated)
      const built = this.#build(parts, moment)
      await this.#agree(snapshotOf(parts, moment))
      if (this.#isClosed) return { ok: false, faults: [{ path: '', message: 'closed' }] }
      this.#swap(parts, built, moment)
      parts.inForce?.()
      await this.#followers?.commit()
      void parts.tokens.warm(this.#clock.nowMs())
      tellUnapplied(this.#startedWith, this.#loaded.settings, this.recorder)
      return tellReload({ ok: true, planId: this.core.plan.id }, this)
    } catch (error) {
      return tellReload({ ok: false, faults: planFaults(error) }, this)
    }
  }

  #inForce(): PlanParts {
    return {
      loaded: this.#loaded,
      certificateNames: this.#moment.certificateNames,
      tokens: this.#tokens,
      apis: this.#built.apis,
    }
  }

  /** Writes what is still to be written and closes stores and sinks. Once; further calls do nothing. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#clockWatch?.close()
    await this.adoption.close()
    await this.services.close()
    this.#counters.close()
    await this.recorder.close()
    this.metrics.close()
  }

  #openTokens(loaded: LoadedConfig): TokenService {
    const { time, dependencies } = this
    return openTokens(
      loaded.settings,
      (word) => dependencies.hear(word),
      () => time.steadyMs(),
    )
  }

  #openRecorder({ logs: { sinks, room } }: Settings): Recorder {
    const { shared } = this.#options
    const limits = { ...SINK_LIMITS, ...room }
    return createRecorder({
      metrics: this.metrics,
      pseudonymKey: pseudonymKey(this.services.secrets),
      openSinks: (watch) =>
        sinks.map((sink) => shared?.openSink(sink, watch, limits) ?? openSink(sink, limits, watch)),
      clock: this.#clock,
      onRoom: (isFull) => this.dependencies.hear(logWord(isFull)),
    })
  }

  /** A clock that was given is nobody's to set. */
  #watchClock(given: Clock | undefined): TokenTime {
    if (given !== undefined) return unwatched(given)
    this.#clockWatch = new ClockWatch(
      (event) => this.recorder.emit(event),
      clocksOf(systemClock),
    ).start()
    return this.#clockWatch
  }

  #momentOf({ certificateNames }: PlanParts, graduated: ReadonlySet<string>): PolicyMoment {
    return { nowMs: this.#clock.nowMs(), graduated, certificateNames }
  }

  #build(parts: PlanParts, moment: PolicyMoment): BuiltPlan {
    const { omit } = this.#options
    const { loaded, tokens, apis } = parts
    const { services, time: tokenClock, recorder: log } = this
    const context = { services, tokens, clock: this.#clock, tokenClock, moment, log }
    return compileApis(loaded, apis, omit === undefined ? context : { ...context, omit })
  }

  /** All threads or none: throws `ConfigError` where one of them cannot follow. */
  async #agree(snapshot: PlanSnapshot): Promise<void> {
    const faults = (await this.#followers?.prepare(snapshot)) ?? []
    if (faults.length === 0) return
    this.#followers?.abandon()
    throw new ConfigError(faults)
  }

  async #graduated(): Promise<ReadonlySet<string>> {
    const rows = await this.services.records.adopt.graduations()
    return new Set(rows.map(({ api, operation }) => `${api}:${operation}`))
  }

  #swap({ loaded, tokens }: PlanParts, built: BuiltPlan, moment: PolicyMoment): void {
    this.#loaded = loaded
    this.#moment = moment
    this.#tokens = tokens
    this.#built = built
    this.core.swap(built.plan)
    this.adoption.setPlan(built.plan, loaded.settings.profile?.untilMs)
    this.#tellPlaces()
    this.#schedule()
  }

  #tellPlaces(): void {
    const { places } = this.#built.kit
    this.metrics.placesBuilt(places?.builtMs)
    this.dependencies.hearPlaces(places, this.#clock.nowMs())
  }

  /** Relaxations, the profile, and the use of a database end by themselves: the plan is compiled anew then. */
  #schedule(): void {
    clearTimeout(this.#timer)
    const nowMs = this.#clock.nowMs()
    const { places } = this.#built.kit
    const atMs = nextChangeMs(this.#loaded.settings, nowMs, places?.usableUntilMs)
    if (atMs === undefined) return
    const delayMs = Math.min(Math.max(atMs - nowMs, 0) + 1, MAX_TIMER_MS)
    this.#wake(delayMs)
  }

  #wake(delayMs: number): void {
    this.#timer = setTimeout(() => void this.#due(), delayMs)
    this.#timer.unref()
  }

  /** A relaxation that should have ended must not go on because the store was down at that moment. */
  async #due(): Promise<void> {
    const { ok } = await this.#recompile()
    if (!ok && !this.#isClosed) this.#wake(RETRY_MS)
  }
}

function snapshotOf({ loaded, apis }: PlanParts, moment: PolicyMoment): PlanSnapshot {
  const { settings, hash, file } = loaded
  return { settings, hash, file, texts: apis.map(({ texts }) => texts), moment }
}
