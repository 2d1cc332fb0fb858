import { isJson } from '../../http/media-type.ts'
import type { MediaType, Operation, ResponseModel, SchemaRef } from '../../openapi/model.ts'

/** Declared responses that may carry what was asked for: 2xx, and `default` where it is all there is. */
export function successes({ responses }: Operation): readonly ResponseModel[] {
  const all = [...responses.values()]
  const found = all.filter(({ status }) => status.startsWith('2'))
  return found.length > 0 ? found : all.filter(({ status }) => status === 'default')
}

/** The declared media types of a response in which JSON may come: its own, and ranges such as all. */
export function jsonContent({ content }: ResponseModel): readonly MediaType[] {
  return content.filter(({ type }) => isJson(type) || type.includes('*'))
}

/** The schemas of what an operation returns as JSON, the most specific first. */
export function returnedSchemas(operation: Operation): readonly SchemaRef[] {
  return successes(operation).flatMap((response) =>
    jsonContent(response).flatMap(({ schema }) => schema ?? []),
  )
}
