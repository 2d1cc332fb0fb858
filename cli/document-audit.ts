import { isJson } from '../src/http/media-type.ts'
import type { LoadedApi } from '../src/gateway/load-apis.ts'
import type { Operation, SchemaRef, SourceRef } from '../src/openapi/model.ts'
import type { Resources, Site } from '../src/openapi/schema/resources.ts'
import { isUnboundedPage } from '../src/controls/parameters/page-cap.ts'
import { SchemaWalk } from './schema-walk.ts'

/** What a schema of a request leaves open. */
export type OpenKind = 'string' | 'array' | 'number' | 'any' | 'page'

/** A schema of requests without a bound. @see CONTROLS VAL-02 */
export interface OpenSchema {
  readonly kind: OpenKind
  readonly source: SourceRef
}

/** What the document of one API leaves open. */
export interface DocumentAudit {
  /** Operations for which the document says nothing of security. */
  readonly withoutSecurity: readonly Operation[]
  readonly deprecated: readonly Operation[]
  /** Schemas of requests without bounds; at most 10,000. */
  readonly open: readonly OpenSchema[]
  /** Operations whose answers hold parts without declared fields, so that whatever stands there is returned. */
  readonly unfilterable: readonly { readonly operation: Operation; readonly source: SourceRef }[]
}

const MAX_OPEN = 10_000

/** Looks for what the document of an API leaves open. The API must be compiled: its findings are used. */
export function auditDocument({ runtime, findings }: LoadedApi): DocumentAudit {
  const { operations } = runtime.model
  const requests = runtime.requestSchemas.resources
  const answers = runtime.responseSchemas.resources
  const marks = new Set(
    findings
      .filter(({ code }) => code === 'unfilterable-response')
      .map(({ source }) => markOf(source)),
  )
  const walk = new SchemaWalk(answers)
  return {
    withoutSecurity: operations.filter(({ security }) => security === undefined),
    deprecated: operations.filter(({ deprecated }) => deprecated),
    open: openSchemas(operations, requests),
    unfilterable: operations.flatMap((operation) => {
      const source = firstMarked(walk.reachable(responseSchemas(operation)), marks)
      return source === undefined ? [] : [{ operation, source }]
    }),
  }
}

function responseSchemas({ responses }: Operation): readonly SchemaRef[] {
  return [...responses.values()].flatMap(({ content }) =>
    content.flatMap(({ type, schema }) => (schema !== undefined && isJson(type) ? [schema] : [])),
  )
}

function markOf({ file, pointer }: SourceRef): string {
  return `${file}#${pointer}`
}

function firstMarked(sites: Iterable<Site>, marks: ReadonlySet<string>): SourceRef | undefined {
  if (marks.size === 0) return undefined
  for (const { resource, pointer } of sites) {
    const source = { file: resource.file, pointer }
    if (marks.has(markOf(source))) return source
  }
  return undefined
}

function openSchemas(
  operations: readonly Operation[],
  resources: Resources,
): readonly OpenSchema[] {
  const roots = operations.flatMap(({ parameters, requestBody }) => [
    ...parameters.flatMap(({ schema, content }) => schema ?? content?.schema ?? []),
    ...(requestBody?.content ?? []).flatMap(({ schema }) => schema ?? []),
  ])
  const pages = pageSchemas(operations, resources)
  const found: OpenSchema[] = []
  const around = new Map<unknown, Keywords>()
  for (const site of new SchemaWalk(resources).reachable(roots)) {
    if (found.length >= MAX_OPEN) break
    const keywords = { ...around.get(site.schema), ...resources.keywords(site) }
    for (const branch of branchesOf(site)) around.set(branch, boundsOf(keywords))
    const kind = pages.has(site.schema) ? 'page' : isBytes(site) ? undefined : openKind(keywords)
    const source = { file: site.resource.file, pointer: site.pointer }
    if (kind !== undefined) found.push({ kind, source })
  }
  return found
}

/** The schemas of parameters by which clients say how much they want of a list, as objects. */
function pageSchemas(operations: readonly Operation[], resources: Resources): ReadonlySet<unknown> {
  return new Set(
    operations.flatMap((operation) =>
      operation.parameters
        .filter((parameter) => isUnboundedPage(operation, parameter, resources))
        .map(({ schema }) => schema?.schema),
    ),
  )
}

type Keywords = ReturnType<Resources['keywords']>

/** What stands beside `anyOf` holds for each of its branches: a text or null, with one length for both. */
function branchesOf({ schema }: Site): readonly unknown[] {
  if (typeof schema !== 'object' || schema === null) return []
  const lists: readonly unknown[] = Object.entries(schema).flatMap(([name, value]) =>
    name === 'anyOf' || name === 'oneOf' ? [value] : [],
  )
  return lists.flatMap((list) => (Array.isArray(list) ? list : []))
}

const BOUNDS = ['maxLength', 'maxItems', 'minimum', 'maximum', 'pattern', 'format', 'enum'] as const

function boundsOf(keywords: Keywords): Keywords {
  return Object.fromEntries(
    BOUNDS.flatMap((name) => (keywords[name] === undefined ? [] : [[name, keywords[name]]])),
  )
}

/** Keywords that say something of the value by other means. */
const ELSEWHERE = ['$ref', 'enum', 'const', 'allOf', 'anyOf', 'oneOf', 'format', 'pattern'] as const

/** Keywords by which a schema without a type holds values all the same. */
const ASSERTIONS = ['properties', 'items', 'required', 'not', 'if', 'additionalProperties'] as const

function openKind(keywords: Keywords): OpenKind | undefined {
  const has = (name: string): boolean => keywords[name] !== undefined
  const { type } = keywords
  const types: readonly unknown[] = Array.isArray(type) ? type : [type]
  if (types.includes('array')) return has('maxItems') ? undefined : 'array'
  if (ELSEWHERE.some(has)) return undefined
  if (types.includes('string')) return has('maxLength') ? undefined : 'string'
  if (types.includes('number') || types.includes('integer')) {
    const upper = has('maximum') || has('exclusiveMaximum')
    return upper && (has('minimum') || has('exclusiveMinimum')) ? undefined : 'number'
  }
  return type === undefined && !ASSERTIONS.some(has) ? 'any' : undefined
}

/** The bytes of an upload are bounded by `validate.maxBody`. */
function isBytes({ schema }: Site): boolean {
  return typeof schema === 'object' && schema !== null && 'format' in schema
    ? schema.format === 'binary'
    : false
}
