import { JSON_LIMITS } from '../../http/json-limits.ts'
import type { JsonLimits } from '../../http/json-limits.ts'
import { parseJsonStrict } from '../../http/json-scan.ts'
import { isJson, parseMediaType } from '../../http/media-type.ts'
import type { MediaType, Operation, SchemaRef } from '../../openapi/model.ts'
import type { Guard } from '../../pipeline/control.ts'
import type { Denial, DenialError } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { shownViews } from '../shown-views.ts'
import type { FindOwner } from '../shown-views.ts'
import { invalidStatus } from '../body/denials.ts'
import type { CallerRoles } from '../caller-roles.ts'
import type { FieldMarks } from '../field-marks.ts'
import type { Kit } from '../kit.ts'
import { barredIn, MAY_NOT_SET, patchFaults } from './json-patch.ts'
import { readAccess } from './read-access.ts'
import { isUpdate, writeViews } from './write-rules.ts'
import type { WriteView } from './write-rules.ts'

const JSON_PATCH = 'application/json-patch+json'
const MERGE_PATCH = 'application/merge-patch+json'

/** What writing needs besides the rules. */
export interface WriteDeps {
  readonly marks: FieldMarks
  readonly findOwner: FindOwner
  readonly sites: Kit['sites']
  readonly roles: CallerRoles
}

type Judge = (exchange: Exchange, value: unknown) => readonly DenialError[]

/** Refuses bodies that set what their caller may not; `undefined` where no rule stands in any body of the operation. */
export function writeGuard(site: Site, deps: WriteDeps): Guard | undefined {
  const content = site.operation.requestBody?.content ?? []
  const plain = plainJudge(site, content, deps)
  const patch = content.some(({ type }) => type === JSON_PATCH) ? patchJudge(site, deps) : undefined
  if (plain === undefined && patch === undefined) return undefined
  const status = invalidStatus(site.operation)
  const { maxDepth, maxNames } = site.policy.validate
  const limits = { ...JSON_LIMITS, maxDepth, maxNames }
  return {
    onRequestBody: (exchange, body) => {
      if (body.length === 0) return undefined
      const type = exchange.head.headers.get('content-type') ?? ''
      const essence = parseMediaType(type)?.essence ?? ''
      const judge = essence === JSON_PATCH ? patch : plain
      if (judge === undefined) return undefined
      const read = valueOf(exchange, body, { essence, limits })
      // Whoever may set everything may send what nobody here can read.
      if (read === undefined) return judge(exchange, UNREAD).length > 0 ? UNREADABLE : undefined
      return denialOf(judge(exchange, read.value), status)
    },
  }
}

/** Stands for a body that could hold anything. */
const UNREAD = Symbol('unread')
const UNREADABLE: Denial = Object.freeze({
  reason: 'field_unreadable',
  detail: 'the caller may not set some fields, and the body cannot be read',
})

interface Reading {
  readonly essence: string
  readonly limits: JsonLimits
}

/** What `body` read, or, where it read nothing, the JSON that the bytes are. */
function valueOf(
  exchange: Exchange,
  body: Buffer,
  { essence, limits }: Reading,
): { readonly value: unknown } | undefined {
  if (exchange.hasBodyValue) return { value: exchange.body }
  if (!isJson(essence)) return undefined
  const parsed = parseJsonStrict(exchange.bodyBytes ?? body, limits)
  return parsed.fault === undefined ? { value: parsed.value } : undefined
}

function denialOf(errors: readonly DenialError[], status: number): Denial | undefined {
  if (errors.length === 0) return undefined
  const detail = errors.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; ')
  return { reason: 'field', status, errors, detail: detail.slice(0, 1000) }
}

/** Bodies that are, or hold members of, the object itself. */
function plainJudge(site: Site, content: readonly MediaType[], deps: WriteDeps): Judge | undefined {
  const isMerge = content.some(({ type }) => type === MERGE_PATCH)
  const own = content
    .filter(({ type }) => type !== JSON_PATCH)
    .flatMap(({ schema, itemSchema }) => [schema ?? [], itemSchema ?? []].flat())
  // The schema of a patch often says no more than `object`: it is judged as the object that it changes, too.
  const refs = isMerge ? [...own, ...changedObject(site, deps)] : own
  if (refs.length === 0) return undefined
  const kind = { isUpdate: isUpdate(site.operation), countsReadOnly: isMerge }
  const views = writeViews(deps.marks.place(refs), kind)
  return views === undefined
    ? undefined
    : (exchange, value) => {
        const view = views.of(deps.roles.of(exchange))
        return view === undefined ? [] : plainFaults(value, view, isMerge)
      }
}

function plainFaults(
  value: unknown,
  view: NonNullable<WriteView>,
  isMerge: boolean,
): readonly DenialError[] {
  if (value === UNREAD) return [{ pointer: '', detail: MAY_NOT_SET }]
  const nulled = isMerge ? nulledAbove(value, view, '') : []
  return [...barredIn(value, view), ...nulled].map((pointer) => ({
    pointer,
    detail: MAY_NOT_SET,
  }))
}

/** Members that a merge patch takes away or replaces whole, and with them what may not be set (RFC 7396 section 2). */
function nulledAbove(
  value: unknown,
  { inner }: NonNullable<WriteView>,
  pointer: string,
): readonly string[] {
  if (inner === undefined) return []
  if (typeof value !== 'object' || value === null) return [pointer]
  if (Array.isArray(value)) return []
  return Object.entries(value).flatMap(([name, member]) => {
    const edge = inner.members.get(name)
    const isInside = edge?.decision === undefined && edge !== undefined
    const at = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    return isInside && inner.members.size > 0 ? nulledAbove(member, edge, at) : []
  })
}

function patchJudge(site: Site, deps: WriteDeps): Judge | undefined {
  const refs = changedObject(site, deps)
  if (refs.length === 0) return undefined
  const fields = deps.marks.place(refs)
  const write = writeViews(fields, { isUpdate: true, countsReadOnly: true })
  const read = shownViews(fields, readAccess, deps.findOwner)
  if (write === undefined && read === undefined) return undefined
  return (exchange, value) => {
    const roles = deps.roles.of(exchange)
    const views = { write: write?.of(roles), read: read?.of(roles) }
    if (views.write === undefined && views.read === undefined) return []
    return value === UNREAD
      ? [{ pointer: '', detail: MAY_NOT_SET }]
      : patchFaults(value, { fields, ...views })
  }
}

/** The object that a patch changes: what the same path answers to a GET, what it takes with a PUT, or what the patch answers. */
function changedObject({ operation }: Site, { sites }: WriteDeps): readonly SchemaRef[] {
  const others = sites
    .map((site) => site.operation)
    .filter(({ api, template }) => api === operation.api && template === operation.template)
  const answered = others
    .filter(({ method }) => method === 'GET')
    .concat(operation)
    .flatMap(answeredSchemas)
  const taken = others
    .filter(({ method }) => method === 'PUT')
    .flatMap(({ requestBody }) => requestBody?.content ?? [])
    .flatMap(({ schema }) => schema ?? [])
  return [...answered, ...taken]
}

function answeredSchemas({ responses }: Operation): readonly SchemaRef[] {
  return [...responses.values()]
    .filter(({ status }) => status.startsWith('2'))
    .flatMap(({ content }) =>
      content.flatMap(({ type, schema }) => (isJson(type) ? (schema ?? []) : [])),
    )
}
