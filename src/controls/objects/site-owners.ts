import { ConfigError } from '../../base/config-error.ts'
import { isJson } from '../../http/media-type.ts'
import type { Operation, ResponseModel, SchemaRef } from '../../openapi/model.ts'
import { mentions } from '../../pipeline/conditions/mentions.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'
import { settingPath } from '../setting-path.ts'
import { declaredResponse } from '../responses/declared.ts'
import type { FindTypeRead } from './ask-owner.ts'
import { jsonContent, successes } from './json-success.ts'
import { isPagedRequest, listBinding } from './list-binding.ts'
import type { ListBinding } from './list-binding.ts'
import { listFacts } from './list-counts.ts'
import type { ListFacts } from './list-counts.ts'
import { refuseUnknownCallers } from './nobody-known.ts'
import { OBJECT_MARK } from './object-mark.ts'
import type { OwnerPlace } from './owner-places.ts'
import { ownersOf } from './owners.ts'
import { preReadsOf } from './pre-reads.ts'
import type { PreRead } from './pre-reads.ts'
import { scannedNames } from './scan-members.ts'
import type { ScannedNames } from './scan-members.ts'
import { unreadable } from './schema-rules.ts'
import { bodyMarks, parameterMarks } from './request-marks.ts'
import type { RequestMarks } from './request-marks.ts'

/** How one declared answer is judged. */
export interface AnswerJudge {
  readonly place: OwnerPlace
  /** The members that are all there is to judge by; `undefined` where the whole answer is looked at. */
  readonly members: ScannedNames | undefined
  /** What the answer says about its lists; `undefined` where it holds none. */
  readonly list: ListFacts | undefined
}

/** All that is known at load of the owners of what one operation shows or changes. */
export interface SiteOwners {
  readonly reads: readonly PreRead[]
  /** What the document says of ids in the parameters, and in the body. */
  readonly parameters: RequestMarks | undefined
  readonly body: RequestMarks | undefined
  /** How an answer with this status is judged; `undefined`: it holds nothing of anybody. */
  judgeOf(status: number): AnswerJudge | undefined
  /** How objects that are named by an id are asked for. */
  readonly findTypeRead: FindTypeRead
  /** Some answer is judged. */
  readonly isJudged: boolean
  /** A GET that shows one object with an owner, found by an id in its path. */
  readonly isObject: boolean
  /** What is asked of the API: other media types cannot be judged. */
  readonly mediaType: string
  /** Some answer holds a list of objects with owners. */
  readonly isList: boolean
  /** How that list stands to its caller. */
  readonly binding: ListBinding
  /** The list comes in parts: what is left out of one shows by what is missing there. */
  readonly isPaged: boolean
}

const KNOWN = new WeakMap<Kit, Map<Site, SiteOwners | undefined>>()

/** Finds the owners of an operation, once; `undefined` where there are none. Throws `ConfigError`. */
export function siteOwners(site: Site, kit: Kit): SiteOwners | undefined {
  const known = KNOWN.get(kit) ?? new Map<Site, SiteOwners | undefined>()
  KNOWN.set(kit, known)
  if (!known.has(site)) known.set(site, findOwners(site, kit))
  return known.get(site)
}

function findOwners(site: Site, kit: Kit): SiteOwners | undefined {
  const owners = ownersOf(site, kit)
  const resources = kit.apis.get(site.operation.api)?.responseSchemas.resources
  if (owners === undefined || resources === undefined) return undefined
  const { operation } = site
  const judgeFor = (ref: SchemaRef): AnswerJudge | undefined => {
    const place = owners.placeOf(site, ref)
    if (place === undefined) return undefined
    return { place, members: membersOf(place), list: listFacts(ref, place, resources) }
  }
  const judges = judgesOf(operation, judgeFor)
  const reads = preReadsOf(site, owners, kit)
  const [first] = judges.values()
  refuseIdleRule(site, first)
  const parameters = parameterMarks(site, kit)
  const body = bodyMarks(site, kit)
  for (const type of [...(parameters?.types ?? []), ...(body?.types ?? [])])
    if (!owners.hasRead(type)) throw unreadable(type, `${OBJECT_MARK} of ${site.label}`)
  const isMarked = parameters !== undefined || body !== undefined
  if (first === undefined && reads.length === 0 && !isMarked) return undefined
  refuseUnknownCallers(site)
  const binding = listBinding(site, kit, reads.length)
  const lists = [...judges.values()].flatMap(({ list }) => list ?? [])
  refuseAggregates(site, lists)
  if (binding === 'mixed') refuseTraces(site, lists)
  const isVaried = operation.parameters.some(({ place }) => place === 'path')
  return {
    reads,
    parameters,
    body,
    isJudged: first !== undefined,
    findTypeRead: (type) => owners.typeReadOf(site, type),
    isList: lists.length > 0,
    binding,
    isPaged:
      isPagedRequest(site) || lists.some(({ pages, traces }) => pages.length + traces.length > 0),
    isObject: operation.method === 'GET' && isVaried && (first?.place.rules.length ?? 0) > 0,
    mediaType: jsonTypeOf(operation),
    judgeOf: (status) => {
      if (status >= 300) return undefined
      const declared = declaredResponse(operation, status)
      // What is not declared is judged as what is: nothing passes because it came with another status.
      const judge = declared === undefined ? first : judges.get(declared)
      return judge ?? (declared?.status.startsWith('2') === true ? undefined : first)
    },
  }
}

/** One object with rules on its own plain members, and nothing with an owner inside. */
function membersOf({ rules, members, rest, prefix, items }: OwnerPlace): ScannedNames | undefined {
  const inner = [...members.values(), ...prefix, rest, items]
  if (inner.some((one) => one?.isGuarded === true) || rules.length === 0) return undefined
  if (rules.some(({ rule, mayBe }) => mayBe !== undefined || rule.condition.reads === undefined))
    return undefined
  const reads = rules.flatMap(({ rule }) => [...(rule.condition.reads ?? [])])
  const names = reads.flatMap((read) => (read.startsWith('response') ? [read.slice(9)] : []))
  return scannedNames([...new Set(names)])
}

function judgesOf(
  operation: Operation,
  judgeFor: (ref: SchemaRef) => AnswerJudge | undefined,
): ReadonlyMap<ResponseModel, AnswerJudge> {
  const judges = new Map<ResponseModel, AnswerJudge>()
  for (const response of successes(operation)) {
    for (const { schema } of jsonContent(response)) {
      const judge = schema === undefined ? undefined : judgeFor(schema)
      if (judge !== undefined && !judges.has(response)) judges.set(response, judge)
    }
  }
  return judges
}

function jsonTypeOf(operation: Operation): string {
  const types = successes(operation).flatMap((response) =>
    jsonContent(response).map(({ type }) => type),
  )
  return types.find((type) => isJson(type)) ?? 'application/json'
}

/** A rule about a response that nobody can read would let everything pass, or nothing. */
function refuseIdleRule(site: Site, judge: AnswerJudge | undefined): void {
  const { id, method } = site.operation
  const text = site.policy.authorize.operations.get(id)
  const at = `authorize.operations.${id}`
  if (text === undefined || method !== 'GET' || judge !== undefined) return
  if (!mentions(text, 'response', at)) return
  throw new ConfigError({
    path: at,
    message: `${site.label} declares no JSON answer that could be judged`,
    cure: 'declare the schema of its answer, or name what the request holds',
  })
}

/** Where a list goes on, and that it does, is said of what is left out as well. Throws `ConfigError`. */
function refuseTraces({ operation, label }: Site, lists: readonly ListFacts[]): void {
  const names = lists.flatMap(({ traces }) => traces.map((path) => path.join('.')))
  if (names.length === 0) return
  throw new ConfigError({
    path: settingPath('authorize.queries', operation.id),
    message: `${label} pages through what is not the caller's too, and ${names.join(', ')} would tell of it`,
    cure: `write ${settingPath('authorize.queries', operation.id)}: own where the API lists only what its caller may see, a rule under authorize.operations, or x-sallyport-object: public at the field`,
  })
}

function refuseAggregates(site: Site, lists: readonly ListFacts[]): void {
  const names = lists.flatMap(({ aggregates }) => aggregates.map((path) => path.join('.')))
  if (names.length === 0) return
  throw new ConfigError({
    path: `authorize.operations.${site.operation.id}`,
    message: `${site.label} leaves out what is not the caller's, but ${names.join(', ')} would still tell of it`,
    cure: 'write x-sallyport-object: public at a field that everybody may know',
  })
}
