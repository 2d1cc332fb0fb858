import type { Operation } from '../../openapi/model.ts'

/**
 * Whether a permission covers an operation: `*`, `op:<operationId>`, a scope the document asks for, or a scope family
 * `orders:*`. A scope permission covers an operation only when it covers every scope of one of its alternatives.
 */
export function permits(permissions: readonly string[], operation: Operation): boolean {
  if (permissions.includes('*') || permissions.includes(`op:${operation.id}`)) return true
  const alternatives = operation.security ?? []
  return alternatives.some((all) => {
    const scopes = all.flatMap((one) => one.scopes)
    return (
      scopes.length > 0 && scopes.every((scope) => permissions.some((own) => covers(own, scope)))
    )
  })
}

function covers(permission: string, scope: string): boolean {
  return (
    permission === scope || (permission.endsWith(':*') && scope.startsWith(permission.slice(0, -1)))
  )
}
