import { HeaderTable } from '../../http/header-table.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { ACCOUNT_LOCKED } from '../auth-zone/account-lock.ts'
import type { Kit } from '../kit.ts'
import { logInReader } from '../log-in-outcome.ts'
import { configureUniform } from './config.ts'
import type { UniformConfig } from './config.ts'
import { Holds } from './hold.ts'

/** Makes differing answers of log-ins one: status, fields, body and time class. */
export const uniform: Control<UniformConfig, Kit> = {
  name: 'uniform',
  ids: ['AUN-04', 'SES-04'],
  stage: 'filter',
  scope: 'operation',
  block: 'data',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    uniform_failure: {
      status: 401,
      problem: 'invalid_credential',
      title: 'Invalid credential',
      event: 'authn_login_fail',
    },
    uniform_answer: { status: 202, problem: 'accepted', title: 'Accepted' },
  },
  configure: configureUniform,
  compile: (config, site, kit) => {
    const kind = site === undefined ? undefined : config.operations.get(site.operation.id)
    if (site === undefined || kind === undefined) return undefined
    return kind === 'all' ? allGuard(config, site) : failuresGuard(config, site, kit)
  },
}

const HOLDS = new Holds()

function failuresGuard({ isWatching }: UniformConfig, site: Site, kit: Kit): Guard {
  const reader = logInReader(site, kit)
  const refuse = (exchange: Exchange, detail: string): MaybePromise<Denial> => {
    const denial = { reason: 'uniform_failure', detail }
    return isWatching ? denial : held(exchange, denial)
  }
  return {
    onResponse: (exchange, response) =>
      reader.ofHead(response) === 'failed' ? refuse(exchange, toldBy(response.status)) : undefined,
    wantsResponseBody: (_exchange, response) => reader.ofHead(response) === 'unknown',
    onResponseBody: (exchange, body) => {
      const { upstream } = exchange
      if (upstream === undefined || reader.ofHead(upstream) !== 'unknown') return undefined
      return reader.ofBody(body) === 'failed'
        ? refuse(exchange, `${toldBy(upstream.status)}, without a token`)
        : undefined
    },
    // A lock must not be told from a wrong password either, nor by its time.
    onRefusal: (exchange, { denial }) =>
      denial.reason === ACCOUNT_LOCKED && !isWatching
        ? held(exchange, { reason: 'uniform_failure', detail: denial.detail ?? ACCOUNT_LOCKED })
        : undefined,
  }
}

function allGuard({ isWatching }: UniformConfig, { operation }: Site): Guard | undefined {
  // What is not refused cannot be watched: the answer below 400 would go out.
  if (isWatching) return undefined
  const declared = [...operation.responses.keys()].find((status) => /^2\d\d$/.test(status))
  const status = declared === undefined ? 202 : Number(declared)
  return {
    onResponse: (exchange, response) =>
      response.status >= 500
        ? undefined
        : held(exchange, { reason: 'uniform_answer', status, detail: toldBy(response.status) }),
  }
}

function toldBy(status: number): string {
  return `the API answered ${status}`
}

/** Nothing that the API said goes along: neither cookies nor challenges. */
async function held(exchange: Exchange, denial: Denial): Promise<Denial> {
  const { upstream } = exchange
  if (upstream !== undefined)
    exchange.upstream = { status: upstream.status, headers: new HeaderTable([]) }
  await HOLDS.untilStep(exchange.startedAt)
  return denial
}
