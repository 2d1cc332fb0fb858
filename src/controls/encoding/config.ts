import type { Policy } from '../../pipeline/policy.ts'

export interface EncodingConfig {
  /** Whether JSON is written so that it can stand in HTML. */
  readonly encodesJson: boolean
}

export function configureEncoding({ data }: Policy): EncodingConfig {
  return { encodesJson: data.encode === 'html' }
}
