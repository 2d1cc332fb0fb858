import { ConfigError } from '../../base/config-error.ts'
import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { WrapRule } from '../../identity/wrapped/wrap-rule.ts'
import type { WrappedTokens } from '../../identity/wrapped/wrapped-tokens.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange, UpstreamResponse } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { schemeKind } from '../authenticate/scheme-plan.ts'
import { logoutKey } from '../authenticate/wrapped.ts'
import type { Kit } from '../kit.ts'
import { configureWrap } from './config.ts'
import type { WrapConfig } from './config.ts'
import { openInBody } from './open-in-body.ts'
import { mayHoldToken, sealAnswer } from './seal-answer.ts'

const INVALID = {
  status: 401,
  problem: 'invalid_credential',
  title: 'Invalid credential',
  event: 'authn_login_fail',
} as const
const BAD_GATEWAY = { status: 502, problem: 'bad_gateway', title: 'Bad gateway' } as const

/** Seals the tokens that an API signs itself before they leave; opening credentials is the part of `authenticate`. */
export const wrap: Control<WrapConfig, Kit> = {
  name: 'wrap',
  ids: ['TOK-02', 'TOK-10', 'TOK-11'],
  stage: 'filter',
  scope: 'operation',
  block: 'auth',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    // Never seen outside: the answer goes out, with the sealed token in it.
    token_sealed: BAD_GATEWAY,
    token_unsealable: { ...BAD_GATEWAY, event: 'sp_response_leak_blocked' },
    token_raw: INVALID,
    token_forged: { ...INVALID, event: 'sp_token_misuse' },
    token_expired: INVALID,
    token_time_unknown: { status: 503, problem: 'unavailable', title: 'Service unavailable' },
  },
  configure: configureWrap,
  compile: (config, site, kit) => {
    const tokens = site === undefined ? undefined : kit.wraps.get(site.operation.api)
    return site === undefined || tokens === undefined
      ? undefined
      : wrapGuard({ config, site, kit, tokens })
  },
}

const TIME_UNKNOWN: Denial = Object.freeze({
  reason: 'token_time_unknown',
  headers: ['Retry-After', '5'],
})

interface Parts {
  readonly config: WrapConfig
  readonly site: Site
  readonly kit: Kit
  readonly tokens: WrappedTokens
}

function wrapGuard(parts: Parts): Guard | undefined {
  const { id } = parts.site.operation
  const { rules } = parts.tokens
  const handsOut = rules.filter(({ operations }) => operations.includes(id))
  if (handsOut.some(({ opens }) => opens.size === 0)) refuseWithoutScheme(parts)
  const ends = rules.some(({ logout }) => logout.includes(id))
  const guard = {
    ...opening(parts),
    ...(handsOut.length === 0 ? {} : sealing(handsOut, parts)),
  }
  if (!ends) return Object.keys(guard).length === 0 ? undefined : guard
  const onResponse = (
    exchange: Exchange,
    response: UpstreamResponse,
  ): MaybePromise<Denial | undefined> =>
    andThen(endToken(exchange, response, parts.kit), () => guard.onResponse?.(exchange, response))
  return { ...guard, onResponse }
}

type Hooks = Pick<Guard, 'onRequestBody' | 'onResponse' | 'wantsResponseBody' | 'onResponseBody'>

function opening({ site, kit, tokens }: Parts): Hooks {
  const { id } = site.operation
  const comesBack = tokens.rules.flatMap((rule) => {
    const path = rule.opens.get(id)
    return path === undefined ? [] : [{ rule, path }]
  })
  if (comesBack.length === 0) return {}
  return {
    onRequestBody: (exchange, bytes) => {
      const nowMs = kit.tokenClock.nowMs()
      if (nowMs === undefined) return TIME_UNKNOWN
      for (const { rule, path } of comesBack) {
        const open = (text: string) => tokens.openBody(text, rule, nowMs)
        const denial = openInBody(exchange, { bytes: exchange.bodyBytes ?? bytes, path, open })
        if (denial !== undefined) return denial
      }
      return undefined
    },
  }
}

function sealing(rules: readonly WrapRule[], { config, kit, tokens }: Parts): Hooks {
  const inFields = rules.some(({ place }) => place.in === 'field')
  const holds = (response: UpstreamResponse): boolean => inFields || mayHoldToken(response, rules)
  const seal = (exchange: Exchange, body: Buffer | undefined): Denial | undefined =>
    sealAnswer(exchange, body, { rules, tokens, nowMs: kit.clock.nowMs(), ...config })
  return {
    // Without a body nobody asks for it later.
    onResponse: (exchange, response) =>
      hasNoBody(exchange, response) && mayHoldToken(response, rules)
        ? seal(exchange, undefined)
        : undefined,
    wantsResponseBody: (_exchange, response) => holds(response),
    onResponseBody: (exchange, body) => seal(exchange, body),
  }
}

function hasNoBody({ head }: Exchange, { status }: UpstreamResponse): boolean {
  return head.method === 'HEAD' || status === 204 || status === 205 || status === 304
}

/** The API says that it ended the session: from here on the token opens for nobody, on this node. */
function endToken(
  { principal }: Exchange,
  { status }: UpstreamResponse,
  { counters, clock }: Kit,
): MaybePromise<unknown> {
  if (status >= 400 || principal.kind !== 'wrapped') return undefined
  const nowMs = clock.nowMs()
  const banMs = Math.max(1, Math.ceil(principal.expiresAtMs - nowMs))
  return counters.fail(logoutKey(principal), { count: 1, windowMs: 1000, banMs }, nowMs)
}

/** A token that leaves sealed and is taken nowhere locks out everybody: that was not meant. */
function refuseWithoutScheme({ site, kit }: Parts): void {
  const declared = kit.apis.get(site.operation.api)?.model.securitySchemes ?? new Map()
  const rules = { schemes: site.policy.auth.schemes, hasIssuers: kit.hasIssuers, hasWraps: true }
  const all = [...declared.values()]
  if (all.some((scheme) => schemeKind(scheme, rules) === 'wrap')) return
  throw new ConfigError({
    path: 'auth.wrap',
    message: `no security scheme of the document takes the token of ${site.operation.id}`,
    cure: `write auth.schemes: { ${all[0]?.name ?? 'name'}: wrap }`,
  })
}
