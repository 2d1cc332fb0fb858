import type { InferredSchema } from '../infer/inferred-schema.ts'

/** One way in which traffic differed from the document, as the books of adoption keep it. */
export interface Difference {
  /** Operation id. */
  readonly operation: string
  readonly kind: string
  readonly pointer: string
  readonly sample: string
  readonly count: number
}

/** Where something stands in the files of a document. */
export interface DocumentPlace {
  readonly uri: string
  readonly pointer: string
}

/** What is to be done to the document at a place. Differences that ask for the same change share it. */
export interface Change {
  readonly action:
    | 'add-property'
    | 'add-items'
    | 'fill-schema'
    | 'add-schema'
    | 'widen-type'
    | 'add-alternative'
    | 'make-optional'
    | 'drop-keyword'
    | 'add-response'
    | 'add-media-type'
    | 'add-body'
    | 'add-parameter'
    | 'retype-parameter'
    | 'parameter-optional'
    | 'declare-cookies'
  readonly at: DocumentPlace
  /** Property, status, parameter, keyword: what the action is about; empty where the place says it all. Several on lines. */
  readonly name: string
  /** Media type of a body that is added. */
  readonly mediaType: string | undefined
  readonly shape: InferredSchema
  /** A field of requests that decides about rights: a person should look twice. */
  readonly isDelicate: boolean
}

/** What becomes of one difference. */
export type Outcome =
  | { readonly state: 'proposed'; readonly change: Change }
  /** The document says it already. */
  | { readonly state: 'settled' }
  /** A secret: never proposed. */
  | { readonly state: 'kept-out'; readonly why: string }
  /** Only a person can say what is right. */
  | { readonly state: 'by-hand'; readonly why: string }
  /** Worth knowing, and nothing that enforcement would break. */
  | { readonly state: 'note'; readonly why: string }

export const SETTLED: Outcome = Object.freeze({ state: 'settled' })

/** Only a person can say what is right. */
export function byHand(why: string): Outcome {
  return { state: 'by-hand', why }
}

/** A proposal; parts that are not said are empty. */
export function proposed(
  change: Pick<Change, 'action' | 'at'> & Partial<Change>,
): Extract<Outcome, { state: 'proposed' }> {
  return {
    state: 'proposed',
    change: { name: '', mediaType: undefined, shape: {}, isDelicate: false, ...change },
  }
}
