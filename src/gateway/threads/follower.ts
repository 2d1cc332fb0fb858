import { systemClock } from '../../base/clock.ts'
import type { ConfigFault } from '../../base/config-error.ts'
import type { Secret } from '../../base/secret.ts'
import { DataKeys } from '../../identity/data-keys/data-keys.ts'
import { KeyService } from '../../identity/keys/service.ts'
import { SigningKeys } from '../../identity/signing/signing-keys.ts'
import { SealingKeys } from '../../identity/wrapped/sealing-keys.ts'
import type { TokenService } from '../../identity/tokens/service.ts'
import { watchBans } from '../../controls/risk-book.ts'
import type { Counters } from '../../store/counters.ts'
import { recordsOf } from '../../store/open-store.ts'
import { MemoryRelations } from '../../store/relations/memory-relations.ts'
import type { Records } from '../../store/records.ts'
import { RemoteKeys } from '../../store/remote-keys.ts'
import type { KeyAnswer, KeyCall } from '../../store/remote-keys.ts'
import { parseSecrets } from '../../store/secrets-file.ts'
import type { KeyVersions } from '../../store/shared/key-versions.ts'
import { LoadMeter } from '../../telemetry/load-meter.ts'
import { createMetrics } from '../../telemetry/metrics.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { AllocateNumbers } from '../../telemetry/numbers.ts'
import { createRecorder } from '../../telemetry/recorder.ts'
import type { Recorder } from '../../telemetry/recorder.ts'
import { SINK_LIMITS } from '../../telemetry/sink.ts'
import type { Sink, SinkLimits, SinkWatch } from '../../telemetry/sink.ts'
import { NoteCourier } from '../adopt/note-courier.ts'
import type { AdoptNote } from '../adopt/notes.ts'
import { AUTHORIZE_CONTROLS } from '../authorize-controls.ts'
import type { ListedBan } from '../bans.ts'
import { compileApis } from '../build-plan.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { SinkTarget } from '../config/values/text.ts'
import { ClockWatch, clocksOf } from '../clock-watch.ts'
import { logWord, storeWord } from '../dependencies.ts'
import type { ThreadWord } from '../dependencies.ts'
import { FactServices } from '../fact-services.ts'
import { GatewayCore } from '../gateway-core.ts'
import { loadApis, readsOf } from '../load-apis.ts'
import type { Plan } from '../plan.ts'
import { planFaults } from '../plan-faults.ts'
import { openCounters } from '../open-counters.ts'
import type { OpenCounters } from '../open-counters.ts'
import { keySettings, openTokens, pseudonymKey } from '../services.ts'
import type { Services } from '../services.ts'
import type { PlanSnapshot } from './snapshot.ts'

/** What a thread that serves is made of. */
export interface FollowerParts {
  readonly version: string
  readonly snapshot: PlanSnapshot
  readonly secretsText: Secret
  readonly counters: Counters
  readonly versions: KeyVersions
  readonly numbers: AllocateNumbers
  /** Asks the thread that keeps the records. */
  readonly askKeys: (call: KeyCall) => Promise<KeyAnswer>
  readonly openSink: (target: SinkTarget, watch: SinkWatch, limits: SinkLimits) => Sink
  readonly tellNotes: (notes: readonly AdoptNote[]) => void
  /** Told of every response to a suspicious caller; nobody unless said. */
  readonly tellBan?: (ban: ListedBan) => void
  /** Told what this thread misses, and when it has it back; nobody unless said. */
  readonly tellDependency?: (word: ThreadWord) => void
}

interface Compiled {
  readonly plan: Plan
  readonly tokens: TokenService
}

/**
 * A gateway in a thread that serves: it works by the plans that the main thread hands over, reads no configuration and
 * writes no records. Without its sockets.
 */
export class FollowerGateway {
  readonly core: GatewayCore
  readonly recorder: Recorder
  readonly metrics: Metrics
  readonly #courier: NoteCourier
  readonly #services: Pick<
    Services,
    'counters' | 'keys' | 'signing' | 'sealing' | 'dataKeys' | 'load' | 'facts'
  >
  readonly #records: Records | undefined
  readonly #counters: OpenCounters
  readonly #tell: (word: ThreadWord) => void
  /** Looks for itself; the main thread tells the log. */
  readonly #time = new ClockWatch(() => undefined, clocksOf(systemClock)).start()
  #inForce: Compiled
  #next: Compiled | undefined

  /** Throws `ConfigError` where the snapshot cannot be compiled: a defect, the main thread did so before. */
  constructor(parts: FollowerParts) {
    const { settings } = parts.snapshot
    const secrets = parseSecrets(parts.secretsText.reveal(), settings.secretsFile)
    this.#records = openOwn(parts)
    this.#counters = openCounters(settings.counters, parts.counters, pseudonymKey(secrets))
    this.#services = {
      counters: this.#counters.counters,
      keys: new KeyService({
        records: { keys: keysOf(parts, this.#records), changeToken: () => 0 },
        secrets,
        ...keySettings(settings.auth),
        versions: parts.versions,
      }),
      signing: new SigningKeys(secrets),
      sealing: new SealingKeys(secrets),
      dataKeys: new DataKeys(secrets),
      load: new LoadMeter(),
      // Without a file nobody writes tuples. Versions are those of keys: an id of an object is none of a key.
      facts: new FactServices(this.#records?.relations ?? new MemoryRelations(), parts.versions),
    }
    if (parts.tellBan !== undefined) watchBans(this.#counters.counters, parts.tellBan)
    this.metrics = createMetrics({
      version: parts.version,
      authorizeControls: AUTHORIZE_CONTROLS,
      numbers: parts.numbers,
    })
    const limits = { ...SINK_LIMITS, ...settings.logs.room }
    this.recorder = createRecorder({
      metrics: this.metrics,
      pseudonymKey: pseudonymKey(secrets),
      openSinks: (watch) => settings.logs.sinks.map((sink) => parts.openSink(sink, watch, limits)),
      onRoom: (isFull) => this.#tell(logWord(isFull)),
    })
    this.#tell = parts.tellDependency ?? (() => undefined)
    this.#counters.watch(this.#tell)
    this.#records?.onAway((cause) => this.#tell(storeWord(cause)))
    this.#courier = new NoteCourier(parts.tellNotes, (error) => this.#noteFault(error))
    this.#inForce = this.#compile(parts.snapshot)
    this.#courier.setPlan(this.#inForce.plan)
    const { plan, tokens } = this.#inForce
    this.core = new GatewayCore(plan, {
      clock: systemClock,
      recorder: this.recorder,
      ledger: this.#courier,
    })
    void tokens.warm(systemClock.nowMs())
  }

  /**
   * Resolves once it may serve: the counters of all nodes answer, or are not waited for any longer. Rejects with
   * `ConfigError` when the store cannot be reached.
   */
  async ready(): Promise<void> {
    await this.#records?.open('reader')
    await this.#counters.ready()
  }

  /** Compiles aside. @returns what stands in the way; nothing: `commit` may follow. Never throws. */
  prepare(snapshot: PlanSnapshot): readonly ConfigFault[] {
    try {
      this.#next = this.#compile(snapshot)
      return []
    } catch (error) {
      return planFaults(error)
    }
  }

  /** Puts what was prepared in force: new exchanges run under it. */
  commit(): void {
    const next = this.#next
    if (next === undefined) return
    this.#next = undefined
    this.#inForce = next
    this.core.swap(next.plan)
    this.#courier.setPlan(next.plan)
    void next.tokens.warm(systemClock.nowMs())
  }

  /** Forgets what was prepared. */
  abandon(): void {
    this.#next = undefined
  }

  /** Issuers whose keys cannot be had by this thread now. */
  issuersWithoutKeys(): readonly string[] {
    return this.#inForce.tokens.issuersWithoutKeys(systemClock.nowMs())
  }

  /** Tells what is still to be told, and closes. */
  async close(): Promise<void> {
    this.#courier.flush()
    this.#time.close()
    this.#services.load.close()
    await this.#services.facts.sources.close()
    await this.#services.keys.flush()
    this.#counters.close()
    await this.#records?.close()
    await this.recorder.close()
    this.metrics.publish()
  }

  #compile({ settings, hash, file, texts, moment }: PlanSnapshot): Compiled {
    const tokens = openTokens(settings, this.#tell, () => this.#time.steadyMs())
    const apis = loadApis(settings.apis, readsOf({ settings, texts }))
    const context = {
      services: this.#services,
      tokens,
      clock: systemClock,
      tokenClock: this.#time,
      log: this.recorder,
      moment,
    }
    const { plan } = compileApis(loadedOf({ settings, hash, file }), apis, context)
    return { plan, tokens }
  }

  #noteFault(error: unknown): void {
    this.recorder.emit({
      name: 'sp_control_fault',
      level: 'warn',
      control: 'adopt',
      reason: 'note',
      detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
  }
}

/** A configuration that was found free of faults in another thread. */
function loadedOf(parts: Pick<LoadedConfig, 'settings' | 'hash' | 'file'>): LoadedConfig {
  return { ...parts, input: undefined, files: [], audit: () => [], placeFault: (fault) => fault }
}

/** An own connection reads keys without asking; it writes nothing. */
function openOwn({ snapshot }: FollowerParts): Records | undefined {
  const { store } = snapshot.settings
  if (store.kind === 'memory') return undefined
  return recordsOf(store, systemClock.nowMs())
}

function keysOf({ askKeys, snapshot }: FollowerParts, own: Records | undefined): RemoteKeys {
  // What a database has said once is held for all threads where all of them ask: in the main thread.
  return own === undefined || snapshot.settings.store.kind === 'postgres'
    ? new RemoteKeys(askKeys)
    : new RemoteKeys(askKeys, (id) => own.keys.get(id))
}
