/** What holds where the file says nothing, in the spelling of the file; the reference documentation shows the same. */
export const DEFAULTS = {
  mode: 'enforce',
  httpsPort: 8443,
  plain: 'redirect',
  tls: 'auto',
  tlsMin: '1.2',
  hsts: '1y',
  forwardedHeader: 'x-forwarded-for',
  workers: 'auto',
  transport: 'node',
  upstreamTimeout: '15s',
  upstreamConnectTimeout: '2s',
  upstreamRetry: 1,
  upstreamBreaker: '50% of 20',
  healthEvery: '5s',
  healthTimeout: '2s',
  identityIssuer: 'sallyport',
  keyPrefix: 'sp',
  keyExpires: '90d',
  keyOverlap: '24h',
  jwtAlgs: ['RS256', 'PS256', 'ES256', 'EdDSA'],
  jwtMaxAge: '15m',
  jwtSkew: '10s',
  jwtTyp: ['at+jwt'],
  rolesClaim: 'claims.roles',
  groupsClaim: 'claims.groups',
  request: 'strict',
  response: 'filter',
  maxBody: '1mb',
  maxDepth: 32,
  capString: 4096,
  capArray: 1000,
  errors: 'generic',
  ipLimit: '20/s burst 100',
  principalLimit: '600/min burst 100',
  failureLimit: '10/5min ban 15min',
  errorLimit: '60/min',
  overload: '200ms',
  priority: 'normal',
  sinks: ['stdout'],
  adminListen: 'unix:./sallyport.sock',
  secrets: 'file:./sallyport.secrets',
  store: 'sqlite:./sallyport.db',
  counters: 'memory',
} as const

/** Bounds of settings that a standard or CONTROLS limits. */
export const BOUNDS = {
  /** KEY-04 */
  keyExpires: '365d',
  /** KEY-04 */
  keyOverlap: '7d',
  /** TOK-05: tokens that live longer than an hour are not short-lived. */
  jwtMaxAge: '1h',
  /** TOK-05, FAPI 2.0: more than 60 s of tolerance is refused. */
  jwtSkew: '60s',
  upstreamTimeout: '1h',
  maxBody: '1gb',
  maxDepth: 256,
  cost: 10_000,
  /** NET-04: how long it must last. */
  overloadAfterMs: 5_000,
} as const
