import { andThen } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Guard } from '../pipeline/control.ts'
import type { Exchange, UpstreamResponse } from '../pipeline/exchange.ts'
import type { Operation } from '../openapi/model.ts'
import type { Site } from '../pipeline/site.ts'
import { jsonAnswer } from './json-answer.ts'
import { provesIdentity } from './auth-zone/is-auth-operation.ts'
import type { Kit } from './kit.ts'
import { memberAt } from './wrap/member-at.ts'
import { mayHoldToken } from './wrap/seal-answer.ts'

/** What an answer to a log-in says of it; `unknown`: its body has to be seen. */
export type LogInOutcome = 'failed' | 'succeeded' | 'broke' | 'unknown'

/** Tells by the API's own answers whether a log-in succeeded. */
export interface LogInReader {
  ofHead(response: UpstreamResponse): LogInOutcome
  /** For `unknown`: whether the body makes it a failure. */
  ofBody(body: Buffer): 'failed' | 'succeeded'
}

/**
 * How log-ins at an operation are read: every 4xx is a failure, and a redirect back to the log-in. Some APIs say 200 to a wrong password: where the policy
 * names the place of the token (`auth.wrap`), an answer without one is a failure too.
 */
export function logInReader({ operation }: Site, kit: Kit): LogInReader {
  const rules = (kit.wraps.get(operation.api)?.rules ?? []).filter(
    ({ operations, opens }) => operations.includes(operation.id) && opens.size === 0,
  )
  const refusals = declaredRefusals(operation)
  const paths = rules.flatMap(({ place }) => (place.in === 'field' ? [place.path] : []))
  return {
    ofHead: (response) => {
      const { status } = response
      if (status >= 500) return refusals.has(status) ? 'failed' : 'broke'
      if (status >= 400 || (status >= 300 && leadsBack(response))) return 'failed'
      if (rules.length === 0 || status >= 300 || mayHoldToken(response, rules)) return 'succeeded'
      return paths.length === 0 ? 'failed' : 'unknown'
    },
    ofBody: (body) => {
      const value = body.length === 0 ? undefined : jsonAnswer(body)?.value
      const isThere = paths.some((path) => {
        const token = memberAt(value, path)
        return typeof token === 'string' && token !== ''
      })
      return isThere ? 'succeeded' : 'failed'
    },
  }
}

/** Back to the form, or to a page that says why: `/login`, `/sign-in?error=1`. */
const BACK =
  /^[^?#]*?(?:log-?in|log-?on|sign-?in|sign-?on)\/?(?:[?#]|$)|error|fail|invalid|denied|incorrect|wrong/i

/** Pages for people answer a wrong password with a redirect, as they do the right one. */
function leadsBack({ headers }: UpstreamResponse): boolean {
  return BACK.test((headers.get('location') ?? '').slice(0, 2000))
}

/**
 * Some APIs say 500 to a wrong code, and their documents say so. At a log-in proper it stays what it is: an API that
 * breaks for everybody must not lock everybody out.
 */
function declaredRefusals(operation: Operation): ReadonlySet<number> {
  if (provesIdentity(operation)) return new Set()
  const statuses = [...operation.responses.keys()].filter((status) => /^5\d\d$/.test(status))
  return new Set(statuses.map(Number))
}

/** Hooks that tell of every log-in that succeeded or failed, once, before anything is done about it. */
export function tellOutcomes(
  reader: LogInReader,
  tell: (exchange: Exchange, outcome: 'failed' | 'succeeded') => MaybePromise<unknown>,
): Pick<Guard, 'onResponse' | 'wantsResponseBody' | 'onResponseBody'> {
  const told = (exchange: Exchange, outcome: 'failed' | 'succeeded'): MaybePromise<undefined> =>
    andThen(tell(exchange, outcome), () => undefined)
  return {
    onResponse: (exchange, response) => {
      const outcome = reader.ofHead(response)
      return outcome === 'failed' || outcome === 'succeeded' ? told(exchange, outcome) : undefined
    },
    wantsResponseBody: (_exchange, response) => reader.ofHead(response) === 'unknown',
    onResponseBody: (exchange, body) => {
      const { upstream } = exchange
      if (upstream === undefined || reader.ofHead(upstream) !== 'unknown') return undefined
      return told(exchange, reader.ofBody(body))
    },
  }
}
