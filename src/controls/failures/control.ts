import { isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { FailureLimit, Rate } from '../../pipeline/policy.ts'
import type { Refusal } from '../../pipeline/runner.ts'
import type { Failed, Taken } from '../../store/counters.ts'
import { limitDenial, LIMIT_REASON, seconds } from '../limit-answer.ts'
import type { Kit } from '../kit.ts'
import { configureFailures } from './config.ts'
import type { FailuresConfig } from './config.ts'

/**
 * Stops guessing: an address that sends wrong credentials, or walks paths without one, gets 429 in their place.
 * A valid credential from the same address still passes, so that one bad neighbor locks out nobody.
 */
export const failures: Control<FailuresConfig, Kit> = {
  name: 'failures',
  ids: ['KEY-06', 'RLM-01'],
  stage: 'admit',
  scope: 'gateway',
  block: 'limits',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    too_many_failures: { ...LIMIT_REASON, event: 'authn_login_fail_max' },
    too_many_errors: { ...LIMIT_REASON, event: 'excess_rate_limit_exceeded' },
  },
  configure: configureFailures,
  compile: (config, _site, kit) => failuresGuard(config, kit),
}

function failuresGuard(config: FailuresConfig, kit: Kit): Guard {
  return {
    onRefusal: (exchange, refusal) => {
      if (isWrongCredential(refusal) && config.failures !== undefined && !exchange.hidesClients) {
        return countFailure(exchange, config.failures, kit)
      }
      if (isBlindError(exchange, refusal) && config.errors !== undefined) {
        return countError(exchange, config.errors, kit)
      }
      return undefined
    },
  }
}

/** A credential was shown and did not hold: the public class says so, whatever the cause. */
function isWrongCredential({ spec }: Refusal): boolean {
  return spec.problem === 'invalid_credential'
}

function isBlindError(exchange: Exchange, { denial, spec }: Refusal): boolean {
  const status = denial.status ?? spec.status
  return (status === 401 || status === 404) && exchange.principal.kind === 'none'
}

function countFailure(
  exchange: Exchange,
  limit: FailureLimit,
  kit: Kit,
): MaybePromise<Denial | undefined> {
  const nowMs = kit.clock.nowMs()
  const failed = kit.counters.fail(`fail:${exchange.clientKey}`, limit, nowMs)
  const judge = ({ bannedUntilMs }: Failed): Denial | undefined =>
    bannedUntilMs === undefined
      ? undefined
      : {
          reason: 'too_many_failures',
          detail: 'limit failures',
          headers: ['Retry-After', String(seconds(bannedUntilMs - nowMs))],
          violatedPolicies: ['failures'],
        }
  return isPromise(failed) ? failed.then(judge) : judge(failed)
}

function countError(exchange: Exchange, rate: Rate, kit: Kit): MaybePromise<Denial | undefined> {
  const taken = kit.counters.take(`errors:${exchange.clientKey}`, rate, 1, kit.clock.nowMs())
  const judge = (result: Taken): Denial | undefined =>
    result.allowed ? undefined : limitDenial('too_many_errors', { name: 'errors', rate }, result)
  return isPromise(taken) ? taken.then(judge) : judge(taken)
}
