import type { RequestBody, ResponseModel } from '../model.ts'
import { childPlace } from './document-set.ts'
import type { Place } from './document-set.ts'
import { isOwnTrue, own, plainMembers } from './json-value.ts'
import { readContent } from './read-content.ts'
import { objectAt, warn } from './reader.ts'
import type { Reader } from './reader.ts'

/** Reads `requestBody`; `undefined` where none is declared. */
export function readRequestBody(reader: Reader, operation: Place): RequestBody | undefined {
  const at = objectAt(reader, operation, 'requestBody')
  if (at === undefined) return undefined
  return {
    required: isOwnTrue(at.value, 'required'),
    content: readContent(reader, at),
    source: reader.set.source(at),
  }
}

/** Reads `responses` by status. Keys that are no status declare nothing. */
export function readResponses(
  reader: Reader,
  operation: Place,
): ReadonlyMap<string, ResponseModel> {
  const found = new Map<string, ResponseModel>()
  const parent = childPlace(operation, 'responses')
  for (const [key] of plainMembers(parent.value)) {
    const status = key === 'default' ? key : key.toUpperCase()
    if (!/^(?:default|[1-5](?:[0-9]{2}|XX))$/.test(status)) {
      const message = `${JSON.stringify(key)} is no status (100 to 599, 1XX to 5XX, default) and declares nothing`
      warn(reader, 'invalid-status', message, childPlace(parent, key))
      continue
    }
    const at = objectAt(reader, parent, key)
    if (at !== undefined) found.set(status, readResponse(reader, status, at))
  }
  return found
}

function readResponse(reader: Reader, status: string, at: Place): ResponseModel {
  const headers = plainMembers(own(at.value, 'headers')).map(([name]) => name.toLowerCase())
  return {
    status,
    headers: new Set(headers),
    content: readContent(reader, at),
    source: reader.set.source(at),
  }
}
