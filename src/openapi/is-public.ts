import type { Operation } from './model.ts'

/** Whether callers without a credential may come: `security: []`, or an alternative that asks for nothing. */
export function isPublic({ security }: Pick<Operation, 'security'>): boolean {
  return (
    security !== undefined && (security.length === 0 || security.some((all) => all.length === 0))
  )
}
