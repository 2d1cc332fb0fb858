/** Whose counts are forgotten; with an account and an address, also what the account is waiting for there. */
export interface UnlockSubject {
  /** A client address. */
  readonly address?: string | undefined
  /** An account as log-ins name it, such as an e-mail address. */
  readonly account?: string | undefined
  /** A principal's id, such as `key:k3yid2abcdef`. */
  readonly principal?: string | undefined
}
