import { existsSync, readFileSync } from 'node:fs'
import { compileAddressSet } from '../../src/base/cidr.ts'
import { systemClock } from '../../src/base/clock.ts'
import { didYouMean } from '../../src/base/suggest.ts'
import type { LoadedConfig } from '../../src/gateway/config/load-config.ts'
import type { KeyView } from '../../src/identity/keys/view.ts'
import type { VerifiedKey } from '../../src/identity/keys/verified-key.ts'
import { ANONYMOUS, NO_CLAIMS } from '../../src/identity/principal.ts'
import type { Principal } from '../../src/identity/principal.ts'
import type { TokenService } from '../../src/identity/tokens/service.ts'
import { CommandError } from '../failure.ts'
import { openKeyDesk } from '../open-key-desk.ts'
import { keyIdOf } from '../keys.ts'
import type { ConfigOptions } from '../load.ts'

/** Who is asked about. */
export interface Caller {
  readonly principal: Principal
  readonly key: VerifiedKey | undefined
  /** Why the credential itself is refused, such as `key_revoked`. */
  readonly reason: string | undefined
  /** Whether any credential is theirs that the operation takes. */
  readonly isAnyKind?: true
}

/** The flags that describe a caller. */
export interface CallerOptions extends ConfigOptions {
  readonly as?: string
  readonly claim?: readonly string[]
  readonly scope?: readonly string[]
  readonly role?: readonly string[]
  readonly group?: readonly string[]
}

const FORMS = 'key:ID, token:FILE, role:NAME,NAME, sub:ISSUER|SUBJECT or anonymous'
/** Longest file with a token. */
const MAX_TOKEN_BYTES = 65_536

/** Reads `--as`. Rejects with `CommandError` where it names nobody. */
export async function callerOf(
  options: CallerOptions,
  loaded: LoadedConfig,
  tokens: TokenService,
): Promise<Caller> {
  const { as = '' } = options
  if (as === 'anonymous') return { principal: ANONYMOUS, key: undefined, reason: undefined }
  if (as.startsWith('sub:')) return tokenCaller(as.slice('sub:'.length), options, loaded)
  if (as.startsWith('role:')) return roleCaller(as.slice('role:'.length), options, loaded)
  if (as.startsWith('token:')) return tokenIn(as.slice('token:'.length), tokens)
  if (as.startsWith('key:')) return keyCaller(keyIdOf(as), options, loaded)
  throw new CommandError(`--as ${as.slice(0, 60)} names nobody`, FORMS)
}

function tokenCaller(text: string, options: CallerOptions, loaded: LoadedConfig): Caller {
  const bar = text.lastIndexOf('|')
  const issuer = text.slice(0, Math.max(bar, 0))
  const subject = text.slice(bar + 1)
  if (bar <= 0 || subject === '') throw new CommandError(`--as sub:${text} names nobody`, FORMS)
  const isKnown = loaded.settings.auth.issuers.some((known) => known.issuer === issuer)
  return {
    key: undefined,
    reason: isKnown ? undefined : 'token_issuer',
    principal: {
      id: `${issuer}|${subject}`,
      kind: 'jwt',
      subject,
      issuer,
      credentialId: '',
      scopes: new Set(options.scope),
      roles: options.role ?? [],
      groups: options.group ?? [],
      claims: claimsOf(options.claim ?? []),
      operations: undefined,
      expiresAtMs: Infinity,
    },
  }
}

/** Somebody who has these roles and nothing else, with whatever credential the operation takes. */
function roleCaller(text: string, options: CallerOptions, { settings }: LoadedConfig): Caller {
  const roles = [...text.split(',').map((role) => role.trim()), ...(options.role ?? [])]
  const known = settings.blocks.authorize.roles
  const unknown = roles.find((role) => role === '' || known?.has(role) === false)
  if (unknown !== undefined)
    throw new CommandError(
      `there is no role "${unknown.slice(0, 60)}"`,
      didYouMean(unknown, known?.keys() ?? []) ?? 'see authorize.roles',
    )
  return {
    key: undefined,
    reason: undefined,
    isAnyKind: true,
    principal: {
      ...ANONYMOUS,
      id: `role:${roles.join(',')}`,
      kind: 'jwt',
      subject: 'somebody',
      scopes: new Set(options.scope),
      roles,
      groups: options.group ?? [],
      claims: claimsOf(options.claim ?? []),
      operations: undefined,
    },
  }
}

/** A real token: verified as when it comes, so that the issuer's keys are fetched. */
async function tokenIn(file: string, tokens: TokenService): Promise<Caller> {
  const text = readFileSync(file, 'utf8')
    .slice(0, MAX_TOKEN_BYTES)
    .trim()
    .replace(/^Bearer +/i, '')
  const found = await tokens.verify(text, systemClock.nowMs())
  if ('principal' in found) return { key: undefined, reason: undefined, principal: found.principal }
  const principal: Principal = { ...ANONYMOUS, id: `token:${file}`, kind: 'jwt' }
  return { key: undefined, reason: found.reason, principal }
}

/** `name=value`; a value that is JSON is taken as such. */
function claimsOf(claims: readonly string[]): Principal['claims'] {
  const found: Record<string, unknown> = Object.assign(Object.create(null), NO_CLAIMS)
  for (const claim of claims) {
    const sign = claim.indexOf('=')
    if (sign <= 0) throw new CommandError(`--claim ${claim} says nothing`, 'write name=value')
    found[claim.slice(0, sign)] = valueOf(claim.slice(sign + 1))
  }
  return found
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text // a plain word is a text
  }
}

async function keyCaller(
  id: string,
  options: CallerOptions,
  { settings }: LoadedConfig,
): Promise<Caller> {
  const view = await keyView(id, options, settings.store)
  if (view === undefined)
    throw new CommandError(`there is no key ${id.slice(0, 40)}`, 'sallyport keys list shows them')
  const { cidrs, origins, operations } = view
  const principal: Principal = {
    id: `key:${view.id}`,
    kind: 'apiKey',
    subject: view.owner,
    issuer: '',
    credentialId: view.id,
    scopes: new Set(view.scopes),
    roles: view.roles,
    groups: view.groups,
    claims: NO_CLAIMS,
    operations: operations === null ? undefined : new Set(operations),
    expiresAtMs: view.expiresAt === null ? Infinity : Date.parse(view.expiresAt),
  }
  const restrictions = {
    cidrs: cidrs === null ? undefined : compileAddressSet(cidrs, 'cidrs'),
    origins: origins === null ? undefined : new Set(origins),
  }
  return {
    principal,
    key: { principal, kind: view.kind, restrictions },
    reason: view.state === 'active' ? undefined : `key_${view.state}`,
  }
}

/** Looks at the gateway or the store; a store that does not exist is not made for it. */
async function keyView(
  id: string,
  options: ConfigOptions,
  store: LoadedConfig['settings']['store'],
): Promise<KeyView | undefined> {
  if (store.kind === 'sqlite' && !existsSync(store.path)) return undefined
  const desk = await openKeyDesk(options)
  try {
    return await desk.show(id)
  } finally {
    await desk.close()
  }
}
