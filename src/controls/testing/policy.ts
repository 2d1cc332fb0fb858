import type { Policy } from '../../pipeline/policy.ts'

/** Blocks of a policy, each only as far as it differs from `DEFAULT_POLICY`. */
export type PolicyParts = Partial<Omit<Policy, BlockName>> & {
  readonly [Name in BlockName]?: Partial<Policy[Name]>
}
type BlockName = 'listen' | 'auth' | 'authorize' | 'validate' | 'data' | 'upstream' | 'limits'

/** What three lines of configuration come to, with limits off and one host, so that a test sets what it is about. */
const DEFAULT_POLICY: Policy = {
  mode: 'enforce',
  modes: new Map(),
  adopt: undefined,
  listen: {
    cors: [],
    hosts: ['api.example.com', 'localhost', '127.0.0.1', '::1'],
    hstsSeconds: 31_536_000,
    plain: 'redirect',
    httpsPort: 8443,
    trustedProxies: [],
    forwardedHeader: 'x-forwarded-for',
  },
  auth: {
    schemes: new Map(),
    wraps: [],
    rolesClaim: ['roles'],
    groupsClaim: ['groups'],
    tenantClaim: ['tenant'],
  },
  authorize: {
    roles: undefined,
    roleTerms: new Map(),
    acl: undefined,
    operations: new Map(),
    schemas: new Map(),
    fields: new Map(),
    denied: 404,
    isStrict: false,
  },
  validate: {
    request: 'strict',
    response: 'filter',
    maxBodyBytes: 1_048_576,
    maxDepth: 32,
    maxNames: 1000,
    urlHosts: [],
    capLength: Infinity,
    capItems: Infinity,
    capPage: Infinity,
  },
  data: {
    errors: 'generic',
    compress: 'off',
    uniform: new Map(),
    encode: 'off',
    secrets: 'redact',
    classes: new Map(),
    tokenize: new Map(),
  },
  upstream: { identities: new Map() },
  limits: {
    ip: undefined,
    principal: undefined,
    policies: new Map(),
    plans: new Map(),
    planClaim: ['plan'],
    concurrency: { total: undefined, principal: undefined },
    penalties: undefined,
    failures: undefined,
    errors: undefined,
    operation: undefined,
    overload: undefined,
    priority: 'normal',
    operationsOff: false,
    headerAliases: [],
    resetsAtMoment: false,
  },
}

/** A policy that differs from the default in `parts`. */
export function policyOf(parts: PolicyParts = {}): Policy {
  const base = DEFAULT_POLICY
  return {
    ...base,
    ...parts,
    listen: { ...base.listen, ...parts.listen },
    auth: { ...base.auth, ...parts.auth },
    authorize: { ...base.authorize, ...parts.authorize },
    validate: { ...base.validate, ...parts.validate },
    data: { ...base.data, ...parts.data },
    upstream: { ...base.upstream, ...parts.upstream },
    limits: { ...base.limits, ...parts.limits },
  }
}
