import type { Parameter, ParameterPlace, ParameterStyle } from '../model.ts'
import { childPlace } from './document-set.ts'
import type { Place } from './document-set.ts'
import { isObject, isOwnTrue, items, members, own, ownString } from './json-value.ts'
import { readContent } from './read-content.ts'
import { note, refuse, schemaAt, warn } from './reader.ts'
import type { Reader } from './reader.ts'

const STYLES: ReadonlyMap<ParameterPlace, readonly ParameterStyle[]> = new Map([
  ['path', ['simple', 'label', 'matrix']],
  ['query', ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject']],
  ['header', ['simple']],
  ['cookie', ['form', 'cookie']],
  ['querystring', ['form']],
])

/** Header parameters of these names are ignored. @see OpenAPI 3.2.0 section 4.12.2 */
const IGNORED_HEADERS = new Set(['accept', 'content-type', 'authorization'])

/** Names that no request may carry [WIRE-06]. */
const FORBIDDEN_NAMES = new Set(['__proto__', 'constructor', 'prototype'])

/** The parameters of a path item, overridden and followed by those of an operation. */
export function readParameters(
  reader: Reader,
  pathItem: Place,
  operation: Place,
): readonly Parameter[] {
  const merged = new Map(readList(reader, pathItem))
  for (const [key, parameter] of readList(reader, operation)) merged.set(key, parameter)
  const list = [...merged.values()]
  const wholes = list.filter((parameter) => parameter.place === 'querystring')
  if (wholes.length > 1 || (wholes.length === 1 && list.some((one) => one.place === 'query'))) {
    refuse(
      reader,
      'querystring-conflict',
      '`querystring` excludes every other query parameter',
      operation,
    )
  }
  return list
}

function readList(reader: Reader, parent: Place): ReadonlyMap<string, Parameter> {
  const list = childPlace(parent, 'parameters')
  const found = new Map<string, Parameter>()
  if (list.value !== undefined && !Array.isArray(list.value)) {
    refuse(reader, 'malformed', 'expected a list of parameters', list)
  }
  for (const index of items(list.value).keys()) {
    const place = childPlace(list, index)
    const target = reader.set.follow(place)
    const parameter = target === undefined ? undefined : readParameter(reader, target)
    if (parameter === undefined) continue
    const key = keyOf(parameter)
    if (found.has(key)) {
      const message = `the ${parameter.place} parameter ${JSON.stringify(parameter.name)} is declared twice; the first counts`
      warn(reader, 'duplicate-parameter', message, place)
    } else found.set(key, parameter)
  }
  return found
}

function keyOf(parameter: Parameter): string {
  const name = parameter.place === 'header' ? parameter.name.toLowerCase() : parameter.name
  return `${parameter.place} ${name}`
}

function readParameter(reader: Reader, at: Place): Parameter | undefined {
  const name = ownString(at.value, 'name')
  const where = ownString(at.value, 'in')
  const place = [...STYLES.keys()].find((known) => known === where)
  if (name === '') {
    warn(
      reader,
      'unnamed-parameter',
      'a parameter without a name cannot be sent and is left out',
      at,
    )
    return undefined
  }
  if (!isObject(at.value) || name === undefined || place === undefined) {
    refuse(reader, 'malformed-parameter', 'a parameter needs `name` and `in`', at)
    return undefined
  }
  if (place === 'header' && IGNORED_HEADERS.has(name.toLowerCase())) {
    const message = `the header parameter ${name} is ignored; the media type or the security scheme says it`
    note(reader, 'ignored-header-parameter', message, at)
    return undefined
  }
  if (FORBIDDEN_NAMES.has(name)) {
    warn(reader, 'forbidden-parameter-name', `no request may carry a parameter named ${name}`, at)
  }
  return complete(reader, at, { name, place })
}

function complete(
  reader: Reader,
  at: Place,
  { name, place }: { readonly name: string; readonly place: ParameterPlace },
): Parameter | undefined {
  const style = styleOf(reader, at, place)
  const schema = schemaAt(at, 'schema')
  const content = schema === undefined ? readContent(reader, at) : []
  if (style === undefined) return undefined
  if (schema === undefined && content.length === 0) {
    warn(
      reader,
      'untyped-parameter',
      `the parameter ${JSON.stringify(name)} has no schema: any text passes`,
      at,
    )
  }
  if (content.length > 1) {
    refuse(reader, 'malformed-parameter', '`content` of a parameter has exactly one media type', at)
  }
  const explode = own(at.value, 'explode')
  return {
    name,
    place,
    required: place === 'path' || isOwnTrue(at.value, 'required'),
    style,
    explode: typeof explode === 'boolean' ? explode : style === 'form' || style === 'cookie',
    allowReserved: isOwnTrue(at.value, 'allowReserved'),
    allowEmptyValue: isOwnTrue(at.value, 'allowEmptyValue'),
    schema,
    content: content[0],
    extensions: new Map(members(at.value).filter(([key]) => key.startsWith('x-'))),
    source: reader.set.source(at),
  }
}

function styleOf(reader: Reader, at: Place, place: ParameterPlace): ParameterStyle | undefined {
  const allowed = STYLES.get(place) ?? []
  const written = own(at.value, 'style')
  if (written === undefined) return allowed[0]
  const style = allowed.find((known) => known === written)
  if (style === undefined) {
    const message = `the style ${JSON.stringify(written)} does not go with \`in: ${place}\`; it can be ${allowed.join(', ')}`
    refuse(reader, 'unknown-style', message, childPlace(at, 'style'))
  }
  return style
}
