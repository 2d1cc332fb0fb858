import type { Policy } from '../../pipeline/policy.ts'

export interface OverloadConfig {
  /** The event loop is too late above this. */
  readonly delayMs: number
  /** For so long before anything is refused. */
  readonly afterMs: number
  readonly priority: 'low' | 'normal'
}

export function configureOverload({ limits }: Policy): OverloadConfig | undefined {
  const { overload, priority } = limits
  // What matters most is served as long as anything is.
  if (overload === undefined || priority === 'high') return undefined
  return { ...overload, priority }
}
