import { ConfigError } from '../base/config-error.ts'
import type { ConfigFault } from '../base/config-error.ts'

/** Mistakes of the operator as they are; anything else is a defect, and the plan in force stays all the same. */
export function planFaults(error: unknown): readonly ConfigFault[] {
  if (error instanceof ConfigError) return error.faults
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return [{ path: '', message: `cannot be compiled: ${cause}` }]
}
