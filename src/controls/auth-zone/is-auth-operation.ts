import type { Operation, SecurityAlternative } from '../../openapi/model.ts'

const AUTH_WORD =
  /(?:^|[^a-z])(?:log-?in|sign-?in|authenticate|auth|token|oauth|otp|verify|(?:reset|forgot|change|recover)[-_]?password|password[-_]?(?:reset|recovery)|sessions?)(?:$|[^a-z])/i

/**
 * Whether an operation hands out or proves identity: a POST open to callers without a credential whose name or last
 * path segment says log-in, token, OTP, or password reset.
 */
export function isAuthOperation(operation: Operation): boolean {
  return isOpen(operation.security) && soundsLikeAuth(operation)
}

/** As `isAuthOperation`, whoever may call: documents that say nothing about security have log-ins too. */
export function soundsLikeAuth(operation: Operation): boolean {
  if (operation.method !== 'POST') return false
  const words = operation.id.replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
  const segment =
    operation.template.split('/').findLast((part) => part !== '' && !part.startsWith('{')) ?? ''
  return AUTH_WORD.test(segment) || (!words.includes('/') && AUTH_WORD.test(words))
}

function isOpen(security: readonly SecurityAlternative[] | undefined): boolean {
  return (
    security !== undefined && (security.length === 0 || security.some((all) => all.length === 0))
  )
}
