import type { Operation, ResponseModel } from '../../openapi/model.ts'

/** The declared response for a status: exact, then its class (`4XX`), then `default`. OpenAPI 3.1 "Responses Object". */
export function declaredResponse(operation: Operation, status: number): ResponseModel | undefined {
  const { responses } = operation
  return (
    responses.get(String(status)) ??
    responses.get(`${Math.floor(status / 100)}XX`) ??
    responses.get('default')
  )
}
