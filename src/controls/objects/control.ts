import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange, UpstreamResponse } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'
import { refuseSummaries } from './aggregates.ts'
import { judgeAnswer } from './answer.ts'
import { configureObjects } from './config.ts'
import type { ObjectsConfig } from './config.ts'
import { refuseUncovered } from './coverage.ts'
import { MISSING, foreign } from './denials.ts'
import { tellsOfList } from './list-counts.ts'
import { ownsAll } from './read-first.ts'
import { ownsMarked } from './request-marks.ts'
import { siteOwners } from './site-owners.ts'
import type { SiteOwners } from './site-owners.ts'

const NOT_FOUND = { status: 404, problem: 'not_found', title: 'Not found' } as const
const BAD_GATEWAY = { status: 502, problem: 'bad_gateway', title: 'Bad gateway' } as const
const FAIL = { event: 'authz_fail', level: 'warn' } as const

/** Shows and changes only objects that are the caller's: by the owner that the API itself tells. */
export const objects: Control<ObjectsConfig, Kit> = {
  name: 'objects',
  ids: ['AZN-04', 'AZN-06'],
  // After everything that a request is judged by, before everything that changes an answer.
  stage: 'filter',
  scope: 'operation',
  block: 'authorize',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    foreign_object: { ...NOT_FOUND, ...FAIL },
    foreign_object_told: { status: 403, problem: 'not_allowed', title: 'Not allowed', ...FAIL },
    missing_object: NOT_FOUND,
    unreadable_answer: { ...NOT_FOUND, ...FAIL },
    foreign_item: { ...BAD_GATEWAY, ...FAIL },
    hidden_count: BAD_GATEWAY,
    repeated_member: { ...BAD_GATEWAY, ...FAIL },
    owner_unknown: { status: 503, problem: 'unavailable', title: 'Service unavailable' },
  },
  configure: configureObjects,
  compile: (config, site, kit) => {
    if (site === undefined) return undefined
    refuseUncovered(site, kit)
    refuseSummaries(site, kit)
    const owners = siteOwners(site, kit)
    if (owners === undefined) return undefined
    const isRead = site.operation.method === 'GET'
    return objectsGuard(config, owners, isRead)
  },
}

function objectsGuard(config: ObjectsConfig, owners: SiteOwners, isRead: boolean): Guard {
  const base = requestGuard({ config, owners }, isRead)
  if (!owners.isJudged) return base
  const judging: Guard = {
    ...base,
    onResponse: (exchange, response) => headDenial(exchange, response, { config, owners }),
    wantsResponseBody: (exchange, { status }) =>
      exchange.upstreamMethod !== undefined || owners.judgeOf(status) !== undefined,
    onResponseBody: (exchange, body) => judgeAnswer(exchange, body, { config, owners }),
  }
  return config.isEnforced ? { ...judging, ...changesOf(owners, isRead) } : judging
}

interface Guarding {
  readonly config: ObjectsConfig
  readonly owners: SiteOwners
}

/** What is asked before the request goes on: with its head, and with its body where ids are marked there. */
function requestGuard({ config, owners }: Guarding, isRead: boolean): Guard {
  const { body, parameters, reads, findTypeRead: find } = owners
  const changesHead = isRead && config.isEnforced && owners.isJudged
  const hasQuestion = reads.length > 0 || parameters !== undefined
  return {
    ...(changesHead || hasQuestion
      ? {
          onRequest: (exchange) => {
            // The fields of an answer to HEAD tell of the object; they are those of the answer that may be seen.
            if (changesHead && exchange.head.method === 'HEAD') exchange.upstreamMethod = 'GET'
            return hasQuestion ? ownsAsked(exchange, { config, owners }) : undefined
          },
        }
      : {}),
    ...(body === undefined
      ? {}
      : { onRequestBody: (exchange) => ownsMarked(exchange, body, { config, find }) }),
  }
}

async function ownsAsked(
  exchange: Exchange,
  { config, owners }: Guarding,
): Promise<Denial | undefined> {
  const { parameters, reads, findTypeRead: find } = owners
  const denial = await ownsAll(exchange, reads, { config, find })
  if (denial !== undefined || parameters === undefined) return denial
  return ownsMarked(exchange, parameters, { config, find })
}

/** Asked about a part, or whether something changed, the API says yes or no of an object that nobody has judged. */
const ASKS_FOR_LESS: ReadonlySet<string> = new Set([
  'a-im',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
])
/** Of an operation that changes something, preconditions stay: whose the object is was asked before. */
const ASKS_FOR_PARTS: ReadonlySet<string> = new Set(['a-im', 'if-range', 'range'])

function changesOf(owners: SiteOwners, isRead: boolean): Guard {
  const dropped = isRead ? ASKS_FOR_LESS : ASKS_FOR_PARTS
  const { mediaType } = owners
  return {
    dropsRequestHeader: (name) => name === 'accept' || dropped.has(name),
    onForward: (_exchange, headers) => void headers.push('accept', mediaType),
    // Where the API lists only what the caller may see, its counts and links are right.
    ...(owners.isList && owners.binding !== 'own' ? { dropsResponseHeader: tellsOfList } : {}),
  }
}

/** Refusals that say nothing of the object. */
const NOT_ABOUT_OBJECTS: ReadonlySet<number> = new Set([401, 408, 429])

function headDenial(
  exchange: Exchange,
  { status }: UpstreamResponse,
  { config, owners }: Guarding,
): Denial | undefined {
  if (status >= 500 || status < 200) return undefined
  if (status >= 400) {
    // Whether it is missing or another's, malformed or gone: one answer (CONTROLS AZN-04).
    const isOne = owners.isObject && config.isEnforced && config.denied === 404
    return isOne && !NOT_ABOUT_OBJECTS.has(status) ? MISSING : undefined
  }
  const isUnseen = status === 204 || status === 205 || status >= 300
  const isHidden = exchange.head.method === 'HEAD' && exchange.upstreamMethod === undefined
  if (owners.isObject && isUnseen) return foreign(config, [`status ${status} shows no owner`])
  if (status === 206) return foreign(config, ['a part of an object'])
  return isHidden && owners.isObject ? foreign(config, ['HEAD shows no owner']) : undefined
}
