import type { Operation, SecurityAlternative } from '../../openapi/model.ts'

/** Names of operations and last path segments that hand out identity, words with dashes between. */
const AUTH_WORD =
  /(?:^|[^a-z])(?:log-?ins?|log-?on|sign-?ins?|sign-?on|authenticate|auth|tokens?|oauth2?|otp|totp|mfa|2fa|magic-?links?|verify(?:-[a-z]+)?|(?:reset|forgot|forgotten|change|recover)-?(?:my-|your-|the-)?(?:password|pin)|(?:password|pin)-?(?:reset|recovery|forgot|change)(?:-requests?)?|sessions?)(?:$|[^a-z])/i

/** The clear ones: nobody calls anything else so. */
const LOG_IN_WORD =
  /(?:^|[^a-z])(?:log-?in|log-?on|sign-?in|sign-?on|authenticate|otp|totp|2fa|(?:reset|forgot|recover)-?password|password-?(?:reset|recovery|forgot))(?:$|[^a-z])/i

/** Ends of identity, and lists that only sound like it. */
const OTHER_WORD =
  /(?:^|[^a-z])(?:log-?outs?|sign-?outs?|revoke|introspect|webhooks?|push)(?:$|[^a-z])/i

/**
 * Whether an operation hands out or proves identity: a POST open to callers without a credential whose name or last
 * path segments say log-in, token, OTP, or password reset. Where the document says nothing about security, the
 * gateway's key tells which program calls, not which person: a clear log-in is one there too, and so is what takes a form
 * and is called a token's, as the password grant of OAuth does.
 */
export function isAuthOperation(operation: Operation): boolean {
  if (!takesPlainBodies(operation)) return false
  if (operation.security === undefined)
    return sounds(operation, LOG_IN_WORD) || (takesForm(operation) && soundsLikeAuth(operation))
  return isOpen(operation.security) && soundsLikeAuth(operation)
}

/** As `isAuthOperation`, whoever may call: documents that say nothing about security have log-ins too. */
export function soundsLikeAuth(operation: Operation): boolean {
  return sounds(operation, AUTH_WORD)
}

/** Log-ins proper: whoever succeeds has proven something. */
const PROVING_WORD =
  /(?:^|[^a-z])(?:log-?in|log-?on|sign-?in|sign-?on|authenticate|tokens?|oauth2?|sessions?)(?:$|[^a-z])/i

/** What anybody may ask for in the name of another: a mail, a code, a link. */
const ASKING_WORD =
  /(?:^|[^a-z])(?:otp|totp|mfa|2fa|magic-?links?|links?|codes?|send|resend|request|reset|forgot|forgotten|recover|recovery|password|pin)(?:$|[^a-z])/i

/** Whether success at an operation proves that the caller knows the secret of the account that the body names. */
export function provesIdentity(operation: Operation): boolean {
  return sounds(operation, PROVING_WORD) && !sounds(operation, ASKING_WORD)
}

function sounds({ method, id, template }: Operation, word: RegExp): boolean {
  if (method !== 'POST') return false
  const segments = template.split('/').filter((part) => part !== '' && !part.startsWith('{'))
  // `/password/reset` says in two segments what `/reset-password` says in one.
  const place = dashed(segments.slice(-2).join('-'))
  const last = dashed(segments.at(-1) ?? '')
  const name = id.includes('/') ? '' : dashed(id)
  if (OTHER_WORD.test(last) || OTHER_WORD.test(name)) return false
  return word.test(last) || word.test(name) || PASSWORD_PLACE.test(place)
}

const PASSWORD_PLACE = /^(?:passwords?|pins?)-(?:reset|forgot|forgotten|recovery|recover|change)$/i

function dashed(text: string): string {
  return text.replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2').replaceAll('_', '-')
}

/** JSON or a form, or no body at all: an upload of documents is no log-in, whatever it is called. */
function takesPlainBodies({ requestBody }: Operation): boolean {
  const types = requestBody?.content.map(({ type }) => type) ?? []
  return types.length === 0 || types.some((type) => PLAIN.test(type))
}

function takesForm({ requestBody }: Operation): boolean {
  return (requestBody?.content ?? []).some(({ type }) => type === FORM)
}

const FORM = 'application/x-www-form-urlencoded'
const PLAIN = /json$|\*|^application\/x-www-form-urlencoded$/

function isOpen(security: readonly SecurityAlternative[]): boolean {
  return security.length === 0 || security.some((all) => all.length === 0)
}
