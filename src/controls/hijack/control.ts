import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { HijackResponse } from '../../pipeline/detect-policy.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'
import { LIMIT_REASON, limitDenial } from '../limit-answer.ts'
import { RiskBook } from '../risk-book.ts'
import { noteRisk } from '../risk-note.ts'
import { canStepUp, hasSteppedUp, STEP_UP_REASON, stepUpDenial } from '../step-up.ts'
import { configureHijack } from './config.ts'
import type { HijackConfig } from './config.ts'
import { CredentialBook, credentialOf } from './credential-book.ts'
import type { FeatureName } from './features.ts'
import { foreignUse } from './foreign-use.ts'
import { tellOf } from './tell.ts'
import { FRESH_MS, TravelBook } from './travel-book.ts'
import type { Finding } from './travel-book.ts'

/** Notices keys and tokens in the hands of somebody else [SES-08, KEY-06]. */
export const hijack: Control<HijackConfig, Kit> = {
  name: 'hijack',
  ids: ['SES-08', 'KEY-06'],
  stage: 'authenticate',
  scope: 'operation',
  block: 'detect',
  adopt: 'observe',
  onFault: 'pass',
  reasons: {
    credential_quarantined: {
      status: 401,
      problem: 'invalid_credential',
      title: 'Invalid credential',
      event: 'sp_token_misuse',
      level: 'critical',
    },
    hijack_step_up: { ...STEP_UP_REASON, event: 'sp_token_misuse', level: 'critical' },
    hijack_wait: { ...LIMIT_REASON, event: 'sp_token_misuse', level: 'critical' },
  },
  configure: configureHijack,
  compile: (config, site, kit) => (site === undefined ? undefined : hijackGuard(config, kit)),
}

type Verdict = MaybePromise<Denial | undefined>

const DAY_MS = 86_400_000
/** Of network, agent and protocol stack: one changes by itself, two together do not. */
const HIJACK_FROM = 2

const QUARANTINED: Denial = Object.freeze({
  reason: 'credential_quarantined',
  // A client need not know more than that the credential is not good.
  headers: ['WWW-Authenticate', 'Bearer error="invalid_token"'],
})

/** What the guards of all operations remember together. */
interface Parts {
  readonly config: HijackConfig
  readonly book: RiskBook
  readonly credentials: CredentialBook
  /** `undefined`: it is not asked where callers are. */
  readonly travels: TravelBook | undefined
  readonly kit: Kit
}

const BOOKS = new WeakMap<Kit, Pick<Parts, 'credentials' | 'travels'>>()

function booksOf(config: HijackConfig, kit: Kit): Pick<Parts, 'credentials' | 'travels'> {
  const known = BOOKS.get(kit)
  if (known !== undefined) return known
  const isWatched = config.hijack.travel !== undefined && kit.places !== undefined
  const credentials = new CredentialBook(kit.counters, config)
  const travels = isWatched ? new TravelBook(config, kit) : undefined
  const fresh = { credentials, travels }
  BOOKS.set(kit, fresh)
  return fresh
}

function hijackGuard(config: HijackConfig, kit: Kit): Guard {
  const parts = { config, kit, book: new RiskBook(config, kit), ...booksOf(config, kit) }
  const { credentials } = parts
  return {
    onRequest: (exchange) => {
      const { kind, credentialId } = exchange.principal
      if (kind === 'none' || kind === 'upstream' || credentialId === '') return undefined
      const credential = credentials.of(exchange.principal)
      const nowMs = kit.clock.nowMs()
      const untilMs = parts.book.anyUntil(credential.subject, nowMs)
      if (untilMs === undefined && credentials.isKnown(credential, exchange, nowMs))
        return undefined
      return andThen(untilMs, (until) =>
        until === undefined ? judge(exchange, parts) : QUARANTINED,
      )
    },
    onRefusal: (exchange, { denial }) =>
      denial.reason === 'key_network' ? foreignUse(exchange, parts) : undefined,
  }
}

function judge(exchange: Exchange, parts: Parts): Verdict {
  const { credentials, travels, kit } = parts
  const nowMs = kit.clock.nowMs()
  if (credentials.isKnown(credentials.of(exchange.principal), exchange, nowMs)) return undefined
  const found = travels?.look(exchange, credentials.networkOf(exchange))
  return andThen(found, (finding) =>
    andThen(credentials.changes(exchange, nowMs), (changed) => {
      if (finding !== undefined) tellPlace(exchange, finding, parts)
      return afterChange(exchange, { changed, travel: finding?.travel }, parts)
    }),
  )
}

interface Change {
  readonly changed: readonly FeatureName[]
  readonly travel: string | undefined
}

function afterChange(exchange: Exchange, { changed, travel }: Change, parts: Parts): Verdict {
  const { hijack, isOnTrial } = parts.config
  const isHijack = changed.length >= HIJACK_FROM
  if (changed.length > 0) tellChange(exchange, changed, parts)
  if (!isOnTrial && isHijack && hijack.response !== 'log')
    return respond(exchange, { response: hijack.response, reason: 'hijack' }, parts)
  if (isOnTrial || travel === undefined || hijack.travel === undefined || hijack.travel === 'log')
    return goOn(exchange, changed, parts)
  return afterTravel(exchange, { changed, travel, response: hijack.travel }, parts)
}

function goOn(exchange: Exchange, changed: readonly FeatureName[], parts: Parts): Verdict {
  const { credentials, travels, kit } = parts
  const nowMs = kit.clock.nowMs()
  credentials.keep(exchange, travels === undefined ? Infinity : nowMs + FRESH_MS)
  const kept = travels?.keep(exchange, credentials.networkOf(exchange))
  return andThen(kept, () =>
    changed.length === 0 ? undefined : andThen(credentials.learn(exchange, nowMs), () => undefined),
  )
}

/** Who has logged in anew since being asked has come here another way, such as through a new VPN. */
function afterTravel(
  exchange: Exchange,
  { changed, travel, response }: Change & { readonly response: HijackResponse },
  parts: Parts,
): Verdict {
  const { config, credentials, travels } = parts
  const asked = travels?.askedMs(exchange, credentials.networkOf(exchange))
  return andThen(asked, (askedMs) => {
    const isNew =
      askedMs !== undefined && hasSteppedUp(exchange.principal, config.policy.acr, askedMs)
    if (isNew) return goOn(exchange, changed, parts)
    return respond(exchange, { response, reason: 'impossible_travel', detail: travel }, parts)
  })
}

interface Answer {
  readonly response: HijackResponse
  readonly reason: string
  readonly detail?: string | undefined
}

function respond(
  exchange: Exchange,
  { response, reason, detail = 'another network and another program' }: Answer,
  { config, book, kit }: Parts,
): Verdict {
  const { principal } = exchange
  const nowMs = kit.clock.nowMs()
  if (response === 'kill') {
    const untilMs = Math.min(principal.expiresAtMs, nowMs + DAY_MS)
    const credential = credentialOf(principal)
    const done = book.quarantine(exchange, { credential, untilMs, reason })
    return andThen(done, () => QUARANTINED)
  }
  if (canStepUp(principal)) return stepUpDenial('hijack_step_up', config.policy.acr, detail)
  const taken = { allowed: false, remaining: 0, retryAfterMs: 3_600_000 }
  const limit = { name: 'hijack', rate: { count: 1, windowMs: 3_600_000 } }
  return limitDenial(exchange, 'hijack_wait', { limit, taken })
}

function tellChange(exchange: Exchange, changed: readonly FeatureName[], parts: Parts): void {
  const isHijack = changed.length >= HIJACK_FROM
  const reason = isHijack ? 'hijack' : 'client_changed'
  noteRisk(exchange, reason, isHijack ? 100 : 20)
  const level = isHijack ? 'critical' : 'info'
  const country = exchange.placeOfClient?.(exchange.clientAddress)?.country ?? ''
  const from = country === '' ? '' : `, now from ${country}`
  const detail = `another ${changed.join(', another ')}${from}`
  tellOf(exchange, { name: 'sp_token_misuse', level, reason, detail }, parts.book)
}

function tellPlace(exchange: Exchange, { place, isNewCountry, travel }: Finding, { book }: Parts) {
  if (isNewCountry)
    tellOf(
      exchange,
      { name: 'sp_new_location', level: 'info', reason: 'new_country', detail: `now in ${place}` },
      book,
    )
  if (travel === undefined) return
  noteRisk(exchange, 'impossible_travel', 100)
  const name = 'authn_impossible_travel'
  tellOf(exchange, { name, level: 'critical', reason: 'impossible_travel', detail: travel }, book)
}
