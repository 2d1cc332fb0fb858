import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { KeyedRate } from '../../base/units.ts'
import type { Guard } from '../../pipeline/control.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { provesIdentity } from '../auth-zone/is-auth-operation.ts'
import { isKnown, markKnown } from '../known-device.ts'
import type { Kit } from '../kit.ts'
import { logInReader, tellOutcomes } from '../log-in-outcome.ts'
import { forgiveSpelling, noteSpelling, speltKey } from '../spelt-count.ts'
import type { SpeltCount } from '../spelt-count.ts'
import { limitKey, spellingOf } from './limit-key.ts'
import type { NamedPart } from './limit-key.ts'

/** What a limit of a log-in by account does beyond other limits. */
export interface AccountLimit {
  /** The bucket of a try: one of its own for an address that the account logged in from before. */
  keyOf(exchange: Exchange, key: string): MaybePromise<string>
  /** Give the bucket back when the log-in succeeds, so that only failures stay counted. */
  readonly hooks: Pick<Guard, 'onResponse' | 'wantsResponseBody' | 'onResponseBody'>
}

/**
 * A limit of a log-in that counts by a member of the body counts failures, read from the API's own answers: every try
 * takes from the bucket before its answer is known, so that many at once gain nothing, and success fills it again.
 * `undefined` for other limits: where the key holds no account, somebody's own log-in must not pay for guesses.
 */
export function accountLimit(
  site: Site,
  { rate, by }: KeyedRate,
  kit: Kit,
): AccountLimit | undefined {
  const account = by.filter((part): part is NamedPart => part.from === 'body')
  // Of two names one could be somebody else's: its success would say nothing of the other.
  const [name] = account
  if (name === undefined || account.length > 1 || !isLogIn(site, kit)) return undefined
  const buckets = new WeakMap<Exchange, string>()
  const knownKey = (exchange: Exchange): string => {
    const key = `op:${site.label}:${limitKey(exchange, [{ from: 'ip' }, name])}`
    return speltKey(key, spellingOf(exchange, name))
  }
  const chosen = (exchange: Exchange, key: string): string => {
    buckets.set(exchange, key)
    return key
  }
  const countOf = (exchange: Exchange): SpeltCount | undefined => {
    const key = buckets.get(exchange)
    return key === undefined
      ? undefined
      : { key, spelt: speltKey(key, spellingOf(exchange, name)), rate }
  }
  const forget = (exchange: Exchange, count: SpeltCount): MaybePromise<unknown> =>
    andThen(forgiveSpelling(count, 1, kit), () =>
      exchange.hidesClients ? undefined : markKnown(knownKey(exchange), kit),
    )
  return {
    keyOf: (exchange, key) => {
      if (exchange.hidesClients) return chosen(exchange, key)
      return andThen(isKnown(knownKey(exchange), kit), (known) =>
        chosen(exchange, known ? `${key}:${exchange.clientKey}` : key),
      )
    },
    hooks: tellOutcomes(logInReader(site, kit), (exchange, outcome) => {
      const count = countOf(exchange)
      if (count === undefined) return undefined
      return outcome === 'succeeded' ? forget(exchange, count) : noteSpelling(count, kit)
    }),
  }
}

/** By its name, or because the policy says that it hands out tokens. */
function isLogIn({ operation }: Site, kit: Kit): boolean {
  const rules = kit.wraps.get(operation.api)?.rules ?? []
  const isWrapped = rules.some(
    ({ operations, opens }) => opens.size === 0 && operations.includes(operation.id),
  )
  return isWrapped || provesIdentity(operation)
}
