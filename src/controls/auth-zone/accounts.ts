/** Members that name the account somebody logs in to, without dashes and in lower case. */
const ACCOUNT_NAMES: ReadonlySet<string> = new Set([
  'account',
  'accountid',
  'clientid',
  'email',
  'emailaddress',
  'handle',
  'identifier',
  'login',
  'loginid',
  'mobile',
  'msisdn',
  'phone',
  'phonenumber',
  'user',
  'userid',
  'username',
])

/** What a client proves itself by where no person is named: 128 bits and more, so nobody guesses them (RFC 6749 10.10). */
const GRANT_SECRETS: ReadonlyMap<unknown, string> = new Map([
  ['refresh_token', 'refresh_token'],
  ['authorization_code', 'code'],
])

const MAX_ACCOUNTS = 4
const MAX_DEPTH = 3

/**
 * Paths (`user.email`) of the members of a log-in body that name the account, at most 4. Each gets its own count, so
 * that varying one of them gains nothing. Only texts and numbers: a structure would carry the password into the key.
 */
export function accountPaths(body: unknown): readonly string[] {
  const found: string[] = []
  collect(body, '', { found, depth: 0 })
  const secret = GRANT_SECRETS.get(memberOf(body, 'grant_type'))
  return secret !== undefined && isName(memberOf(body, secret)) ? [secret] : found
}

function collect(
  value: unknown,
  prefix: string,
  walk: { readonly found: string[]; readonly depth: number },
): void {
  if (typeof value !== 'object' || value === null || walk.depth > MAX_DEPTH) return
  for (const [name, member] of Object.entries(value)) {
    if (walk.found.length >= MAX_ACCOUNTS) return
    // A dot in a name would read as a step.
    if (name.includes('.')) continue
    const isAccount = ACCOUNT_NAMES.has(name.replaceAll(/[-_]/g, '').toLowerCase())
    if (isAccount && isName(member)) walk.found.push(prefix + name)
    else collect(member, `${prefix}${name}.`, { ...walk, depth: walk.depth + 1 })
  }
}

function isName(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || typeof value === 'number'
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}
