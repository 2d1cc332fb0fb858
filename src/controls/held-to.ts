import { andThen } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Condition } from '../pipeline/conditions/condition.ts'
import { judgedWithFacts } from '../pipeline/conditions/facts.ts'
import type { Denial, ReasonSpec } from '../pipeline/denial.ts'
import type { Exchange } from '../pipeline/exchange.ts'

/** The reason `facts_unknown`: a relation or an owner could not be asked for (CONTROLS 3.3: closed, 503). */
export const FACTS_UNKNOWN: ReasonSpec = {
  status: 503,
  problem: 'unavailable',
  title: 'Service unavailable',
}

/** The denial where what a rule asks for cannot be had now. `detail` goes to the log. */
function factsUnknown(reason: string, detail: string): Denial {
  return { reason, headers: ['Retry-After', '1'], detail }
}

/**
 * Makes the judge of a condition: `denial` where it does not hold, `facts_unknown` where a source does not answer and no
 * other part decides. Synchronous unless a source is not.
 */
export function heldTo(
  condition: Condition,
  denial: Denial,
): (exchange: Exchange) => MaybePromise<Denial | undefined> {
  if (!condition.asksFacts) return (exchange) => (condition.holds(exchange) ? undefined : denial)
  return (exchange) => {
    const verdict = judgedWithFacts<boolean | undefined | Denial>(exchange, {
      judge: () => condition.judge(exchange),
      isFinal: (result) => result !== undefined,
      unknown: (detail) => factsUnknown('facts_unknown', `${condition.at}: ${detail}`),
    })
    return andThen(verdict, (result) => {
      if (typeof result === 'object') return result
      return result === true ? undefined : denial
    })
  }
}
