import type { WrapRule } from '../identity/wrapped/wrap-rule.ts'
import type { Secret } from '../base/secret.ts'
import type {
  FailureLimit,
  KeyedRate,
  LimitKeyPart,
  PenaltyRule,
  PolicyRate,
  Rate,
} from '../base/units.ts'
import type { FieldRule } from './field-access.ts'
import type { ClassAccess, TokenRule } from './field-class.ts'
import type { LookupRule } from './lookup-rule.ts'
import type { DetectPolicy } from './detect-policy.ts'
import type { NetworkPolicy } from './network-policy.ts'
import type { QueryRule } from './query-rule.ts'

/** What a control does with what it finds. `monitor`: decide, count, log, let through. */
export type Mode = 'enforce' | 'monitor' | 'off'

/** `5/min by ip, body.email`. With several parts each combination has its own bucket. */
export interface OperationLimit {
  readonly rate: PolicyRate | undefined
  readonly by: readonly LimitKeyPart[]
  /** What one call takes from the principal's bucket; 1 unless said. */
  readonly cost: number
  /** How many calls run at once; `undefined`: any number. */
  readonly concurrency?: number | undefined
  /** Counts of a business flow, by whom or what it is about; besides those that the document marks. */
  readonly flows?: readonly KeyedRate[]
}

/** How many requests run at once. */
export interface ConcurrencyLimit {
  /** Of the process; `adaptive`: as many as keep the API quick. */
  readonly total: number | 'adaptive' | undefined
  readonly principal: number | undefined
}

/** How a document's security scheme is met. */
export type SchemeKind = 'apiKey' | 'jwt' | 'wrap' | 'upstream'

/** Callers, by any of their names. */
export interface AclNames {
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly subjects: readonly string[]
  /** Condition under which the names count; `undefined`: always. */
  readonly when?: string | undefined
}

export interface AclEntry extends AclNames {
  /** Who may not, whatever lets them in. */
  readonly deny?: AclNames | undefined
}

/** What is said of a role besides its permissions. */
export interface RoleTerms {
  /** Roles that whoever has this one has too. */
  readonly includes: readonly string[]
  /** Condition under which the role counts; `undefined`: always. */
  readonly when: string | undefined
}

/** `failures`: everything but success; `all`: success as well. */
export type UniformKind = 'failures' | 'all'

/** Where the operator's own decisions are made. */
export interface DecisionPoint {
  readonly url: string
  /** How it is asked: AuthZEN 1.0, or the data API of OPA. */
  readonly kind: 'authzen' | 'opa'
  readonly timeoutMs: number
  /** How long a yes is remembered; 0: not at all. */
  readonly cacheMs: number
  /** Sent as Bearer. */
  readonly token: Secret | undefined
  /** Operations that it is asked about; `undefined`: all that are not public. */
  readonly operations: readonly string[] | undefined
}

/** How much a request matters when not all can be served. */
export type Priority = 'low' | 'normal' | 'high'

/** How much an operation is worth protecting. */
export type Sensitivity = 'normal' | 'high'

/** What counts while shared counters are away; `strict`: as `local`, but what is sensitive is closed. */
export type WhenStoreFails = 'local' | 'open' | 'closed' | 'strict'

/** How an API is told who is calling. */
export interface UpstreamIdentity {
  readonly iss: string
  readonly aud: string
  /** Whether the operator wrote it, and so says that the API checks it. */
  readonly isStated: boolean
}

/** Everything that decides about one operation (or, for gateway-wide controls, about all): merged, parsed, units applied. */
export interface Policy {
  readonly mode: Mode
  /** Mode of a block (`validate`, `limits`, …) or of a single control by name; the control's name wins. */
  readonly modes: ReadonlyMap<string, Mode>
  /** Set while the profile `adopt` runs here: controls that say so only observe. */
  readonly adopt: { readonly untilMs: number } | undefined
  /** What requests get while nothing that must not be lost can be written down; `open` unless said. */
  readonly whenLogFull?: 'open' | 'closed'
  readonly listen: {
    /** Allowed origins, serialized (`https://app.example.com`); empty: CORS is off. */
    readonly cors: readonly string[]
    /** Host names and addresses served, lower case, without port; a leading `*.` matches one label. */
    readonly hosts: readonly string[]
    /** `max-age` of HSTS in seconds; 0: none. */
    readonly hstsSeconds: number
    readonly plain: 'redirect' | 'refuse' | 'serve'
    readonly httpsPort: number | undefined
    /** CIDR texts, as configured. */
    readonly trustedProxies: readonly string[]
    readonly forwardedHeader: 'x-forwarded-for' | 'forwarded'
    /** Whether clients are asked for certificates, so that conditions may name them. */
    readonly asksCertificates?: boolean
    /** Whether a database of countries is configured, so that conditions may name where a client is. */
    readonly knowsPlaces?: boolean
  }
  readonly auth: {
    readonly schemes: ReadonlyMap<string, SchemeKind>
    /** Tokens that APIs sign themselves, which leave sealed and come back opened. */
    readonly wraps: readonly WrapRule[]
    /** Path of the claim that holds a token's roles, such as `['roles']` or `['realm_access', 'roles']`. */
    readonly rolesClaim: readonly string[]
    readonly groupsClaim: readonly string[]
    /** The claim that holds a token's tenant. */
    readonly tenantClaim: readonly string[]
  }
  readonly authorize: {
    /** Role -> permissions (`*`, `orders:*`, a scope, `op:<operationId>`); `undefined`: not written. */
    readonly roles: ReadonlyMap<string, readonly string[]> | undefined
    /** Role -> its terms, for roles that have any. */
    readonly roleTerms: ReadonlyMap<string, RoleTerms>
    /** Operation id -> who may call it. */
    readonly acl: ReadonlyMap<string, AclEntry> | undefined
    /** Who is asked besides; `undefined`: nobody. */
    readonly decision?: DecisionPoint | undefined
    /** Operation id -> condition that every call must meet. */
    readonly operations: ReadonlyMap<string, string>
    /** Name -> where a value is read by an id, such as whose an object is. */
    readonly lookups?: ReadonlyMap<string, LookupRule>
    /** Schema name -> condition on the object that a response holds, or `public`. */
    readonly schemas: ReadonlyMap<string, string>
    /** `Schema.field`, or `*.field` -> who may see and set it. */
    readonly fields: ReadonlyMap<string, FieldRule>
    /** Operation id -> what its query names. */
    readonly queries?: ReadonlyMap<string, QueryRule>
    /** What a caller hears of an object that is not theirs. */
    readonly denied: 404 | 403
    /** Whether an id that no rule covers stops the start. */
    readonly isStrict: boolean
    /** Where entries of this block really stand that rules wrote, such as `authorize.acl.getUser` -> `rules[0].authorize.acl`. */
    readonly placed?: ReadonlyMap<string, string>
  }
  readonly validate: {
    readonly request: 'strict' | 'schema' | 'off'
    readonly response: 'filter' | 'strict' | 'observe' | 'off'
    readonly maxBodyBytes: number
    readonly maxDepth: number
    /** Most different names of members in a JSON body, besides those of its first 256 members. */
    readonly maxNames: number
    /** Hosts that URL-typed fields may name; empty: any public host. */
    readonly urlHosts: readonly string[]
    /** Characters of a text that the document leaves unbounded; `Infinity`: as many as there are. */
    readonly capLength: number
    /** Items of a list that the document leaves unbounded; `Infinity`: as many as there are. */
    readonly capItems: number
    /** Most that a parameter may ask for on one page where the document sets no maximum; `Infinity`: any number. */
    readonly capPage: number
  }
  readonly data: {
    readonly errors: 'generic' | 'pass'
    /** Whether answers are compressed for clients that ask for it. */
    readonly compress: 'on' | 'off'
    /** Operation id -> which of its answers become one, so that they tell nothing of accounts. */
    readonly uniform: ReadonlyMap<string, UniformKind>
    /** Whether JSON is written so that it can stand in HTML. */
    readonly encode: 'html' | 'off'
    /** Whether secrets are taken out of texts that leave. */
    readonly secrets: 'redact' | 'off'
    /** What the classes of fields are shown as. */
    readonly classes: ClassAccess
    /** `Schema.field`, or `*.field` -> how its values become tokens. */
    readonly tokenize: ReadonlyMap<string, TokenRule>
  }
  /** Where requests may come from; absent: from anywhere. */
  readonly network?: NetworkPolicy | undefined
  /** What is watched in behavior; absent: nothing. */
  readonly detect?: DetectPolicy | undefined
  readonly upstream: {
    /** API -> the signed word about the caller that it gets; APIs that get none are not here. */
    readonly identities: ReadonlyMap<string, UpstreamIdentity>
  }
  readonly limits: {
    readonly ip: Rate | undefined
    readonly principal: PolicyRate | undefined
    /** Name -> a further limit of every operation. */
    readonly policies: ReadonlyMap<string, KeyedRate>
    /** Plan -> what a caller of it has; `default`: who names none. */
    readonly plans: ReadonlyMap<string, readonly PolicyRate[]>
    /** The claim that holds a token's plan. */
    readonly planClaim: readonly string[]
    readonly concurrency: ConcurrencyLimit
    readonly penalties: PenaltyRule | undefined
    readonly failures: FailureLimit | undefined
    readonly errors: Rate | undefined
    readonly operation: OperationLimit | undefined
    /** What counts as overload, and how long it must last before anything is refused; `undefined`: nothing is. */
    readonly overload: { readonly delayMs: number; readonly afterMs: number } | undefined
    /** What is refused first then. */
    readonly priority: Priority
    /** How much a call is worth protecting; `high` is closed while `strict` counters are away. */
    readonly sensitivity?: Sensitivity
    readonly whenStoreFails?: WhenStoreFails
    /** `operations: off`: neither written limits of single operations nor the built-in one of log-ins. */
    readonly operationsOff: boolean
    /** Further header spelling, such as `X-Rate-Limit-`. */
    readonly headerAliases: readonly string[]
    /** Whether `X-RateLimit-Reset` is a moment (seconds since 1970), not a duration. */
    readonly resetsAtMoment: boolean
  }
}
