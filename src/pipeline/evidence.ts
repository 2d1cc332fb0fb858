/**
 * How traffic may differ from the document. `request-…` and `parameter-…` name what enforcement would refuse,
 * `response-…` what it would drop or refuse; `response-open-schema` is passed either way, but nothing is filtered there;
 * `response-secret-field` was dropped at once.
 */
export type EvidenceKind =
  | 'request-unknown-field'
  | 'request-type'
  | 'request-missing-field'
  | 'request-constraint'
  | 'request-undeclared-body'
  | 'request-unknown-parameter'
  | 'parameter-type'
  | 'parameter-missing'
  | 'parameter-constraint'
  | 'response-undeclared-field'
  | 'response-undeclared-status'
  | 'response-undeclared-media-type'
  | 'response-open-schema'
  | 'response-type'
  | 'response-undeclared-cookie'
  | 'response-foreign-redirect'
  | 'response-secret-field'

/** One way in which an exchange differed from the document, told without any value of it. */
export interface Evidence {
  readonly kind: EvidenceKind
  /**
   * Where. Bodies: `application/json#/item/name` in requests, the status before it in responses; parameters:
   * `query/name`. Indexes and names that are data read `*`.
   */
  readonly pointer: string
  /** JSON text of an inferred schema, or of `{"keyword": …}` for a constraint; at most 4,000 characters. */
  readonly sample: string
}

/** Finds the evidence when asked, after the exchange: most exchanges are never asked. Must not throw. */
export type FindEvidence = () => readonly Evidence[]
