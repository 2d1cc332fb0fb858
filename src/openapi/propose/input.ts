import type { InferredSchema } from '../infer/inferred-schema.ts'
import type { ApiModel, Operation } from '../model.ts'
import type { Difference } from './change.ts'

/** What proposals need besides the document. */
export interface ProposeOptions {
  /** Whether fields of a name hold secrets: such fields of responses are never proposed. */
  readonly isSecret: (name: string) => boolean
}

/** One difference with everything that is known of it. */
export interface Input {
  readonly model: ApiModel
  readonly operation: Operation
  readonly difference: Difference
  readonly shape: InferredSchema
  readonly options: ProposeOptions
}
