import { ConfigError } from '../../base/config-error.ts'
import { applicable } from '../../openapi/schema/facts.ts'
import type { Resources } from '../../openapi/schema/resources.ts'
import { compileCondition } from '../../pipeline/conditions/condition.ts'
import type { Condition } from '../../pipeline/conditions/condition.ts'
import { judgedWithFacts } from '../../pipeline/conditions/facts.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { conditionScope } from '../condition-scope.ts'
import { declaredProperties } from '../declared-properties.ts'
import type { Kit } from '../kit.ts'
import { ownsNamed } from './ask-owner.ts'
import type { FindTypeRead } from './ask-owner.ts'
import type { ObjectsConfig } from './config.ts'
import { foreign, ownerUnknown } from './denials.ts'
import { idText, MAX_LOOKUPS } from './lookups.ts'
import type { Named } from './lookups.ts'
import { markIn, OBJECT_MARK, readObjectMark } from './object-mark.ts'
import type { ObjectMark } from './object-mark.ts'

/** What the document says of ids in one part of a request: whose objects they must be of. */
export interface RequestMarks {
  /** Types that are asked for. */
  readonly types: ReadonlySet<string>
  readonly rules: readonly Condition[]
  /** Finds the ids in a request; `undefined` where one is none. */
  readonly named: (exchange: Exchange) => readonly Named[] | undefined
}

interface MarkedParameter {
  readonly place: 'path' | 'query' | 'header' | 'cookie'
  readonly name: string
  readonly type: string
}

/** What is said of the parameters of an operation; `undefined`: nothing. Throws `ConfigError`. */
export function parameterMarks(site: Site, kit: Kit): RequestMarks | undefined {
  const marked: MarkedParameter[] = []
  const rules: Condition[] = []
  for (const { name, place, extensions, source } of site.operation.parameters) {
    const at = `${source.file}#${source.pointer}/${OBJECT_MARK}`
    const mark = readObjectMark(extensions?.get(OBJECT_MARK), at)
    if (mark === undefined || mark === 'public' || place === 'querystring') continue
    if (mark.type !== undefined) marked.push({ place, name, type: mark.type })
    if (mark.rule !== undefined)
      rules.push(compileCondition(mark.rule, conditionScope(site, kit), at))
  }
  const late = rules.find(({ needs }) => needs === 'body' || needs === 'response')
  if (late !== undefined)
    throw new ConfigError({
      path: late.at,
      message: `${late.text} looks at what is not there yet with the parameters`,
      cure: `write authorize.operations.${site.operation.id}`,
    })
  if (marked.length + rules.length === 0) return undefined
  const types = new Set(marked.map(({ type }) => type))
  return { types, rules, named: ({ parameters }) => namedParameters(parameters, marked) }
}

function namedParameters(
  parameters: Exchange['parameters'],
  marked: readonly MarkedParameter[],
): readonly Named[] | undefined {
  const found: Named[] = []
  for (const { place, name, type } of marked) {
    const value = parameters?.[place][place === 'header' ? name.toLowerCase() : name]
    if (parameters === undefined || !addIds(value, type, found)) return undefined
  }
  return found
}

/** What is said of properties of the body; `undefined`: nothing. Throws `ConfigError`. */
export function bodyMarks(site: Site, kit: Kit): RequestMarks | undefined {
  const { operation } = site
  const resources = kit.apis.get(operation.api)?.requestSchemas.resources
  const schemas = (operation.requestBody?.content ?? []).flatMap(({ schema }) => schema ?? [])
  if (resources === undefined || schemas.length === 0) return undefined
  const types = new Map<string, string>()
  declaredProperties(schemas, resources, (name, property) => {
    const mark = markOf(property, resources)
    if (mark?.type !== undefined) types.set(name, mark.type)
    return false
  })
  if (types.size === 0) return undefined
  return {
    types: new Set(types.values()),
    rules: [],
    named: ({ body, hasBodyValue }) => {
      const found: Named[] = []
      return !hasBodyValue || collect(body, { types, found, depth: 0 }) ? found : undefined
    },
  }
}

function markOf(
  property: Parameters<Parameters<typeof declaredProperties>[2]>[1],
  resources: Resources,
): ObjectMark | undefined {
  for (const { site } of applicable(resources, property)) {
    const at = `${site.resource.file}#${site.pointer}/${OBJECT_MARK}`
    const mark = readObjectMark(markIn(site.schema), at)
    if (typeof mark === 'object') return mark
  }
  return undefined
}

interface Collecting {
  readonly types: ReadonlyMap<string, string>
  readonly found: Named[]
  readonly depth: number
}

const MAX_DEPTH = 256

/** By name, not by place: a name that is marked somewhere in the body is held everywhere in it. */
function collect(value: unknown, { types, found, depth }: Collecting): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (depth > MAX_DEPTH) return false
  for (const [name, inner] of Object.entries(value)) {
    const type = Array.isArray(value) ? undefined : types.get(name)
    if (type !== undefined && isIdLike(inner)) {
      if (!addIds(inner, type, found)) return false
    } else if (!collect(inner, { types, found, depth: depth + 1 })) return false
  }
  return true
}

function isIdLike(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Array.isArray(value)
}

/** An id, a list of ids, or none; false for anything else, and for more than may be asked for. */
function addIds(value: unknown, type: string, found: Named[]): boolean {
  if (value === undefined || value === null) return true
  for (const one of Array.isArray(value) ? value : [value]) {
    const id = idText(one)
    if (id === undefined) return false
    if (!found.some((known) => known.id === id && known.type === type)) found.push({ type, id })
    if (found.length > MAX_LOOKUPS) return false
  }
  return true
}

/** Refuses a request whose ids are not of the caller's objects. */
export async function ownsMarked(
  exchange: Exchange,
  { rules, named }: RequestMarks,
  { config, find }: { readonly config: ObjectsConfig; readonly find: FindTypeRead },
): Promise<Denial | undefined> {
  const denial = await judgedWithFacts<Denial | undefined>(exchange, {
    judge: () => {
      const failed = rules.find((rule) => !rule.holds(exchange))
      return failed === undefined ? undefined : foreign(config, [`does not hold: ${failed.text}`])
    },
    isFinal: (found) => found === undefined,
    unknown: ownerUnknown,
  })
  if (denial !== undefined) return denial
  const all = named(exchange)
  if (all === undefined) return foreign(config, ['an id that is none, or too many of them'])
  const answers = await Promise.all(all.map((one) => ownsNamed(exchange, one, find)))
  const index = answers.findIndex((isOwn) => isOwn !== true)
  if (index < 0) return undefined
  return answers[index] === undefined
    ? ownerUnknown()
    : foreign(config, [`names a ${all[index]?.type ?? ''} of somebody else`])
}
