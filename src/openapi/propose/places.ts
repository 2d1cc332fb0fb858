import { basename } from 'node:path'
import { members, own } from '../load/json-value.ts'
import { childPointer, readPointer } from '../load/pointer.ts'
import { uriOfFile } from '../load/references.ts'
import type { ApiModel, SourceRef } from '../model.ts'
import type { DocumentPlace } from './change.ts'

/** URI of the root document, the only file an Overlay can change. */
export function rootUri({ files }: ApiModel): string {
  return uriOfFile(basename(files[0] ?? ''))
}

/** The root document as it was loaded, earlier Overlays applied. */
export function rootDocument(model: ApiModel): unknown {
  return model.registry.resource(rootUri(model))?.root
}

/** A source as a place. */
export function placeOf(_model: ApiModel, { file, pointer }: SourceRef): DocumentPlace {
  return { uri: uriOfFile(file), pointer }
}

/** Where a media type without a schema stands; `undefined` where the document has one by now. */
export function mediaPlace(
  model: ApiModel,
  owner: SourceRef,
  type: string,
): DocumentPlace | undefined {
  const { uri, pointer } = placeOf(model, owner)
  const content = own(readPointer(model.registry.resource(uri)?.root, pointer), 'content')
  const key = members(content)
    .map(([name]) => name)
    .find((name) => (name.split(';', 1)[0] ?? '').trim().toLowerCase() === type)
  if (key === undefined || own(own(content, key), 'schema') !== undefined) return undefined
  return { uri, pointer: childPointer(childPointer(pointer, 'content'), key) }
}
