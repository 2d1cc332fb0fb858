import type { Operation, Parameter, SecurityAlternative, SecurityScheme } from '../model.ts'
import { parseTemplate, shapeOf } from '../path-template.ts'
import { childPlace } from './document-set.ts'
import type { Place } from './document-set.ts'
import { isObject, isOwnTrue, items, members, ownString } from './json-value.ts'
import { readParameters } from './read-parameters.ts'
import { readRequestBody, readResponses } from './read-responses.ts'
import { readRequirements } from './read-security.ts'
import type { Requirements } from './read-security.ts'
import { noteLocalServers } from './read-servers.ts'
import { note, refuse, warn } from './reader.ts'
import type { Reader } from './reader.ts'

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']
/** Methods that the gateway never takes [WIRE-03]. */
const REFUSED_METHODS = new Set(['TRACE', 'CONNECT', 'TRACK'])
/** Most operations of one document. */
const MAX_OPERATIONS = 100_000

/** What the operations of a document share. */
export interface Shared {
  readonly api: string
  readonly schemes: Map<string, SecurityScheme>
  readonly security: Requirements
}

interface Index {
  readonly shared: Shared
  readonly operations: Operation[]
  readonly ids: Set<string>
  /** Method and shape of every template so far, with the template. */
  readonly shapes: Map<string, string>
}

/** A path that takes part: its item with references followed, and what its template names. */
interface PathEntry {
  readonly template: string
  /** Whether the document writes a fragment behind it. */
  readonly hasFragment: boolean
  readonly shape: string
  readonly names: readonly string[]
  readonly item: Place
}

/** Reads every operation under `paths`. Paths that no request can reach are left out, with a warning. */
export function readOperations(reader: Reader, root: Place, shared: Shared): readonly Operation[] {
  const index: Index = { shared, operations: [], ids: new Set(), shapes: new Map() }
  const paths = childPlace(root, 'paths')
  const entries = members(paths.value)
    .filter(([template]) => !template.startsWith('x-'))
    .map(([template]) => readPath(reader, paths, template))
    .filter((entry) => entry !== undefined)
  const found = entries.flatMap((entry) => {
    noteLocalServers(reader, entry.item)
    return methodsOf(reader, entry.item).map(({ method, place }) => ({ entry, method, place }))
  })
  for (const candidate of withoutVariants(reader, found)) addOperation(reader, index, candidate)
  if (index.operations.length === 0) {
    warn(
      reader,
      'no-operations',
      'the document declares no operation that a request can reach',
      paths,
    )
  }
  return index.operations
}

interface Candidate {
  readonly entry: PathEntry
  readonly method: string
  readonly place: Place
}

function keyOf({ entry, method }: Candidate): string {
  return `${method} ${entry.shape}`
}

/**
 * Some documents tell operations of one path apart by a fragment (`/tags#list`), which no request carries. Where only
 * one operation is left without it, that one is meant; else none of those with a fragment can be told from the others.
 */
function withoutVariants(reader: Reader, found: readonly Candidate[]): readonly Candidate[] {
  const counts = new Map<string, number>()
  for (const candidate of found)
    counts.set(keyOf(candidate), (counts.get(keyOf(candidate)) ?? 0) + 1)
  return found.filter((candidate) => {
    if (!candidate.entry.hasFragment || counts.get(keyOf(candidate)) === 1) return true
    const message =
      'no request can reach it: only a fragment tells it from another operation, and none is sent'
    warn(reader, 'unreachable-path', message, candidate.place)
    return false
  })
}

function readPath(reader: Reader, paths: Place, key: string): PathEntry | undefined {
  const written = childPlace(paths, key)
  const template = key.split('#', 1)[0] ?? ''
  const parsed = parseTemplate(template)
  if (!parsed.ok) {
    const message = `no request can reach ${JSON.stringify(key)}: ${parsed.message}`
    warn(reader, 'unreachable-path', message, written)
    return undefined
  }
  const item = followItem(reader, written)
  if (item === undefined) return undefined
  const hasFragment = template !== key
  return { template, hasFragment, shape: shapeOf(parsed.segments), names: parsed.names, item }
}

/** Members beside the `$ref` of a path item are not defined by the specification: the referred item counts alone. */
function followItem(reader: Reader, written: Place): Place | undefined {
  const item = reader.set.follow(written)
  if (item === undefined) return undefined
  if (!isObject(item.value)) {
    refuse(reader, 'malformed', 'expected a path item', item)
    return undefined
  }
  const beside = members(written.value).filter(
    ([key]) => !/^(?:\$ref|summary|description|x-.*)$/.test(key),
  )
  if (item !== written && beside.length > 0) {
    refuse(
      reader,
      'path-item-siblings',
      'a path item has either `$ref` or operations of its own',
      written,
    )
  }
  return item
}

function addOperation(reader: Reader, index: Index, candidate: Candidate): void {
  const { entry, method, place } = candidate
  if (index.operations.length >= MAX_OPERATIONS) {
    // The rest is not read: one error refuses the document.
    if (reader.findings.hasErrors) return
    return refuse(reader, 'too-many-operations', `more than ${MAX_OPERATIONS} operations`, place)
  }
  if (REFUSED_METHODS.has(method)) {
    return warn(reader, 'refused-method', `${method} is never let through`, place)
  }
  const rival = index.shapes.get(keyOf(candidate))
  if (rival !== undefined) {
    const message = `${method} ${entry.template} and ${method} ${rival} match the same requests; keep one of them`
    return refuse(reader, 'ambiguous-templates', message, place)
  }
  index.shapes.set(keyOf(candidate), entry.template)
  index.operations.push(readOperation(reader, index, candidate))
}

function methodsOf(reader: Reader, item: Place): readonly { method: string; place: Place }[] {
  const plain = reader.version === '3.2' ? [...METHODS, 'query'] : METHODS
  const found = plain.map((key) => ({ method: key.toUpperCase(), place: childPlace(item, key) }))
  const additional = childPlace(item, 'additionalOperations')
  if (reader.version === '3.2') {
    for (const [method] of members(additional.value)) {
      const place = childPlace(additional, method)
      if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/.test(method)) found.push({ method, place })
      else refuse(reader, 'malformed-method', `${JSON.stringify(method)} is no method`, place)
    }
  }
  return found.filter(({ place }) => {
    if (place.value === undefined || isObject(place.value)) return place.value !== undefined
    refuse(reader, 'malformed', 'expected an operation', place)
    return false
  })
}

function readOperation(reader: Reader, index: Index, candidate: Candidate): Operation {
  const { entry, method, place } = candidate
  noteLocalServers(reader, place)
  const { shared } = index
  const requestBody = readRequestBody(reader, place)
  if (requestBody !== undefined && ['GET', 'HEAD', 'DELETE'].includes(method)) {
    note(reader, 'body-without-meaning', `a body on ${method} has no defined meaning`, place)
  }
  return {
    api: shared.api,
    id: idOf(reader, index, candidate),
    method,
    template: entry.template,
    tags: items(childPlace(place, 'tags').value).filter((tag) => typeof tag === 'string'),
    summary: ownString(place.value, 'summary') ?? '',
    deprecated: isOwnTrue(place.value, 'deprecated'),
    security: securityOf(reader, place, shared),
    parameters: pathParameters(reader, entry, place),
    requestBody,
    responses: readResponses(reader, place),
    extensions: new Map(members(place.value).filter(([key]) => key.startsWith('x-'))),
    source: reader.set.source(place),
  }
}

function idOf(reader: Reader, index: Index, { entry, method, place }: Candidate): string {
  const { template } = entry
  const written = ownString(place.value, 'operationId')
  const fallback = `${method} ${template}`
  if (written === undefined || written === '' || index.ids.has(written)) {
    if (written !== undefined && written !== '') {
      const message = `the operationId ${JSON.stringify(written)} is taken; this one is named ${JSON.stringify(fallback)}`
      warn(reader, 'duplicate-operation-id', message, place)
    }
    index.ids.add(fallback)
    return fallback
  }
  index.ids.add(written)
  return written
}

function securityOf(
  reader: Reader,
  place: Place,
  shared: Shared,
): readonly SecurityAlternative[] | undefined {
  const own = readRequirements(reader, place, shared.schemes)
  const effective = own === 'absent' ? shared.security : own
  return effective === 'absent' ? undefined : effective
}

/**
 * The parameters, with path parameters exactly as the template names them: a variable that nobody declares is any text
 * of one segment, a declared one that the template lacks cannot be sent and is left out. Both with a warning.
 */
function pathParameters(reader: Reader, entry: PathEntry, place: Place): readonly Parameter[] {
  const declared = readParameters(reader, entry.item, place)
  const kept = declared.filter((parameter) => {
    if (parameter.place !== 'path' || entry.names.includes(parameter.name)) return true
    const message = `the path parameter ${JSON.stringify(parameter.name)} does not stand in ${entry.template}`
    warn(reader, 'unknown-path-parameter', message, place)
    return false
  })
  const missing = entry.names.filter(
    (name) => !kept.some((parameter) => parameter.place === 'path' && parameter.name === name),
  )
  for (const name of missing) {
    const message = `the variable ${JSON.stringify(name)} of ${entry.template} is not declared: any text passes`
    warn(reader, 'missing-path-parameter', message, place)
  }
  return [...kept, ...missing.map((name) => undeclared(reader, name, place))]
}

function undeclared(reader: Reader, name: string, place: Place): Parameter {
  return {
    name,
    place: 'path',
    required: true,
    style: 'simple',
    explode: false,
    allowReserved: false,
    allowEmptyValue: false,
    schema: undefined,
    content: undefined,
    source: reader.set.source(place),
  }
}
