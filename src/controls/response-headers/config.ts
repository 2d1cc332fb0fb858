import type { Policy } from '../../pipeline/policy.ts'

export interface ResponseHeadersConfig {
  /** Origins that may embed answers; with any, the resource policy follows CORS. */
  readonly isShared: boolean
}

export function configureResponseHeaders({ listen }: Policy): ResponseHeadersConfig {
  return { isShared: listen.cors.length > 0 }
}
