import type { Site } from '../../pipeline/site.ts'
import { declaredProperties } from '../declared-properties.ts'
import type { Kit } from '../kit.ts'

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
  'loginname',
  'mobile',
  'msisdn',
  'nick',
  'nickname',
  'phone',
  'phonenumber',
  'uname',
  'user',
  'userid',
  'username',
])

/** What it may be called where no declared member names it: elsewhere a name is just a name. */
const LAST_NAMES: ReadonlySet<string> = new Set(['id', 'name', 'number'])

/** What a client proves itself by where no person is named: 128 bits and more, so nobody guesses them (RFC 6749 10.10). */
const GRANT_SECRETS: ReadonlyMap<unknown, string> = new Map([
  ['refresh_token', 'refresh_token'],
  ['authorization_code', 'code'],
])

/** Names that a log-in may call its account by; who sends more hides one among them. */
export const MAX_ACCOUNTS = 8
const MAX_DEPTH = 3

/**
 * Paths (`user.email`) of the members of a log-in body that name the account, one more than `MAX_ACCOUNTS` at most. Each
 * gets its own count, so that varying one of them gains nothing. Texts and numbers, also in a list or as `{ "$eq": … }`,
 * which some APIs take for the text: any other structure would carry the password into the key.
 * `declared`: names of members that the document calls an account by. Beside any other the account may be a plain name:
 * where requests are only watched, everybody may add a member, and a new one to each guess.
 */
export function accountPaths(
  body: unknown,
  declared: ReadonlySet<string> = NONE,
): readonly string[] {
  const found: string[] = []
  collect(body, '', { found, depth: 0, names: ACCOUNT_NAMES, isAccount: false })
  // With a password beside it, so that nobody gets a count of their own by adding a name to a code.
  if (!found.some((path) => isIn(declared, path)) && holdsPassword(body))
    collect(body, '', { found, depth: MAX_DEPTH, names: LAST_NAMES, isAccount: false })
  const secret = GRANT_SECRETS.get(memberOf(body, 'grant_type'))
  // A grant beside a person is an addition of whoever guesses at them.
  return secret !== undefined && isName(memberOf(body, secret)) && found.every(isProgram)
    ? [secret]
    : found
}

const NONE: ReadonlySet<string> = new Set()

/** Names of the body of an operation that it calls an account by, such as `email`. */
export function declaredAccounts({ operation }: Site, kit: Pick<Kit, 'apis'>): ReadonlySet<string> {
  const resources = kit.apis.get(operation.api)?.requestSchemas.resources
  const schemas = (operation.requestBody?.content ?? []).flatMap(({ schema }) => schema ?? [])
  return resources === undefined
    ? NONE
    : declaredProperties(schemas, resources, (name) => ACCOUNT_NAMES.has(folded(name)))
}

function folded(name: string): string {
  return name.replaceAll(/[-_]/g, '').toLowerCase()
}

/** Whether a step of a path is one of some names. */
function isIn(names: ReadonlySet<string>, path: string): boolean {
  return names.size > 0 && path.split('.').some((step) => names.has(step))
}

/** A program's id names no person; its secret is not guessed, but everybody could have it locked out. */
export function isProgram(path: string): boolean {
  const last = path.slice(path.lastIndexOf('.') + 1)
  return folded(last) === 'clientid'
}

interface Walk {
  readonly found: string[]
  readonly depth: number
  readonly names: ReadonlySet<string>
  /** Below a member that is called like an account. */
  readonly isAccount: boolean
}

function collect(value: unknown, prefix: string, walk: Walk): void {
  if (typeof value !== 'object' || value === null || walk.depth > MAX_DEPTH) return
  for (const [name, member] of Object.entries(value)) {
    if (walk.found.length > MAX_ACCOUNTS) return
    // A dot in a name would read as a step.
    if (name.includes('.')) continue
    const isSame = walk.isAccount && (Array.isArray(value) || name.startsWith('$'))
    const isAccount = isSame || walk.names.has(folded(name))
    if (isAccount && isName(member)) walk.found.push(prefix + name)
    else collect(member, `${prefix}${name}.`, { ...walk, depth: walk.depth + 1, isAccount })
  }
}

function holdsPassword(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false
  return Object.keys(body).some((name) => /^(?:pass(?:word|wd|phrase)?|pwd)$/i.test(name))
}

function isName(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || typeof value === 'number'
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}
