import type { DetectPolicy } from './detect-policy.ts'
import type { TokenRule } from './field-class.ts'
import type { Exchange } from './exchange.ts'
import type { LookupRule } from './lookup-rule.ts'
import type { NetworkPolicy } from './network-policy.ts'
import type { FailureLimit, PolicyRate, Rate } from '../base/units.ts'
import type { AclEntry, Policy, RoleTerms } from './policy.ts'
import type { Site } from './site.ts'

/**
 * The attacks by which a control is proven: each succeeds where the plan leaves the control out and fails where it
 * stands (CONTROLS 5.3). Run by `sallyport prove`, never by the gateway that serves.
 */
export interface Proof {
  /** Name of the control. */
  readonly control: string
  readonly attacks: readonly Attack[]
  /** What takes the place of the control when it is left out, where nothing behind it works without what it finds. */
  readonly naive?: Naive
}

/** What an ordinary proxy does in a control's place: fills in the facts and judges nothing. */
export type Naive = (exchange: Exchange, sites: readonly Site[]) => void

/** A control that a plan leaves out. */
export interface Omission {
  readonly control: string
  readonly naive?: Naive
}

/** One attack on the probe API, with the operator's settings in force. */
export interface Attack {
  /** Row of CONTROLS, such as `KEY-02`. */
  readonly id: string
  /** A sentence that says what the attacker does. */
  readonly name: string
  /** What the attack cannot work without, beyond the operator's settings. */
  readonly needs?: ProofNeeds
  /** @returns whether the attack succeeded. A throw means that it could not be tried. */
  run(range: ProofRange): Promise<boolean>
}

/** Changes to the operator's settings, for the range only. */
export interface ProofNeeds {
  /** Origins that CORS allows besides the configured ones. */
  readonly cors?: readonly string[]
  /** Peers that may speak for others; nobody unless said, since attackers come from loopback. */
  readonly trustedProxies?: readonly string[]
  /** Answers are compressed where the client asks for it. */
  readonly compress?: true
  /** JSON answers are written so that they can stand in HTML. */
  readonly encodesJson?: true
  /** Class of fields -> what everybody is shown of it. */
  readonly classes?: Readonly<Record<string, string>>
  /** `Schema.field` -> how it becomes a token. */
  readonly tokens?: Readonly<Record<string, TokenRule>>
  /** The profile `adopt` is in force. */
  readonly adopt?: true
  /** Role -> permissions, besides the configured ones. */
  readonly roles?: Readonly<Record<string, readonly string[]>>
  /** Role -> its terms, besides the configured ones. */
  readonly roleTerms?: Readonly<Record<string, RoleTerms>>
  /** A decision point is asked: the API of the range answers for it, or nobody does. */
  readonly decision?: 'sink' | 'away'
  /** Operation id -> condition that every call must meet. */
  readonly conditions?: Readonly<Record<string, string>>
  /** Name -> where conditions find a value by an id. */
  readonly lookups?: Readonly<Record<string, LookupRule>>
  /** Operation id -> who may call it, besides the configured ones. */
  readonly acl?: Readonly<Record<string, AclEntry>>
  /** Where requests may come from; the operator's own rules name networks that the range is not in. */
  readonly network?: Partial<Omit<NetworkPolicy, 'listeners' | 'roles'>> & {
    readonly roles?: Readonly<Record<string, readonly string[]>>
  }
  /** What is watched in behavior, and what follows; nothing unless said. */
  readonly detect?: Partial<DetectPolicy>
  /** Operation id -> limit. */
  readonly operationLimits?: Readonly<Record<string, NonNullable<Policy['limits']['operation']>>>
  /** Limits in the place of the operator's. */
  readonly limits?: Partial<Pick<Policy['limits'], 'concurrency' | 'penalties'>>
  /** Plan -> its rates. */
  readonly plans?: Readonly<Record<string, readonly PolicyRate[]>>
  /** Lifts the limit per address, for an attack on a limit behind it. */
  readonly ipLimit?: 'off'
  /** Counters are shared, in a store that is not there, and all operations are sensitive. */
  readonly counters?: 'away'
  /** There is no room for lines of the log, and requests are refused for it. */
  readonly log?: 'full'
  /** Once the gateway runs, its clock is set back by 20 min. */
  readonly clock?: 'back'
  /** Every event loop counts as late, and every operation as unimportant. */
  readonly overload?: true
}

/** What an attacker has: a gateway in its own process with the probe API behind it, and a shop for credentials. */
export interface ProofRange {
  /** Public base path of the probe API. */
  readonly base: string
  /** A host name that the gateway serves and that is not of this machine. */
  readonly namedHost: string
  /** The limits in force for the probe API. */
  readonly limits: ProofLimits
  readonly sink: ProofSink
  /** Sends one request. Rejects when no answer comes. */
  send(request: ProofRequest): Promise<ProofAnswer>
  /** Whether a request reached the API and was answered with a status below 400. */
  passes(request: ProofRequest): Promise<boolean>
  /** Whether any of the requests passes; they are sent one after another. */
  anyPasses(requests: readonly ProofRequest[]): Promise<boolean>
  /** Writes bytes on a TLS connection (HTTP/1.1) and reads until it closes or is silent; the text that came. */
  raw(bytes: string): Promise<string>
  /** Loopback address number `n` (1 to 250) of this attack; without `from`, requests come from number 1. */
  address(n: number): string
  /** Makes a gateway key. */
  newKey(options?: ProofKeyOptions): Promise<ProofKey>
  /** Brings a key of another system in as if nothing but its hash were known, so that a weak text is not noticed. */
  importKey(text: string): Promise<ProofKey>
  revokeKey(id: string): Promise<void>
  /** An access token of the range's issuer. */
  token(options?: ProofTokenOptions): string
}

/** The limits in force, as far as a flood must know them; `undefined`: off. */
export interface ProofLimits {
  readonly ip: Rate | undefined
  readonly principal: Rate | undefined
  readonly failures: FailureLimit | undefined
  readonly errors: Rate | undefined
}

/** The API of the range. Both lists and answers start afresh for every attack. */
export interface ProofSink {
  /** Sets what it answers from here on; missing parts are those of an honest answer. */
  answer(answer: Partial<SinkAnswer>): void
  /** Requests as they came, oldest first. */
  received(): readonly SinkRequest[]
}

export interface SinkAnswer {
  readonly status: number
  /** Flat list of names and values. */
  readonly headers: readonly string[]
  readonly body: string
  /** Milliseconds until it comes. */
  readonly delayMs: number
}

export interface SinkRequest {
  readonly method: string
  readonly target: string
  /** Flat list of names and values. */
  readonly headers: readonly string[]
  readonly body: string
}

/** A request; without more than a target, an honest GET with a key over HTTPS. */
export interface ProofRequest {
  readonly method?: string
  /** What follows the base path of the probe API. */
  readonly target: string
  /** Flat list of names and values, sent as they stand besides host, framing and credential. */
  readonly headers?: readonly string[]
  /** Text as it stands, or a value that is sent as JSON. */
  readonly body?: unknown
  /** Text of a key, `none`, or (unsaid) a key with no scopes that the range holds for this attack. */
  readonly credential?: string
  /** Loopback address of the sender. */
  readonly from?: string
  readonly via?: 'https' | 'http' | 'h2'
  /** Host of the request; `localhost` unless said. Also the server name of the handshake, unless `serverName` says so. */
  readonly host?: string
  readonly serverName?: string
}

export interface ProofAnswer {
  readonly status: number
  /** Flat list of names (lower case) and values. */
  readonly headers: readonly string[]
  readonly body: string
  /** Value of the first field of a name (lower case). */
  header(name: string): string | undefined
}

export interface ProofKeyOptions {
  readonly kind?: 'sk' | 'pk'
  readonly scopes?: readonly string[]
  readonly roles?: readonly string[]
  readonly operations?: readonly string[]
  readonly cidrs?: readonly string[]
  readonly origins?: readonly string[]
  /** Milliseconds until it expires. */
  readonly livesMs?: number
}

export interface ProofKey {
  readonly id: string
  /** What the client sends. */
  readonly text: string
}

export interface ProofTokenOptions {
  /** Laid over the claims of a good token. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Laid over its header. */
  readonly header?: Readonly<Record<string, unknown>>
  /** A forgery: no signature, an HMAC with the issuer's public key, or the signature of a stranger's key. */
  readonly forged?: 'unsigned' | 'public-key-hmac' | 'stranger'
}
