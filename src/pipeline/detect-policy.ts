/** What may be done about a suspect at most; each includes what stands before it. */
export const GRADES = ['log', 'throttle', 'challenge', 'block'] as const
export type Grade = (typeof GRADES)[number]

/** So many within a stretch of time; both above 0. */
export interface Threshold {
  readonly count: number
  readonly windowMs: number
}

/** Objects that one caller asks for. */
export interface EnumerationPolicy {
  readonly most: Grade
  /** Ids that are new today, in a short time. */
  readonly fast: Threshold
  /** Ids, in a long time. */
  readonly slow: Threshold
}

/** Log-ins that fail for many accounts, or at one account from many places. */
export interface StuffingPolicy {
  readonly most: Grade
  /** Accounts at which one source failed. */
  readonly accounts: Threshold
  /** Sources that failed at one account. */
  readonly sources: Threshold
  /** Failures over all accounts and sources, from where on only places that an account knows may go on freely. */
  readonly spread: Threshold
}

/** How much more than usual a caller takes out. */
export interface VolumePolicy {
  readonly most: Grade
  /** Times the usual. */
  readonly factor: number
  /** Bytes in ten minutes below which nothing is unusual. */
  readonly minBytes: number
}

export const HIJACK_RESPONSES = ['log', 'step-up', 'kill'] as const
export type HijackResponse = (typeof HIJACK_RESPONSES)[number]

/** Keys and tokens in other hands. */
export interface HijackPolicy {
  /** To another network and another program. */
  readonly response: HijackResponse
  /** To a caller who is where nobody can be so soon; `undefined`: places are not watched. */
  readonly travel: HijackResponse | undefined
  /** CIDR texts of networks whose clients may be anywhere. */
  readonly vpn: readonly string[]
  /** Field in which trusted proxies write the fingerprint of a client's TLS, lower case; `undefined`: they do not. */
  readonly fingerprint: string | undefined
}

/** What is watched, and what follows; a part that is `undefined` is off [MON-01, MON-02, MON-03, SES-08]. */
export interface DetectPolicy {
  readonly bots: Grade | undefined
  readonly enumeration: EnumerationPolicy | undefined
  readonly stuffing: StuffingPolicy | undefined
  readonly volume: VolumePolicy | undefined
  readonly honeypots: { readonly most: Grade; readonly paths: readonly string[] } | undefined
  readonly hijack: HijackPolicy | undefined
  /** For how long somebody is blocked, at most a day. */
  readonly blockMs: number
  /** Authentication context classes that a step-up asks for (RFC 9470); may be empty. */
  readonly acr: readonly string[]
  /** CIDR texts of scanners and monitors of one's own. */
  readonly exempt: readonly string[]
}

/** A block that watches nothing. */
export const NOTHING_WATCHED: DetectPolicy = Object.freeze({
  bots: undefined,
  enumeration: undefined,
  stuffing: undefined,
  volume: undefined,
  honeypots: undefined,
  hijack: undefined,
  blockMs: 3_600_000,
  acr: [],
  exempt: [],
})
