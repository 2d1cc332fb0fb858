import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { AccountLock } from '../auth-zone/account-lock.ts'
import { accountPaths, declaredAccounts, MAX_ACCOUNTS } from '../auth-zone/accounts.ts'
import { isAuthOperation } from '../auth-zone/is-auth-operation.ts'
import type { Kit } from '../kit.ts'
import { LIMIT_REASON, limitDenial } from '../limit-answer.ts'
import { logInReader, tellOutcomes } from '../log-in-outcome.ts'
import { RiskBook } from '../risk-book.ts'
import { noteRisk } from '../risk-note.ts'
import { memberAt } from '../wrap/member-at.ts'
import { configureStuffing } from './config.ts'
import type { StuffingConfig } from './config.ts'
import { FailureSpread } from './wave.ts'

/** Recognizes lists of passwords that are tried, by the API's own answers [MON-02]. */
export const stuffing: Control<StuffingConfig, Kit> = {
  name: 'stuffing',
  ids: ['MON-02'],
  stage: 'inspect-body',
  scope: 'operation',
  block: 'detect',
  adopt: 'observe',
  onFault: 'pass',
  reasons: { log_in_wave: { ...LIMIT_REASON, event: 'sp_stuffing' } },
  configure: configureStuffing,
  compile: (config, site, kit) =>
    site === undefined || !isAuthOperation(site.operation)
      ? undefined
      : stuffingGuard(config, site, kit),
}

type Verdict = MaybePromise<Denial | undefined>

/** What sources that their accounts do not know have together while a wave goes on: one in two seconds. */
const SLOW = { count: 30, windowMs: 60_000, burst: 5 }
/** Only for the look at known places; what locks accounts stands in `auth-zone`. */
const NO_LOCK = { count: 1, windowMs: 1, banMs: 1 }

interface Parts {
  readonly config: StuffingConfig
  readonly label: string
  readonly kit: Kit
  readonly book: RiskBook
  readonly spread: FailureSpread
  readonly lock: AccountLock
  /** As in `accountPaths`. */
  readonly declared: ReadonlySet<string>
}

function stuffingGuard(config: StuffingConfig, site: Site, kit: Kit): Guard {
  const parts: Parts = {
    config,
    label: site.label,
    kit,
    book: new RiskBook(config, kit),
    spread: new FailureSpread(config.stuffing, kit),
    lock: new AccountLock({ site, kit, rule: NO_LOCK }),
    declared: declaredAccounts(site, kit),
  }
  return {
    ...(config.stuffing.most === 'log'
      ? {}
      : { onRequestBody: (exchange: Exchange) => holdBack(exchange, parts) }),
    ...tellOutcomes(logInReader(site, kit), (exchange, outcome) =>
      outcome === 'failed' ? noteFailure(exchange, parts) : undefined,
    ),
  }
}

/** In the middle of a wave a place that the account does not know waits its turn; its owner at home does not. */
function holdBack(exchange: Exchange, parts: Parts): Verdict {
  const { label, kit, spread, lock, declared } = parts
  const nowMs = kit.clock.nowMs()
  return andThen(spread.isWave(label, nowMs), (isWave) => {
    if (!isWave) return undefined
    return andThen(lock.knowsAddress(exchange, accountPaths(exchange.body, declared)), (knows) => {
      if (knows) return undefined
      return andThen(kit.counters.take(`stuffing-slow:${label}`, SLOW, 1, nowMs), (taken) => {
        if (taken.allowed) return undefined
        noteRisk(exchange, 'log_in_wave', 40)
        return limitDenial(exchange, 'log_in_wave', {
          limit: { name: 'log-ins', rate: SLOW },
          taken,
        })
      })
    })
  })
}

function noteFailure(exchange: Exchange, parts: Parts): MaybePromise<unknown> {
  const paths = accountPaths(exchange.body, parts.declared)
  const nowMs = parts.kit.clock.nowMs()
  return andThen(noteNames(exchange, paths, parts), () =>
    andThen(parts.lock.knowsAddress(exchange, paths), (knows) => {
      if (knows) return undefined
      return andThen(parts.spread.wave(parts.label, nowMs), (isWave) => {
        if (isWave) tellWave(exchange, parts)
      })
    }),
  )
}

/** Each name that a log-in may call its account by: one of them may be there to hide the other. */
function noteNames(
  exchange: Exchange,
  paths: readonly string[],
  parts: Parts,
): MaybePromise<unknown> {
  return paths.slice(0, MAX_ACCOUNTS).reduce<MaybePromise<unknown>>((before, path) => {
    const account = memberAt(exchange.body, path.split('.'))
    const isNamed = typeof account === 'string' || typeof account === 'number'
    return isNamed ? andThen(before, () => noteSpread(exchange, String(account), parts)) : before
  }, undefined)
}

function noteSpread(
  exchange: Exchange,
  account: string,
  { config, book, spread, label, kit }: Parts,
): MaybePromise<unknown> {
  const source = book.sourceOf(exchange)
  if (source === undefined) return undefined
  const nowMs = kit.clock.nowMs()
  const name = account.trim().toLowerCase().slice(0, 200)
  return andThen(spread.manyAccounts(source.id, name, nowMs), (isMany) => {
    const { accounts, most } = config.stuffing
    const noted = isMany
      ? book.note(exchange, source, {
          name: 'many_accounts',
          weight: 100,
          most,
          event: 'sp_stuffing',
          level: 'critical',
          detail: `failed at more than ${accounts.count} accounts`,
          control: 'stuffing',
        })
      : undefined
    return andThen(noted, () =>
      andThen(spread.manySources(`${label}:${name}`, source.id, nowMs), (isTarget) => {
        // The account is personal data: the log says that one is the aim, not which.
        if (isTarget) tellTarget(exchange, { config, book, label })
      }),
    )
  })
}

function tellTarget(
  exchange: Exchange,
  { config, book, label }: Pick<Parts, 'config' | 'book' | 'label'>,
): void {
  book.tellOnce(exchange, `target ${label}`, {
    name: 'sp_stuffing',
    level: 'critical',
    control: 'stuffing',
    reason: 'many_sources',
    detail: `more than ${config.stuffing.sources.count} sources failed at one account`,
  })
}

function tellWave(exchange: Exchange, { config, book, label }: Parts): void {
  const { count } = config.stuffing.spread
  book.tellOnce(exchange, `wave ${label}`, {
    name: 'sp_stuffing',
    level: 'critical',
    control: 'stuffing',
    reason: 'wave',
    detail: `more than ${count} failures from places that their accounts do not know`,
  })
}
