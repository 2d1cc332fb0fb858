/** Plugins that limit rates. */
export const LIMITERS: ReadonlySet<string> = new Set(['rate-limiting', 'rate-limiting-advanced'])

/** Plugins that say who is calling, other than keys and signed tokens, and what to write for them. */
export const UNMET: ReadonlyMap<string, string> = new Map([
  ['oauth2', 'auth.jwt.issuers for the tokens of an identity provider'],
  ['oauth2-introspection', 'auth.jwt.issuers, where the tokens are signed'],
  ['basic-auth', 'a key for each user (sallyport keys create --owner NAME), or auth.jwt.issuers'],
  ['ldap-auth', 'auth.jwt.issuers of an identity provider in front of the directory'],
  ['ldap-auth-advanced', 'auth.jwt.issuers of an identity provider in front of the directory'],
  ['hmac-auth', 'a key for each client (sallyport keys create), with --cidr where it can be'],
  ['mtls-auth', 'a key for each client (sallyport keys create), with --cidr where it can be'],
  ['header-cert-auth', 'a key for each client (sallyport keys create)'],
  ['session', 'auth.jwt.issuers, or auth.wrap for a log-in of the API'],
  ['saml', 'auth.jwt.issuers of an identity provider'],
  ['vault-auth', 'a key for each client (sallyport keys create)'],
  ['jwt-signer', 'auth.jwt.issuers'],
])
/** Plugins that answer in the place of the API, or send the request elsewhere. */
export const ELSEWHERE: ReadonlySet<string> = new Set([
  'request-termination',
  'aws-lambda',
  'azure-functions',
  'openwhisk',
  'mocking',
  'route-by-header',
  'canary',
  'forward-proxy',
  'degraphql',
])
/** Plugins that protect nothing, and what stands in for them. */
export const HARMLESS: ReadonlyMap<string, string> = new Map([
  ['correlation-id', 'Sallyport-Request-Id is on every request and answer'],
  ['prometheus', 'listen.health serves /metrics'],
  ['file-log', 'logs.sinks: [file:PATH]'],
  ['http-log', 'logs.sinks: ship the decision log'],
  ['tcp-log', 'logs.sinks: ship the decision log'],
  ['udp-log', 'logs.sinks: ship the decision log'],
  ['syslog', 'logs.sinks: ship the decision log'],
  ['loggly', 'logs.sinks: ship the decision log'],
  ['kafka-log', 'logs.sinks: ship the decision log'],
  ['datadog', 'listen.health serves /metrics'],
  ['statsd', 'listen.health serves /metrics'],
  ['statsd-advanced', 'listen.health serves /metrics'],
  ['zipkin', 'no traces are written'],
  ['opentelemetry', 'no traces are written'],
  ['proxy-cache', 'nothing is cached here'],
  ['proxy-cache-advanced', 'nothing is cached here'],
  ['request-transformer', 'requests are not changed here: let the API take them as they come'],
  [
    'request-transformer-advanced',
    'requests are not changed here: let the API take them as they come',
  ],
  [
    'response-transformer',
    'answers are not changed, but fields that the document lacks do not go out',
  ],
  [
    'response-transformer-advanced',
    'answers are not changed, but fields that the document lacks do not go out',
  ],
  ['response-ratelimiting', 'limits.operations with cost'],
  ['upstream-timeout', 'upstream.timeout'],
  ['acme', 'listen.tls: { cert, key }'],
])
/** Plugins that are taken over. */
export const DONE: ReadonlySet<string> = new Set([
  'key-auth',
  'openid-connect',
  'jwt',
  'acl',
  'ip-restriction',
  'cors',
  'request-size-limiting',
  'bot-detection',
  'request-validator',
  ...LIMITERS,
])
