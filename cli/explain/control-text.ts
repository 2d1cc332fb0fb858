import { configureAuthZone } from '../../src/controls/auth-zone/config.ts'
import { isDecidedEarly } from '../../src/controls/principal-limit/config.ts'
import { accessText } from '../access-text.ts'
import type { Kit } from '../../src/controls/kit.ts'
import type { Settings } from '../../src/gateway/config/settings.ts'
import type { Policy } from '../../src/pipeline/policy.ts'
import type { Site } from '../../src/pipeline/site.ts'
import { showFailures, showKey, showRate, showSize } from '../show-units.ts'
import { alternativesText } from './scheme-text.ts'

/** What there is to tell of a control at one operation. `policy` is the operation's, or the gateway's own. */
export interface Subject {
  readonly site: Site
  readonly policy: Policy
  readonly kit: Kit
  readonly settings: Settings
}

type Tell = (subject: Subject) => string

/** What each control will do, in one line; a control that is not here is told by what it may answer. */
export const CONTROL_TEXT: ReadonlyMap<string, Tell> = new Map<string, Tell>([
  ['wire', () => 'refuses ambiguous framing, odd header fields, unknown methods (400, 431, 501)'],
  ['address', ({ policy }) => addressText(policy)],
  ['hosts', ({ policy }) => `serves ${policy.listen.hosts.join(', ')}; any other host is 421`],
  ['plain-http', ({ policy }) => plainText(policy)],
  ['trusted-headers', () => 'forgets what the client says in a proxy’s name and writes it anew'],
  ['ip-limit', ({ policy }) => `${rateOf(policy.limits.ip)} by address, else 429`],
  ['failures', ({ policy }) => failuresText(policy)],
  ['penalties', ({ policy }) => penaltiesText(policy)],
  ['penalty-box', ({ policy }) => penaltiesText(policy)],
  ['target', () => 'one spelling of path and query, else 400'],
  ['upstream-identity', ({ site, policy }) => identityText(site, policy)],
  ['routes', ({ site }) => `${site.label} is the operation ${site.operation.id}`],
  ['lifecycle', () => 'announces the end of this operation; 410 after its sunset'],
  [
    'overload',
    ({ policy }) => `503 while the process is overloaded (priority ${policy.limits.priority})`,
  ],
  ['cors', ({ policy }) => corsText(policy)],
  ['authenticate', ({ site, kit, settings }) => alternativesText(site, kit, issuersOf(settings))],
  ['csrf', () => 'requests with cookies must come from our own pages or a listed origin'],
  ['log-room', () => '503 while the log has no room'],
  ['sensitivity', () => '503 while the counters of all nodes are away'],
  ['principal-limit', ({ policy }) => principalText(policy)],
  [
    'key-restrictions',
    ({ site }) => `a key’s own networks, origins and operations (${site.operation.id})`,
  ],
  ['scopes', ({ site }) => scopesText(site)],
  ['access', ({ site, kit }) => accessText(site, kit)],
  ['external-decision', ({ policy }) => decisionText(policy)],
  ['conditions', ({ site }) => conditionText(site)],
  ['body-conditions', ({ site }) => conditionText(site)],
  ['concurrency', ({ policy }) => concurrencyText(policy)],
  ['parameters', ({ site }) => parametersText(site)],
  ['body', ({ site }) => bodyText(site)],
  ['auth-zone', ({ policy }) => authZoneText(policy)],
  ['url-fields', ({ policy }) => urlText(policy)],
  ['operation-limit', ({ policy }) => operationLimitText(policy)],
  ['credential-strip', ({ site }) => stripText(site)],
  ['uniform', () => 'makes the refusals of this log-in one answer, in time too'],
  ['objects', () => 'shows and changes only objects that are the caller’s, else 404'],
  ['errors', () => 'replaces stack traces and 5xx answers by generic problems'],
  ['leaks', () => 'drops undeclared fields named like passwords, hashes and tokens'],
  ['responses', ({ site }) => responsesText(site)],
  ['fields', () => 'shows and takes fields by the rules below; what may not be set is 422'],
  ['classes', () => 'shows fields by their class: masked, hashed, as tokens, or not at all'],
  ['tokens', () => 'opens tokens that come back, for the roles that may; others are refused'],
  ['secrets', ({ policy }) => `looks for secrets in texts that leave: ${policy.data.secrets}`],
  ['wrap', () => 'seals the tokens that the API signed itself before they leave'],
  [
    'response-headers',
    () => 'drops fields that tell of the inside, keeps declared cookies, adds security fields',
  ],
  ['hsts', ({ policy }) => `Strict-Transport-Security for ${policy.listen.hstsSeconds} s`],
  ['compression', () => 'compresses answers, except where their length could tell a secret'],
  ['lookups', () => 'forgets the owners that were looked up for the ids of this call'],
])

function issuersOf({ auth }: Settings): readonly string[] {
  return auth.issuers.map(({ issuer }) => issuer)
}

function rateOf(rate: Policy['limits']['ip']): string {
  return rate === undefined ? 'off' : showRate(rate)
}

function addressText({ listen }: Policy): string {
  if (listen.trustedProxies.length === 0) return 'the client is the peer of the connection'
  return `the client is what ${listen.forwardedHeader} says behind ${listen.trustedProxies.join(', ')}`
}

function plainText({ listen }: Policy): string {
  if (listen.plain === 'serve') return 'plain HTTP is served on loopback and to trusted proxies'
  return listen.plain === 'redirect' ? 'plain HTTP is sent to HTTPS (308)' : 'plain HTTP is 403'
}

function identityText({ operation }: Site, { upstream }: Policy): string {
  const identity = upstream.identities.get(operation.api)
  if (identity === undefined) return 'the API is not told who is calling'
  return `tells the API who is calling: Sallyport-Identity for ${identity.aud}, 60 s`
}

function failuresText({ limits: { failures, errors } }: Policy): string {
  const wrong = failures === undefined ? 'off' : showFailures(failures)
  return `wrong credentials ${wrong}, other 401 and 404 ${rateOf(errors)} by address, else 429`
}

function corsText({ listen }: Policy): string {
  if (listen.cors.length === 0) return 'no other origin may read answers'
  return `pages of ${listen.cors.join(', ')} may read answers`
}

function principalText(policy: Policy): string {
  const { limits } = policy
  const cost = limits.operation?.cost ?? 1
  const named = [...limits.policies].map(
    ([name, { rate, by }]) => `; ${name}: ${rateOf(rate)} by ${showKey(by)}`,
  )
  const own = isDecidedEarly(policy) ? limits.operation : undefined
  const early =
    own?.rate === undefined ? '' : `; this operation ${rateOf(own.rate)} by ${showKey(own.by)}`
  const plans = limits.plans.size === 0 ? '' : `; plans ${[...limits.plans.keys()].join(', ')}`
  return `${rateOf(limits.principal)} by caller, this operation takes ${cost}, else 429${named.join('')}${plans}${early}`
}

function concurrencyText({ limits }: Policy): string {
  const { total, principal } = limits.concurrency
  const said = [
    total === undefined ? '' : `${total} in work at once (priority ${limits.priority}), else 503`,
    limits.operation?.concurrency === undefined
      ? ''
      : `${limits.operation.concurrency} of this operation, else 503`,
    principal === undefined ? '' : `${principal} by caller, else 429`,
  ]
  return said.filter((text) => text !== '').join('; ')
}

function penaltiesText({ limits: { penalties } }: Policy): string {
  if (penalties === undefined) return 'off'
  const boxes = penalties.stepsMs.map((ms) => `${ms / 60_000} min`).join(', ')
  return `${rateOf(penalties.score)} refusals put a caller aside: ${boxes}`
}

function scopesText({ operation }: Site): string {
  const asked = (operation.security ?? [])
    .map((all) => all.flatMap(({ scopes }) => scopes).join(' and '))
    .filter((text) => text !== '')
  return `asks for ${asked.join(', or ')}, else 403`
}

function decisionText({ authorize: { decision } }: Policy): string {
  if (decision === undefined) return 'nobody is asked'
  const { url, kind, timeoutMs } = decision
  return `asks ${new URL(url).host} (${kind}), else 403; 503 without an answer within ${timeoutMs} ms`
}

function conditionText({ operation, policy }: Site): string {
  const { operations, denied } = policy.authorize
  return `${operations.get(operation.id) ?? ''}; else ${denied}`
}

function parametersText({ operation, policy }: Site): string {
  const names = operation.parameters.map(
    ({ place, name, required }) => `${place} ${name}${required ? '' : '?'}`,
  )
  const others = policy.validate.request === 'strict' ? '; others are 400' : '; others pass'
  return `${names.length === 0 ? 'none declared' : names.join(', ')}${others}`
}

function bodyText({ operation, policy }: Site): string {
  const { requestBody } = operation
  if (requestBody === undefined) return 'no body is declared: one is refused'
  const types = requestBody.content.map(({ type }) => type).join(', ')
  const fields =
    policy.validate.request === 'strict' ? 'unknown fields are 422' : 'unknown fields pass'
  const need = requestBody.required ? 'required' : 'optional'
  return `${need}, ${types}, up to ${showSize(policy.validate.maxBodyBytes)}; ${fields}`
}

function authZoneText(policy: Policy): string {
  const { tries, maxBodyBytes } = configureAuthZone(policy)
  const rate = tries === undefined ? 'the operation’s own limit' : showRate(tries)
  return `this looks like a log-in: ${rate} by address and account, bodies up to ${showSize(maxBodyBytes)}`
}

function urlText({ validate }: Policy): string {
  const hosts = validate.urlHosts.length === 0 ? 'public hosts' : validate.urlHosts.join(', ')
  return `URLs in fields may lead to ${hosts} only`
}

function operationLimitText({ limits }: Policy): string {
  const { operation } = limits
  const flows = (operation?.flows ?? []).map(({ rate, by }) => `${rateOf(rate)} by ${showKey(by)}`)
  const own = operation?.rate
  const rate = own === undefined ? [] : [`${rateOf(own)} by ${showKey(operation?.by ?? [])}`]
  return `${[...rate, ...flows].join('; ') || 'what the document marks'}, else 429`
}

function stripText({ operation, policy }: Site): string {
  const names = new Set((operation.security ?? []).flat().map(({ scheme }) => scheme))
  const passed = [...names].filter((name) => policy.auth.schemes.get(name) === 'upstream')
  const kept = 'credentials and undeclared cookies do not reach the API'
  return passed.length === 0 ? kept : `${kept}, except ${passed.join(', ')}`
}

function responsesText({ operation, policy }: Site): string {
  const declared = [...operation.responses.values()].map(({ status, content }) =>
    [status, ...content.map(({ type }) => type)].join(' '),
  )
  const rest = policy.validate.response === 'strict' ? 'refused' : 'dropped'
  return `${declared.join(', ') || 'no answer declared'}; undeclared fields are ${rest}`
}
