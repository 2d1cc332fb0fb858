import { hash } from 'node:crypto'
import { memo } from '../../base/memo.ts'
import { PrincipalNotes } from '../principal.ts'
import type { Principal } from '../principal.ts'
import { isObject, member } from './compact.ts'
import type { CompactToken, JsonObject } from './compact.ts'
import type { Issuer } from './issuer-settings.ts'

/** Why a token is refused; stable codes for the log. Only `token_keys_unavailable` is no fault of the caller (503). */
export type TokenReason =
  | 'token_malformed'
  | 'token_alg'
  | 'token_key'
  | 'token_signature'
  | 'token_expired'
  | 'token_not_yet'
  | 'token_lifetime'
  | 'token_issuer'
  | 'token_audience'
  | 'token_type'
  | 'token_claims'
  | 'token_bound'
  | 'token_keys_unavailable'

/** A refused token. */
export interface TokenRefusal {
  readonly reason: TokenReason
  /** For the log; names claims, holds nothing of the token but times. */
  readonly detail: string
}

/** Paths of the claims that hold roles and groups, such as `['realm_access', 'roles']`. */
export interface ClaimPaths {
  readonly roles: readonly string[]
  readonly groups: readonly string[]
}

const AT_JWT = 'at+jwt'
const LENIENT_TYPES: ReadonlySet<string | undefined> = new Set([AT_JWT, 'jwt', undefined])
/** OpenID Connect Core section 2 and Back-Channel Logout section 2.4: what only other kinds of tokens carry. */
const FOREIGN_CLAIMS: readonly string[] = [
  'nonce',
  'at_hash',
  'c_hash',
  's_hash',
  'events',
  'htm',
  'htu',
]
const MAX_SUBJECT_CHARS = 512
const MAX_NAMES = 1000
// oxlint-disable-next-line no-control-regex -- controls are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/

/** Checks the kind of a token before anything is computed. RFC 8725 section 3.11, RFC 9068 section 4. */
export function checkType(typ: string | undefined, issuer: Issuer): TokenRefusal | undefined {
  const isRight = issuer.typ === 'any' ? LENIENT_TYPES.has(typ) : typ === AT_JWT
  return isRight
    ? undefined
    : { reason: 'token_type', detail: 'typ is not that of an access token' }
}

/**
 * Checks the claims of a token whose signature was verified [TOK-04, TOK-05]: times, audience, subject and client,
 * kind of token, sender constraint. `iss` was compared when the issuer was chosen. `claims` have no prototype. Never throws.
 */
export function checkClaims(
  claims: JsonObject,
  issuer: Issuer,
  nowMs: number,
): TokenRefusal | undefined {
  return (
    checkTimes(claims, issuer, nowMs / 1000) ??
    checkAudience(claims, issuer) ??
    checkKind(claims) ??
    checkNames(claims, issuer) ??
    checkScopes(claims)
  )
}

function refuse(reason: TokenReason, detail: string): TokenRefusal {
  return { reason, detail }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function checkTimes(claims: JsonObject, issuer: Issuer, now: number): TokenRefusal | undefined {
  const { toleranceSeconds: tolerance, maxAgeSeconds } = issuer
  const { exp, iat, nbf } = claims
  if (!isTime(exp)) return refuse('token_claims', 'exp is no time')
  if (!isTime(iat)) return refuse('token_claims', 'iat is no time')
  if (nbf !== undefined && !isTime(nbf)) return refuse('token_claims', 'nbf is no time')
  if (now >= exp + tolerance) return refuse('token_expired', `exp=${exp}`)
  if (iat > now + tolerance) return refuse('token_not_yet', `iat=${iat}`)
  if (nbf !== undefined && nbf > now + tolerance) return refuse('token_not_yet', `nbf=${nbf}`)
  if (exp <= iat) return refuse('token_claims', 'exp is not after iat')
  return exp - iat > maxAgeSeconds
    ? refuse('token_lifetime', `exp-iat=${exp - iat}, at most ${maxAgeSeconds}`)
    : undefined
}

function checkAudience(claims: JsonObject, issuer: Issuer): TokenRefusal | undefined {
  const { aud } = claims
  if (typeof aud === 'string' && issuer.audience.has(aud)) return undefined
  // An API that signs for itself names nobody; a token that does was made for somebody else.
  if (issuer.audience.size === 0 && aud === undefined) return undefined
  const list: unknown = typeof aud === 'string' ? [aud] : aud
  if (!isTextList(list)) return refuse('token_claims', 'aud is no string or list of strings')
  return list.some((name) => issuer.audience.has(name))
    ? undefined
    : refuse('token_audience', 'aud names other APIs')
}

function checkKind(claims: JsonObject): TokenRefusal | undefined {
  if (hasForeign(claims)) {
    const foreign = FOREIGN_CLAIMS.find((name) => Object.hasOwn(claims, name))
    return refuse('token_type', `${foreign} is no claim of an access token`)
  }
  // RFC 8705 section 3, RFC 9449 section 6: a bound token is worth nothing without the proof, and none is read yet.
  return claims['cnf'] === undefined
    ? undefined
    : refuse('token_bound', 'sent without proof of possession')
}

/** Whether one of `FOREIGN_CLAIMS` is there. Each by its name, which the engine finds at once; JSON has no `undefined`. */
function hasForeign(claims: JsonObject): boolean {
  return (
    claims['nonce'] !== undefined ||
    claims['at_hash'] !== undefined ||
    claims['c_hash'] !== undefined ||
    claims['s_hash'] !== undefined ||
    claims['events'] !== undefined ||
    claims['htm'] !== undefined ||
    claims['htu'] !== undefined
  )
}

function checkNames(claims: JsonObject, issuer: Issuer): TokenRefusal | undefined {
  if (!isName(claims['sub'])) return refuse('token_claims', 'sub is no name')
  // An API that signs its own tokens knows of no clients.
  if (issuer.secret !== undefined || isName(claims['client_id'])) return undefined
  return issuer.typ === 'any' && hasOldClient(claims)
    ? undefined
    : refuse('token_claims', 'client_id is no name')
}

/** What older issuers call the client. */
function hasOldClient({ azp, cid, appid }: JsonObject): boolean {
  return isName(azp) || isName(cid) || isName(appid)
}

function isName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= MAX_SUBJECT_CHARS &&
    !CONTROL.test(value)
  )
}

function isTextList(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= MAX_NAMES &&
    value.every((entry) => typeof entry === 'string')
  )
}

function checkScopes({ scope, scp }: JsonObject): TokenRefusal | undefined {
  const isScope = scope === undefined || typeof scope === 'string'
  const isScp = scp === undefined || typeof scp === 'string' || isTextList(scp)
  return isScope && isScp ? undefined : refuse('token_claims', 'scope is no string, or scp no list')
}

/** Who a checked token stands for; takes the claims over, which have no prototype. */
export function principalOf(token: CompactToken, claims: JsonObject, paths: ClaimPaths): Principal {
  const iss = String(claims['iss'])
  const sub = String(claims['sub'])
  return Object.freeze({
    id: `${iss}|${sub}`,
    kind: 'jwt',
    subject: sub,
    issuer: iss,
    credentialId: credentialId(token, claims['jti']),
    scopes: scopesOf(claims),
    roles: namesAt(claims, paths.roles),
    groups: namesAt(claims, paths.groups),
    claims: Object.freeze(claims),
    operations: undefined,
    expiresAtMs: Number(claims['exp']) * 1000,
    notes: new PrincipalNotes(),
  })
}

/** The `jti`, or a short hash that leads nobody back to the token. */
function credentialId(token: CompactToken, jti: unknown): string {
  if (typeof jti === 'string' && /^[\x21-\x7e]{1,128}$/.test(jti)) return jti
  return `sha256:${hash('sha256', token.text, 'base64url').slice(0, 16)}`
}

/** Scopes of `scope` and `scp`, as texts or lists (RFC 9068 section 2.2.3). */
export function scopesOf(claims: JsonObject): ReadonlySet<string> {
  const scope = member(claims, 'scope')
  const scp = member(claims, 'scp')
  if (typeof scope === 'string' && scp === undefined) return scopeSet(scope)
  const names = [scope, scp].flatMap((value) => {
    if (typeof value === 'string') return value.split(' ')
    return isTextList(value) ? value : []
  })
  return new Set(names.filter((name) => name !== ''))
}

/** Clients ask for the same scopes again and again: their tokens share one set. */
const scopeSet: (scope: string) => ReadonlySet<string> = memo(
  (scope) => new Set(scope.split(' ').filter((name) => name !== '')),
  { maxEntries: 1024, maxChars: 1024 },
)

/** The strings at a path of claims; anything that is no list of strings (or one string) grants nothing. */
export function namesAt(claims: JsonObject, path: readonly string[]): readonly string[] {
  let value: unknown = claims
  for (const name of path) value = isObject(value) ? member(value, name) : undefined
  if (typeof value === 'string' && path.length > 0) return [value]
  return isTextList(value) ? value : NO_NAMES
}

/** One for all: nobody changes it. */
const NO_NAMES: readonly string[] = Object.freeze([])
