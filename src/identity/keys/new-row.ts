/** What has not happened yet to a key that is made. */
export const NEVER_HAPPENED = {
  previousHashHex: undefined,
  previousPepperVersion: undefined,
  previousUntilMs: undefined,
  rotatedAtMs: undefined,
  revokedAtMs: undefined,
  revokedWhy: undefined,
  quarantinedAtMs: undefined,
  quarantinedWhy: undefined,
  exposedAtMs: undefined,
  lastUsedAtMs: undefined,
  firstUsedAtMs: undefined,
  firstNetwork: undefined,
  firstAgent: undefined,
} as const
