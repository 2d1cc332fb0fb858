import type { SchemaRef } from '../model.ts'
import type { DocumentSet, Place } from './document-set.ts'
import { childPlace } from './document-set.ts'
import type { Findings } from './findings.ts'
import { isObject } from './json-value.ts'
import type { OpenApiVersion } from './structure.ts'

/** What every part of the reader needs: the files, the version, and where to say what is wrong. */
export interface Reader {
  readonly set: DocumentSet
  readonly findings: Findings
  readonly version: OpenApiVersion
}

/** Reports an error at a place. */
export function refuse(reader: Reader, code: string, message: string, place: Place): void {
  reader.findings.error(code, message, reader.set.source(place))
}

/** Reports a warning at a place. */
export function warn(reader: Reader, code: string, message: string, place: Place): void {
  reader.findings.warning(code, message, reader.set.source(place))
}

/** Reports a note at a place. */
export function note(reader: Reader, code: string, message: string, place: Place): void {
  reader.findings.note(code, message, reader.set.source(place))
}

/** The member `key`, references followed, when it is an object. Reports a wrong kind; `undefined` where it is missing. */
export function objectAt(reader: Reader, place: Place, key: string | number): Place | undefined {
  const member = childPlace(place, key)
  if (member.value === undefined) return undefined
  const target = reader.set.follow(member)
  if (target === undefined) return undefined
  if (isObject(target.value)) return target
  refuse(reader, 'malformed', 'expected an object', target)
  return undefined
}

/** The schema at member `key`, as it stands (references inside schemas belong to the schema engine). */
export function schemaAt(place: Place, key: string): SchemaRef | undefined {
  const { uri, pointer, value } = childPlace(place, key)
  return value === undefined ? undefined : { uri, pointer, schema: value }
}
