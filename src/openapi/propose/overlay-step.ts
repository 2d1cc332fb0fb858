import type { ApiModel } from '../model.ts'
import type { Change } from './change.ts'

/** One action of an Overlay, without its description. @see Overlay Specification 1.0.0 section 4.4.3 */
export interface OverlayStep {
  readonly target: string
  readonly update?: unknown
  readonly remove?: true
}

/** A change with the place it is made at. */
export interface Site {
  readonly change: Change
  /** JSONPath of the place, and what stands there. */
  readonly target: string
  readonly here: unknown
  readonly version: ApiModel['openapi']
}
