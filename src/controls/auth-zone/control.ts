import { andThen, isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { isJson, parseMediaType } from '../../http/media-type.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { FailureLimit } from '../../base/units.ts'
import type { Site } from '../../pipeline/site.ts'
import { banDenial, LIMIT_REASON } from '../limit-answer.ts'
import type { Kit } from '../kit.ts'
import { logInReader, tellOutcomes } from '../log-in-outcome.ts'
import { AccountLock } from './account-lock.ts'
import { accountPaths, declaredAccounts, MAX_ACCOUNTS } from './accounts.ts'
import { configureAuthZone } from './config.ts'
import type { AuthZoneConfig } from './config.ts'
import { isAuthOperation } from './is-auth-operation.ts'
import { readLogIn } from './read-body.ts'
import { TryCounts } from './try-counts.ts'

/** Guards the operations that hand out identity: small bodies, plain media types, few tries per account and address. */
export const authZone: Control<AuthZoneConfig, Kit> = {
  name: 'auth-zone',
  ids: ['RTE-06', 'SES-04'],
  stage: 'inspect-body',
  scope: 'operation',
  block: 'limits',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    auth_media_type: {
      status: 415,
      problem: 'media_type',
      title: 'Unsupported media type',
      event: 'input_validation_fail',
    },
    auth_body_too_large: {
      status: 413,
      problem: 'too_large',
      title: 'Request body too large',
      event: 'input_validation_fail',
      close: true,
    },
    auth_unreadable: {
      status: 400,
      problem: 'malformed_body',
      title: 'Malformed body',
      event: 'input_validation_fail',
    },
    auth_accounts: {
      status: 422,
      problem: 'invalid_body',
      title: 'Invalid body',
      event: 'input_validation_fail',
    },
    auth_tries: { ...LIMIT_REASON, event: 'authn_login_fail_max' },
    auth_failures: { ...LIMIT_REASON, event: 'authn_login_fail_max' },
    auth_wait: { ...LIMIT_REASON, event: 'authn_login_fail_max' },
    auth_locked: {
      status: 401,
      problem: 'invalid_credential',
      title: 'Invalid credential',
      event: 'authn_login_lock',
    },
  },
  configure: configureAuthZone,
  compile: (config, site, kit) =>
    site === undefined || !isAuthOperation(site.operation)
      ? undefined
      : authZoneGuard(config, site, kit),
}

const MEDIA_TYPE: Denial = Object.freeze({
  reason: 'auth_media_type',
  headers: ['Accept', 'application/json'],
})
const UNREADABLE: Denial = Object.freeze({ reason: 'auth_unreadable' })
const MANY_ACCOUNTS: Denial = Object.freeze({ reason: 'auth_accounts' })
const TOO_LARGE: Denial = Object.freeze({ reason: 'auth_body_too_large' })

function authZoneGuard(config: AuthZoneConfig, site: Site, kit: Kit): Guard {
  const { tries, failures, lock: rule } = config
  const counts = tries === undefined ? undefined : new TryCounts(tries, site, kit)
  const lock = rule === undefined ? undefined : new AccountLock({ site, kit, rule })
  const declared = declaredAccounts(site, kit)
  const countFailure = (exchange: Exchange): MaybePromise<unknown> =>
    failures === undefined || exchange.hidesClients
      ? undefined
      : kit.counters.fail(failureKey(exchange), failures, kit.clock.nowMs())
  return {
    onRequest: (exchange) =>
      headDenial(exchange, config) ??
      (exchange.head.hasBody ? undefined : bannedDenial(exchange, failures, kit)),
    onRequestBody: (exchange, bytes) => {
      if (bytes.length > config.maxBodyBytes) return TOO_LARGE
      const isCounted = counts !== undefined || lock !== undefined
      if (isCounted && !readLogIn(exchange, exchange.bodyBytes ?? bytes)) return UNREADABLE
      const paths = accountPaths(exchange.body, declared)
      if (isCounted && paths.length > MAX_ACCOUNTS) return MANY_ACCOUNTS
      // The body says whose log-in it is: a neighbor whose account knows this address is not the one who guesses.
      const banned = andThen(bannedDenial(exchange, failures, kit), (denial) =>
        denial === undefined || lock === undefined
          ? denial
          : andThen(lock.knowsAddress(exchange, paths), (knows) => (knows ? undefined : denial)),
      )
      return andThen(
        banned,
        (ban) =>
          ban ??
          andThen(
            counts?.take(exchange, paths),
            (denial) => denial ?? lock?.judge(exchange, paths),
          ),
      )
    },
    ...tellOutcomes(logInReader(site, kit), (exchange, outcome) =>
      andThen(outcome === 'failed' ? countFailure(exchange) : undefined, () =>
        andThen(counts?.note(exchange, outcome), () => lock?.note(exchange, outcome)),
      ),
    ),
  }
}

function headDenial({ head }: Exchange, { maxBodyBytes }: AuthZoneConfig): Denial | undefined {
  if (!head.hasBody) return undefined
  const length = head.headers.get('content-length')
  if (length !== undefined && Number(length) > maxBodyBytes) return TOO_LARGE
  const essence = parseMediaType(head.headers.get('content-type') ?? '')?.essence ?? ''
  return isJson(essence) || essence === 'application/x-www-form-urlencoded' ? undefined : MEDIA_TYPE
}

function failureKey(exchange: Exchange): string {
  return `auth-zone:${exchange.clientKey}`
}

function bannedDenial(
  exchange: Exchange,
  failures: FailureLimit | undefined,
  kit: Kit,
): MaybePromise<Denial | undefined> {
  if (failures === undefined) return undefined
  const nowMs = kit.clock.nowMs()
  const judge = (untilMs: number | undefined): Denial | undefined =>
    untilMs === undefined
      ? undefined
      : banDenial(exchange, 'auth_failures', { rule: failures, waitMs: untilMs - nowMs })
  const banned = kit.counters.isBanned(failureKey(exchange), nowMs)
  return isPromise(banned) ? banned.then(judge) : judge(banned)
}
