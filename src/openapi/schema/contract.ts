import type { Finding, SchemaRegistry } from '../model.ts'

/** One way in which a value breaks its schema. Names the place, never the value. */
export interface Violation {
  /** JSON Pointer into the value (RFC 6901); for an unknown or missing field, the pointer of that field. */
  readonly pointer: string
  /** The schema keyword that failed, such as `type`, `maxLength`, `unevaluatedProperties`, `readOnly`. */
  readonly keyword: string
  /** Short and free of input, such as `must be integer`. */
  readonly message: string
}

/** Returns `undefined` when the value is fine, else at most 32 violations. Never throws. */
export type Validate = (value: unknown) => readonly Violation[] | undefined

/** As `Validate`, in slices, with other requests served between; never rejects. For values that are large. */
export type SlicedValidate = (value: unknown) => Promise<readonly Violation[] | undefined>

/** What a filter did with a value. */
export interface Filtered {
  /** The value without undeclared fields; the same object when nothing was dropped. */
  readonly value: unknown
  /** Pointers of the dropped fields with the name and kind of each; empty when nothing was dropped. At most 100. */
  readonly dropped: readonly string[]
}

/** Most places a filter tells when it is asked for open ones. */
export const MAX_FILTER_PLACES = 100_000

/**
 * Never throws, never changes its input. `open` takes the pointers of objects about whose fields no schema says
 * anything, so that they stay as they are; with it, `dropped` tells more than the first hundred too. Both hold at most
 * `MAX_FILTER_PLACES`.
 */
export type Filter = (value: unknown, open?: string[]) => Filtered

/** Bounds for what the document leaves unbounded; `Infinity`: none. */
export interface Caps {
  /** Characters of a string without `maxLength`. */
  readonly maxLength: number
  /** Items of an array without `maxItems`. */
  readonly maxItems: number
}

export interface CompileOptions {
  readonly registry: SchemaRegistry
  /** `readOnly` is refused in requests, `writeOnly` in responses. */
  readonly direction: 'request' | 'response'
  /** `refuse`: as if `unevaluatedProperties: false` stood at every object that names properties and does not say otherwise. */
  readonly unknownFields: 'refuse' | 'allow'
  /** Assert `format` (requests do; the test suite of JSON Schema does not). */
  readonly formats: boolean
  /** Absent: only the bounds of the document hold. */
  readonly caps?: Caps | undefined
  /** Takes what is worth telling the operator: keywords that cannot be done, catastrophic patterns, unfilterable schemas. */
  report(finding: Finding): void
}
