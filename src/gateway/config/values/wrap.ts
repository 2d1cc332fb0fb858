import { ConfigError } from '../../../base/config-error.ts'
import type { ValueSource } from '../../../identity/wrapped/wrap-rule.ts'
import { showValue } from '../report.ts'

const MEMBERS = /^[\w$@:-]{1,100}(?:\.[\w$@:-]{1,100}){0,7}$/

/** Reads the path of a member of a JSON object: `auth_token`, `data.token`; at most 8 steps. Throws `ConfigError`. */
export function parseMemberPath(text: string, path: string): readonly string[] {
  if (MEMBERS.test(text)) return text.split('.')
  throw new ConfigError({
    path,
    message: `${showValue(text)} is not the path of a member`,
    cure: 'write auth_token, or data.token for a member of a member',
  })
}

/** Reads the name of a header field or a cookie, RFC 9110 section 5.6.2. Throws `ConfigError`. */
export function parseFieldName(text: string, path: string): string {
  if (/^[\w!#$%&'*+.^`|~-]{1,100}$/.test(text)) return text
  throw new ConfigError({ path, message: `${showValue(text)} is no name of a header or cookie` })
}

/** Reads where a value stands: `sub`, `user.id` in the token, `response.user.id`, `request.email`. Throws `ConfigError`. */
export function parseValueSource(text: string, path: string): ValueSource {
  const [first = '', ...rest] = parseMemberPath(text, path)
  if (rest.length > 0 && (first === 'response' || first === 'request' || first === 'token'))
    return { from: first, path: rest }
  return { from: 'token', path: [first, ...rest] }
}
