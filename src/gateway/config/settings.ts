import type { Secret } from '../../base/secret.ts'
import type { KeyedRate, LimitKeyPart, PolicyRate } from '../../base/units.ts'
import type {
  AclEntry,
  Mode,
  Policy,
  Priority,
  Sensitivity,
  UpstreamIdentity,
} from '../../pipeline/policy.ts'
import type { DetectPolicy } from '../../pipeline/detect-policy.ts'
import type { CountryRule, NetworkPolicy } from '../../pipeline/network-policy.ts'
import type { WhenAway } from '../../store/failover-counters.ts'
import type { JwksSource } from './values/jwt.ts'
import type { StoreTarget } from '../../store/open-store.ts'
import type { KeyEncryptionKeys } from '../../store/secrets-document.ts'
import type { SinkTarget } from './values/text.ts'
import type { BreakerLimits, HealthCheck, UpstreamTarget } from '../core.ts'

/** Where an API runs. */
export interface UpstreamSettings {
  /** The first of `origins`: `http://127.0.0.1:3000`, no path. */
  readonly origin: string
  /** All that serve the API alike, at least one. */
  readonly origins: readonly { readonly origin: string; readonly weight: number }[]
  /** Path of the configured URL without trailing slash; `undefined` where it has none. */
  readonly path: string | undefined
  readonly protocol: UpstreamTarget['protocol']
  readonly timeoutMs: number
  readonly connectMs: number
  /** PEM of the authority to trust; `undefined`: the system's. */
  readonly ca: string | undefined
  /** What the gateway shows where the API asks for a certificate, PEM. */
  readonly clientCertificate: UpstreamTarget['clientCertificate']
  readonly retries: boolean
  readonly breaker: BreakerLimits | undefined
  readonly health: HealthCheck | undefined
  /** The signed word about the caller; `undefined`: none is sent. */
  readonly identity: UpstreamIdentity | undefined
}

/** Where the log goes, and what happens where it does not. */
export interface LogSettings {
  readonly sinks: readonly SinkTarget[]
  /** What requests get while no sink has room for what must not be lost. */
  readonly whenFull: 'open' | 'closed'
  /** Bytes that wait in memory, of each sink and thread: all lines, and on top those that must not be lost. */
  readonly room: { readonly maxBytes: number; readonly reserveBytes: number }
}

/** One API. The short form of the file gives one named `api`. */
export interface ApiSettings {
  readonly name: string
  /** Absolute path. */
  readonly openapi: string
  /** Absolute paths, in the order of application. */
  readonly overlays: readonly string[]
  readonly upstream: UpstreamSettings
  /** Public base path, without trailing slash; `undefined`: that of the document's first server. */
  readonly basePath: string | undefined
}

/** The certificate of the HTTPS port. Its files are among `LoadedConfig.files`, so that a renewal reloads. */
export type TlsSettings =
  | { readonly kind: 'auto' }
  | {
      readonly kind: 'given'
      /** PEM, with the chain. */
      readonly cert: string
      readonly key: Secret
      readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
    }

export interface ListenSettings {
  readonly https: number | undefined
  readonly http: number | undefined
  readonly plain: 'redirect' | 'refuse' | 'serve'
  readonly tls: TlsSettings
  /** Seconds of `max-age`; 0: no HSTS. */
  readonly hstsSeconds: number
  readonly trustedProxies: readonly string[]
  readonly forwardedHeader: 'x-forwarded-for' | 'forwarded'
  /** Trusted proxies write a PROXY header of this version before the first byte. */
  readonly proxyProtocol: 'v2' | undefined
  readonly cors: readonly string[]
  /** As configured: lower case, ASCII, IPv6 without brackets. `Policy.listen.hosts` adds those served anyway. */
  readonly hosts: readonly string[]
  /** `undefined` address: all addresses. */
  readonly health: { readonly port: number; readonly address: string | undefined } | undefined
  /** Address to bind; `undefined`: all. */
  readonly address: string | undefined
}

/** One issuer of access tokens. */
export interface IssuerSettings {
  /** Exact `iss`. */
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly algs: readonly string[]
  readonly maxAgeMs: number
  readonly skewMs: number
  /** The path of `file` is absolute. */
  readonly jwks: JwksSource
  /** Accepted `typ` headers, lower case. */
  readonly typ: readonly string[]
}

export interface AuthSettings {
  readonly apiKey: {
    readonly prefix: string
    readonly expiresMs: number
    readonly overlapMs: number
  }
  readonly issuers: readonly IssuerSettings[]
}

/** The limit of an operation as written; an empty `by` is filled in once the operation is known. */
export interface OperationLimitSettings {
  readonly rate: PolicyRate | undefined
  readonly by: readonly LimitKeyPart[]
  readonly cost: number
  readonly concurrency?: number | undefined
  readonly flows?: readonly KeyedRate[]
}

/** Which operations a rule is about: every kind that is written must match. */
export interface RuleSelector {
  readonly api: string | undefined
  readonly operations: readonly string[]
  readonly paths: readonly string[]
  readonly tags: readonly string[]
  /** Upper case. */
  readonly methods: readonly string[]
}

/** Where limits are counted. */
export type CounterSettings =
  | { readonly kind: 'memory' }
  | {
      readonly kind: 'redis'
      /** Checked; may hold a password. */
      readonly url: Secret
      /** What counts while it is away. */
      readonly whenAway: WhenAway
    }

/** The database of countries. */
export interface PlaceSettings {
  /** Absolute path. */
  readonly path: string
  /** Older data decides nothing any more; `Infinity`: it always does. */
  readonly maxAgeMs: number
}

/** One rule: what it selects and what it lays over the blocks. Keys that are not written are absent. */
export interface RuleSettings {
  /** Position in the file, from 0. */
  readonly index: number
  readonly select: RuleSelector
  readonly mode: Mode | undefined
  /** Block -> mode. */
  readonly modes: ReadonlyMap<string, Mode>
  readonly authorize: {
    /** Who may call each of the operations. */
    readonly acl?: AclEntry
    /** Condition that every call must meet. */
    readonly when?: string
    readonly schemas?: Policy['authorize']['schemas']
    readonly fields?: Policy['authorize']['fields']
    readonly denied?: 404 | 403
  }
  readonly validate: Partial<Policy['validate']>
  readonly data: Partial<Policy['data']>
  readonly limits: {
    readonly principal?: PolicyRate | undefined
    readonly priority?: Priority
    readonly sensitivity?: Sensitivity
    readonly operation?: OperationLimitSettings | undefined
  }
  readonly network: {
    readonly allow?: readonly string[]
    readonly deny?: readonly string[]
    readonly countries?: CountryRule
  }
  /** Block or control -> mode, until it ends by itself. */
  readonly relax:
    | { readonly modes: ReadonlyMap<string, Mode>; readonly why: string; readonly untilMs: number }
    | undefined
  readonly why: string | undefined
}

/** The blocks of the policy as they stand before any rule. */
export interface BlockSettings {
  readonly mode: Mode
  /** Block -> its own mode, where one is written. */
  readonly modes: ReadonlyMap<string, Mode>
  readonly auth: Policy['auth']
  readonly authorize: Policy['authorize']
  readonly validate: Policy['validate']
  readonly data: Policy['data']
  readonly network: NetworkPolicy | undefined
  readonly detect: DetectPolicy | undefined
  readonly limits: Omit<Policy['limits'], 'operation'>
  /** Operation id -> its limit; `undefined` value: off. */
  readonly operationLimits: ReadonlyMap<string, OperationLimitSettings | undefined>
}

/** The whole configuration: typed, defaults filled in, units applied, paths absolute, references resolved. */
export interface Settings {
  readonly apis: readonly ApiSettings[]
  readonly profile:
    | {
        readonly name: 'adopt'
        readonly untilMs: number
        /** `OPERATION` or `API:OPERATION`. */
        readonly graduated: ReadonlySet<string>
      }
    | undefined
  readonly listen: ListenSettings
  /** `auto`: as many as there are processors for this process. */
  readonly workers: 'auto' | number
  readonly transport: 'node' | 'fast'
  readonly auth: AuthSettings
  readonly blocks: BlockSettings
  /** Where addresses are; `undefined`: nothing asks for it. */
  readonly places: PlaceSettings | undefined
  readonly rules: readonly RuleSettings[]
  readonly logs: LogSettings
  /** Absolute path of the Unix socket. */
  readonly admin: { readonly socket: string }
  /** Absolute path; made with mode 0600 at the first start. */
  readonly secretsFile: string
  /** What opens it: the first seals, too. None: it stands in clear. */
  readonly secretsKeys: KeyEncryptionKeys
  readonly store: StoreTarget
  readonly counters: CounterSettings
}
