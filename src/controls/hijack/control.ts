import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'
import { LIMIT_REASON, limitDenial } from '../limit-answer.ts'
import { RiskBook } from '../risk-book.ts'
import { noteRisk } from '../risk-note.ts'
import { canStepUp, STEP_UP_REASON, stepUpDenial } from '../step-up.ts'
import { configureHijack } from './config.ts'
import type { HijackConfig } from './config.ts'
import { CredentialBook, credentialOf, isLatest } from './credential-book.ts'
import type { Features } from './features.ts'

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
/** KEY-06: uses of a key from outside its networks, after which it is out of the owner's hands. */
const FOREIGN = { count: 5, windowMs: 3_600_000, banMs: 60_000 }

const QUARANTINED: Denial = Object.freeze({
  reason: 'credential_quarantined',
  // A client need not know more than that the credential is not good.
  headers: ['WWW-Authenticate', 'Bearer error="invalid_token"'],
})

interface Parts {
  readonly config: HijackConfig
  readonly book: RiskBook
  readonly credentials: CredentialBook
  readonly kit: Kit
}

function hijackGuard(config: HijackConfig, kit: Kit): Guard {
  const parts = {
    config,
    kit,
    book: new RiskBook(config, kit),
    credentials: new CredentialBook(kit.counters),
  }
  return {
    onRequest: (exchange) => {
      const { kind, credentialId } = exchange.principal
      if (kind === 'none' || kind === 'upstream' || credentialId === '') return undefined
      const credential = parts.credentials.of(exchange.principal)
      const untilMs = parts.book.anyUntil(credential.subject, kit.clock.nowMs())
      if (untilMs === undefined && isLatest(credential, exchange)) return undefined
      return andThen(untilMs, (until) =>
        until === undefined ? judge(exchange, parts) : QUARANTINED,
      )
    },
    onRefusal: (exchange, { denial }) =>
      denial.reason === 'key_network' ? foreignUse(exchange, parts) : undefined,
  }
}

function judge(exchange: Exchange, parts: Parts): Verdict {
  if (isLatest(parts.credentials.of(exchange.principal), exchange)) return undefined
  const changes = parts.credentials.changes(exchange, parts.kit.clock.nowMs())
  return andThen(changes, (changed) => afterChange(exchange, changed, parts))
}

function afterChange(
  exchange: Exchange,
  changed: readonly (keyof Features)[],
  parts: Parts,
): Verdict {
  const { config, credentials, kit } = parts
  if (changed.length >= HIJACK_FROM) {
    noteRisk(exchange, 'hijack', 100)
    tell(exchange, { name: 'hijack', level: 'critical', changed }, parts)
    if (config.response !== 'log' && !config.isOnTrial) return respond(exchange, parts)
  } else if (changed.length > 0) {
    noteRisk(exchange, 'client_changed', 20)
    tell(exchange, { name: 'client_changed', level: 'info', changed }, parts)
  }
  credentials.keep(exchange)
  return changed.length === 0
    ? undefined
    : andThen(credentials.learn(exchange, kit.clock.nowMs()), () => undefined)
}

function respond(exchange: Exchange, { config, book, kit }: Parts): Verdict {
  const { principal } = exchange
  const nowMs = kit.clock.nowMs()
  if (config.response === 'kill') {
    const untilMs = Math.min(principal.expiresAtMs, nowMs + DAY_MS)
    const credential = credentialOf(principal)
    const done = book.quarantine(exchange, { credential, untilMs, reason: 'hijack' })
    return andThen(done, () => QUARANTINED)
  }
  if (canStepUp(principal))
    return stepUpDenial('hijack_step_up', config.policy.acr, 'another network and another program')
  const taken = { allowed: false, remaining: 0, retryAfterMs: 3_600_000 }
  const limit = { name: 'hijack', rate: { count: 1, windowMs: 3_600_000 } }
  return limitDenial(exchange, 'hijack_wait', { limit, taken })
}

/** KEY-06: a key that is tried again and again from outside its networks is in other hands. */
function foreignUse(exchange: Exchange, parts: Parts): Verdict {
  const foreign = exchange.keys.filter(
    ({ restrictions: { cidrs } }) => cidrs?.has(exchange.clientAddress) === false,
  )
  let done: MaybePromise<void> = undefined
  for (const { principal } of foreign)
    done = andThen(done, () => countForeign(exchange, credentialOf(principal), parts))
  return andThen(done, () => undefined)
}

function countForeign(
  exchange: Exchange,
  credential: string,
  { config, book, kit }: Parts,
): MaybePromise<void> {
  const nowMs = kit.clock.nowMs()
  return andThen(kit.counters.fail(`key-foreign:${credential}`, FOREIGN, nowMs), (failed) => {
    if (failed.bannedUntilMs === undefined) return undefined
    tell(exchange, { name: 'foreign_network', level: 'critical', changed: ['network'] }, { book })
    if (config.response === 'log') return undefined
    const untilMs = nowMs + DAY_MS
    return book.quarantine(exchange, { credential, untilMs, reason: 'foreign_network' })
  })
}

interface Finding {
  readonly name: string
  readonly level: 'info' | 'critical'
  readonly changed: readonly string[]
}

function tell(exchange: Exchange, finding: Finding, { book }: Pick<Parts, 'book'>): void {
  const credential = credentialOf(exchange.principal)
  const country = exchange.placeOfClient?.()?.country ?? ''
  const from = country === '' ? '' : `, now from ${country}`
  book.tellOnce(exchange, `${finding.name} ${credential} ${exchange.clientKey}`, {
    name: 'sp_token_misuse',
    level: finding.level,
    control: 'hijack',
    reason: finding.name,
    detail: `${credential}: another ${finding.changed.join(', another ')}${from}`,
  })
}
