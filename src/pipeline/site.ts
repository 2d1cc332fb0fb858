import type { Operation } from '../openapi/model.ts'
import type { Policy } from './policy.ts'

/** Where an operation lives in the gateway: the operation, what decides about it, and both paths. */
export interface Site {
  readonly operation: Operation
  readonly policy: Policy
  /** Base path the public sees, without trailing slash; the template follows. */
  readonly publicBase: string
  /** Base path the API knows. */
  readonly upstreamBase: string
  /** `host` or `host:port` under which the gateway calls the API, so that its addresses can be told. */
  readonly upstreamHost?: string
  /** Position in the plan. */
  readonly index: number
  /** `GET /v1/orders/{orderId}`: the label in logs and metrics. */
  readonly label: string
}
