import type { Operation, ResponseModel, SchemaRef } from '../../openapi/model.ts'

/**
 * The declared response for a status: exact, then its class (`4XX`), then `default`. OpenAPI 3.1 "Responses Object".
 * Documents declare the whole, not its parts: a 206 is a part of what 200 declares (RFC 9110 section 15.3.7).
 */
export function declaredResponse(operation: Operation, status: number): ResponseModel | undefined {
  const { responses } = operation
  return (
    responses.get(String(status)) ??
    (status === 206 ? responses.get('200') : undefined) ??
    responses.get(`${Math.floor(status / 100)}XX`) ??
    responses.get('default')
  )
}

/** Every schema of a response, whatever its media type. */
export function schemasOf({ content }: ResponseModel): readonly SchemaRef[] {
  return content.flatMap(({ schema, itemSchema }) => [schema ?? [], itemSchema ?? []].flat())
}
