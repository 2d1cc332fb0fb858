/** Addresses that may come, and that may not. CIDR texts, checked; a block that is refused is refused whoever is let in. */
export interface AddressRule {
  /** Empty: everybody. */
  readonly allow: readonly string[]
  readonly deny: readonly string[]
}

/** Countries that may come, and that may not, by ISO 3166-1 alpha-2 in upper case. */
export interface CountryRule {
  /** `undefined`: all but those refused. An address of unknown country is in no list. */
  readonly allow: readonly string[] | undefined
  readonly deny: readonly string[]
  /** What a rule that only refuses does without a database that can be used. */
  readonly onMissing: 'deny' | 'allow'
  /** 451 where the law asks for it (RFC 7725). */
  readonly status: 403 | 451
}

/** Addresses that somebody keeps a list of. */
export interface AddressList {
  readonly name: string
  /** `note`: an event, nothing more. */
  readonly action: 'deny' | 'note'
  readonly addresses: readonly string[]
}

/** Where requests for single operations may come from, besides what holds for all. */
export interface OperationNetwork {
  readonly addresses: AddressRule
  readonly countries: CountryRule | undefined
}

/** Where requests may come from [NET-02, NET-03]. */
export interface NetworkPolicy {
  readonly addresses: AddressRule
  readonly listeners: ReadonlyMap<'https' | 'http', AddressRule>
  readonly lists: readonly AddressList[]
  readonly countries: CountryRule | undefined
  /** Role -> from where whoever has it may come. */
  readonly roles: ReadonlyMap<string, readonly string[]>
  /** What the narrowest rules say for one operation. */
  readonly operation: OperationNetwork | undefined
}

/** Everybody may come from everywhere. */
export const ANYWHERE: AddressRule = Object.freeze({ allow: [], deny: [] })

/** Without a `network` block. */
export const ANY_NETWORK: NetworkPolicy = Object.freeze({
  addresses: ANYWHERE,
  listeners: new Map(),
  lists: [],
  countries: undefined,
  roles: new Map(),
  operation: undefined,
})
