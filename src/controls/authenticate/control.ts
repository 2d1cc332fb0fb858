import { ConfigError } from '../../base/config-error.ts'
import { andThen, isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { urlCredentialRules, urlCredentials } from '../../identity/url-credentials.ts'
import type { UrlCredentialRules } from '../../identity/url-credentials.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange, UpstreamResponse } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { isCleanTarget } from '../clean-target.ts'
import type { ApiRuntime, Kit } from '../kit.ts'
import { placesOfSlots, readCarried } from './carried.ts'
import type { Carried, SlotPlaces } from './carried.ts'
import { configureAuthenticate } from './config.ts'
import type { AuthenticateConfig } from './config.ts'
import { AUTH_REASONS, challengeHeaders, credentialDenial } from './denials.ts'
import { knownBearer } from './known-bearer.ts'
import { judgeAlternatives, judgeOnly } from './judge.ts'
import type { AuthVerdict } from './judge.ts'
import { publicGuard } from './public.ts'
import { planAlternatives } from './scheme-plan.ts'
import type { AlternativePlan, SchemePlan } from './scheme-plan.ts'
import { verifyScheme } from './verify.ts'
import type { SchemeResult } from './verify.ts'
import { VouchedCredentials } from './vouched.ts'

/** Finds out who is calling, exactly as the document asks: alternatives (OR) of schemes (AND). */
export const authenticate: Control<AuthenticateConfig, Kit> = {
  name: 'authenticate',
  ids: [
    'AUN-01',
    'AUN-02',
    'AUN-03',
    'AUN-04',
    'KEY-01',
    'KEY-02',
    'KEY-04',
    'KEY-05',
    'TOK-01',
    'TOK-02',
    'TOK-03',
    'TOK-04',
    'TOK-05',
  ],
  stage: 'authenticate',
  scope: 'operation',
  block: 'auth',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: AUTH_REASONS,
  configure: configureAuthenticate,
  compile: (config, site, kit) => {
    const api = site === undefined ? undefined : kit.apis.get(site.operation.api)
    return site === undefined || api === undefined
      ? undefined
      : authenticateGuard(config, { site, api, kit })
  },
}

interface Place {
  readonly site: Site
  readonly api: ApiRuntime
  readonly kit: Kit
}

/** Everything about an operation's security that does not change between requests. */
interface Prepared {
  readonly alternatives: readonly AlternativePlan[]
  readonly plans: readonly SchemePlan[]
  readonly places: SlotPlaces
  readonly declaredQuery: ReadonlySet<string>
  readonly api: string
  readonly challenge: readonly string[]
  readonly retry: readonly string[]
  readonly isOurKey: (text: string) => boolean
  readonly isWellFormed: (token: string) => boolean
  readonly urlRules: UrlCredentialRules
  /** Where the API checks a credential itself. */
  readonly vouched: VouchedCredentials | undefined
  readonly kit: Kit
}

function authenticateGuard(config: AuthenticateConfig, place: Place): Guard | undefined {
  if (place.site.operation.security?.length === 0) return publicGuard(place.kit)
  const prepared = prepare(config, place)
  const settleKnown = knownBearer(prepared.alternatives, prepared.places, place.kit)
  const { vouched } = prepared
  return {
    ...(vouched && {
      onResponse: (exchange: Exchange, response: UpstreamResponse): undefined => {
        vouched.learn(exchange, response)
      },
    }),
    onRequest: (exchange) => {
      const { declaredQuery, urlRules } = prepared
      const isClean = isCleanTarget(exchange, declaredQuery, urlRules)
      if (isClean && settleKnown?.(exchange) === true) return undefined
      const carried = readCarried(exchange, prepared.places, prepared.isWellFormed)
      if ('reason' in carried)
        return credentialDenial(carried.reason, prepared.retry, carried.detail)
      const inUrl = urlDenial(exchange, carried, prepared)
      return inUrl ?? verifyAll(exchange, carried, prepared)
    },
  }
}

function prepare(config: AuthenticateConfig, { site, api, kit }: Place): Prepared {
  const { operation } = site
  const { prefix } = kit.keys.format
  const mark = `${prefix}_`
  const declared = api.model.securitySchemes
  const alternatives = planAlternatives(operation, {
    ...config,
    hasIssuers: kit.hasIssuers,
    hasWraps: kit.wraps.get(operation.api)?.makesCredentials === true,
    declared,
  })
  if (alternatives.length === 0) throw unmeetable(site, declared)
  const plans = [
    ...new Map(
      alternatives.flatMap(({ schemes }) => schemes.map(({ plan }) => [plan.name, plan])),
    ).values(),
  ]
  const queryNames = operation.parameters
    .filter(({ place }) => place === 'query')
    .map(({ name }) => name)
  const querySlots = plans.flatMap(({ slot }) =>
    slot.startsWith('query:') ? [slot.slice('query:'.length)] : [],
  )
  return {
    alternatives,
    plans,
    places: placesOfSlots(plans.map(({ slot }) => slot)),
    declaredQuery: new Set([...queryNames, ...querySlots]),
    api: operation.api,
    challenge: challengeHeaders(alternatives, operation.api, undefined),
    retry: challengeHeaders(alternatives, operation.api, 'invalid_token'),
    isOurKey: (text) => text.startsWith(mark) && !text.includes('.'),
    isWellFormed: (token) => kit.tokens.isWellFormed(token),
    urlRules: urlCredentialRules(prefix),
    vouched: plans.some(({ kind }) => kind === 'upstream')
      ? new VouchedCredentials(kit.counters, operation.api)
      : undefined,
    kit,
  }
}

function unmeetable(site: Site, declared: ApiRuntime['model']['securitySchemes']): ConfigError {
  const names = [...new Set((site.operation.security ?? []).flat().map(({ scheme }) => scheme))]
  const types = names
    .map((name) => `${name} (${declared.get(name)?.type ?? 'undeclared'})`)
    .join(', ')
  return new ConfigError({
    path: site.operation.source.pointer,
    message: `no credential can meet the security of ${site.label}: ${types}`,
    cure: `name an issuer under auth.jwt.issuers, or say how the scheme is met: auth.schemes: { ${names[0] ?? 'name'}: apiKey | jwt | wrap | upstream }`,
    file: site.operation.source.file,
  })
}

/** A credential in a URL ends up in logs and histories: it is never used, and one of ours is burnt [KEY-02]. */
function urlDenial(exchange: Exchange, carried: Carried, prepared: Prepared): Denial | undefined {
  const { kit } = prepared
  const found = urlCredentials(exchange, prepared.declaredQuery, prepared.urlRules)
  if (found === undefined) return undefined
  for (const text of found.keyTexts) kit.keys.markExposed(text, kit.clock.nowMs())
  const hasHeader = carried.scheme !== '' || carried.values.size > 0
  const reason = hasHeader ? 'credential_in_url_too' : 'credential_in_url'
  return credentialDenial(reason, prepared.challenge, `in ${found.places.join(', ')}`)
}

function verifyAll(
  exchange: Exchange,
  carried: Carried,
  prepared: Prepared,
): MaybePromise<Denial | undefined> {
  const { plans, kit, isOurKey, api } = prepared
  const [only] = plans
  if (plans.length === 1 && only !== undefined) {
    const result = verifyScheme(only, carried, { kit, exchange, isOurKey, api })
    return andThen(result, (found) =>
      settle(exchange, judgeOne(found, carried, { plan: only, prepared }), prepared),
    )
  }
  const results = new Map<string, SchemeResult>()
  const pending: Promise<void>[] = []
  for (const plan of plans) {
    const result = verifyScheme(plan, carried, { kit, exchange, isOurKey, api })
    if (isPromise(result)) pending.push(result.then((found) => void results.set(plan.name, found)))
    else results.set(plan.name, result)
  }
  const judge = (): Denial | undefined =>
    settle(exchange, judgeAlternatives(prepared.alternatives, results, carried), prepared)
  return pending.length === 0 ? judge() : Promise.all(pending).then(judge)
}

function judgeOne(
  result: SchemeResult,
  carried: Carried,
  { plan, prepared }: { readonly plan: SchemePlan; readonly prepared: Prepared },
): AuthVerdict {
  const { alternatives } = prepared
  return (
    judgeOnly(alternatives, result, carried) ??
    judgeAlternatives(alternatives, new Map([[plan.name, result]]), carried)
  )
}

function settle(exchange: Exchange, verdict: AuthVerdict, prepared: Prepared): Denial | undefined {
  if ('reason' in verdict) {
    const headers = verdict.reason === 'missing' ? prepared.challenge : prepared.retry
    return credentialDenial(verdict.reason, headers, verdict.detail)
  }
  exchange.met = verdict.met
  exchange.principal = verdict.principal
  exchange.keys = verdict.keys
  if (verdict.principal.kind === 'upstream') prepared.vouched?.judge(exchange)
  return undefined
}
