import type { MediaType, ParameterStyle, PropertyEncoding } from '../model.ts'
import { childPlace } from './document-set.ts'
import type { Place } from './document-set.ts'
import { isObject, items, own, ownString, plainMembers } from './json-value.ts'
import { note, objectAt, refuse, schemaAt } from './reader.ts'
import type { Reader } from './reader.ts'

const MAX_EXAMPLES = 100

/** Reads a `content` map. Two entries that differ in parameters only are one: the first counts. */
export function readContent(reader: Reader, parent: Place): readonly MediaType[] {
  const content = childPlace(parent, 'content')
  if (content.value === undefined) return []
  if (!isObject(content.value)) {
    refuse(reader, 'malformed', 'expected an object of media types', content)
    return []
  }
  const found = new Map<string, MediaType>()
  for (const [name] of plainMembers(content.value)) {
    const entry = objectAt(reader, content, name)
    if (entry === undefined) continue
    const type = essence(name) || unnamedType(reader, entry)
    if (!/^[^\s/;]+\/[^\s/;]+$/.test(type)) {
      note(
        reader,
        'unknown-media-type',
        `${JSON.stringify(name)} is no media type and never matches`,
        entry,
      )
    } else if (found.has(type)) {
      note(reader, 'duplicate-media-type', `${type} is declared twice; the first counts`, entry)
    } else found.set(type, readMediaType(reader, type, entry))
  }
  return [...found.values()]
}

/** Some generators leave the name of a type empty where nothing says it: a structure then is meant as JSON. */
function unnamedType(reader: Reader, entry: Place): string {
  const type = own(own(entry.value, 'schema'), 'type')
  const isText = own(entry.value, 'schema') === undefined || type === 'string'
  const meant = isText ? '*/*' : 'application/json'
  note(reader, 'unnamed-media-type', `a media type without a name is taken for ${meant}`, entry)
  return meant
}

/** Type and subtype in lower case, without parameters. */
function essence(name: string): string {
  return (name.split(';', 1)[0] ?? '').trim().toLowerCase()
}

function readMediaType(reader: Reader, type: string, place: Place): MediaType {
  return {
    type,
    schema: schemaAt(place, 'schema'),
    itemSchema: reader.version === '3.2' ? schemaAt(place, 'itemSchema') : undefined,
    encoding: readEncoding(place),
    examples: readExamples(reader, place),
  }
}

function readEncoding(place: Place): ReadonlyMap<string, PropertyEncoding> {
  const result = new Map<string, PropertyEncoding>()
  for (const [name, value] of plainMembers(own(place.value, 'encoding'))) {
    const explode = own(value, 'explode')
    result.set(name, {
      contentType: ownString(value, 'contentType'),
      style: queryStyle(ownString(value, 'style')),
      explode: typeof explode === 'boolean' ? explode : undefined,
    })
  }
  return result
}

function queryStyle(style: string | undefined): ParameterStyle | undefined {
  const styles: readonly ParameterStyle[] = [
    'form',
    'spaceDelimited',
    'pipeDelimited',
    'deepObject',
  ]
  return styles.find((known) => known === style)
}

function readExamples(reader: Reader, place: Place): readonly unknown[] {
  const found: unknown[] = []
  const single = own(place.value, 'example')
  if (single !== undefined) found.push(single)
  const examples = own(place.value, 'examples')
  if (Array.isArray(examples)) return [...found, ...items(examples).slice(0, MAX_EXAMPLES)]
  for (const [name] of plainMembers(examples).slice(0, MAX_EXAMPLES)) {
    const member = childPlace(childPlace(place, 'examples'), name)
    const example = isObject(member.value) ? reader.set.follow(member)?.value : undefined
    const value = own(example, 'dataValue') ?? own(example, 'value')
    if (value !== undefined) found.push(value)
  }
  return found
}
