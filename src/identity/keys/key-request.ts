import { compileAddressSet } from '../../base/cidr.ts'
import { ConfigError } from '../../base/config-error.ts'
import { parseOrigin } from '../../http/origin.ts'
import { ENV_PATTERN } from './format.ts'
import type { KeyKind } from './format.ts'
import { DEFAULT_LIFE_MS, MAX_LIFE_MS } from './life.ts'

/** What a new key may do. Everything left out means: nothing granted, nothing restricted. */
export interface KeyRequest {
  readonly kind?: KeyKind
  /** `live` unless said. */
  readonly env?: string
  /** Becomes the principal's `subject`; the key's own id unless said, so that no two keys are one person by accident. */
  readonly owner?: string
  readonly name?: string
  readonly scopes?: readonly string[]
  readonly roles?: readonly string[]
  readonly groups?: readonly string[]
  /** Confines the key to these operation ids. */
  readonly operations?: readonly string[]
  /** Confines the key to these networks. */
  readonly cidrs?: readonly string[]
  /** Confines the key to pages of these origins; a publishable key must have some. */
  readonly origins?: readonly string[]
  readonly tags?: readonly string[]
  /** `Infinity`: never, which must be said. Otherwise within 365 days; 90 days (or the configured life) unless said. */
  readonly expiresAtMs?: number
  readonly createdBy?: string
}

/** The part of a key's row that a person decides. */
export interface KeyGrant {
  readonly kind: KeyKind
  readonly env: string
  /** `undefined`: the key itself. */
  readonly owner: string | undefined
  readonly name: string
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly operations: readonly string[] | undefined
  readonly cidrs: readonly string[] | undefined
  readonly origins: readonly string[] | undefined
  readonly tags: readonly string[]
  readonly createdBy: string
  readonly expiresAtMs: number
}

const MAX_TEXT_CHARS = 200
const MAX_LIST_ENTRIES = 200
/** RFC 6749 section 3.3: a scope is printable ASCII without space, quote and backslash. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/
// oxlint-disable-next-line no-control-regex -- controls are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/

/**
 * Completes and checks a request. Throws `ConfigError` with the field's name as path; nothing is repaired or left
 * out. `lifeMs`: configured life of keys.
 */
export function parseKeyRequest(
  request: KeyRequest,
  nowMs: number,
  lifeMs: number = DEFAULT_LIFE_MS,
): KeyGrant {
  const kind = request.kind ?? 'sk'
  const env = request.env ?? 'live'
  if (!ENV_PATTERN.test(env))
    throw fault('env', `${show(env)} names no environment`, '1 to 16 lower-case letters and digits')
  const origins = confining('origins', request.origins)?.map(parseOneOrigin)
  if (kind === 'pk' && origins === undefined)
    throw fault('origins', 'a publishable key needs origins', 'name the pages that may use it')
  const cidrs = confining('cidrs', request.cidrs)
  if (cidrs !== undefined) compileAddressSet(cidrs, 'cidrs')
  return {
    kind,
    env,
    owner: request.owner === undefined ? undefined : text('owner', request.owner, 1),
    name: text('name', request.name ?? '', 0),
    scopes: scopes(request.scopes ?? []),
    roles: texts('roles', request.roles ?? []),
    groups: texts('groups', request.groups ?? []),
    operations: confining('operations', request.operations),
    cidrs,
    origins,
    tags: texts('tags', request.tags ?? []),
    createdBy: text('createdBy', request.createdBy ?? 'operator', 1),
    expiresAtMs: expiry(request.expiresAtMs ?? nowMs + lifeMs, nowMs),
  }
}

/** Checks an expiry: `Infinity`, or after now and at most 365 days ahead. Throws `ConfigError` at `expires`. */
export function expiry(expiresAtMs: number, nowMs: number): number {
  if (expiresAtMs === Infinity) return expiresAtMs
  if (!(expiresAtMs > nowMs))
    throw fault('expires', 'the expiry is not in the future', 'such as 90d')
  if (expiresAtMs <= nowMs + MAX_LIFE_MS) return Math.floor(expiresAtMs)
  throw fault('expires', 'a key lives 365 days at most', 'up to 365d, or never')
}

function fault(path: string, message: string, cure: string): ConfigError {
  return new ConfigError({ path, message, cure })
}

function show(value: string): string {
  return JSON.stringify(value.slice(0, 60))
}

function text(path: string, value: string, minChars: number): string {
  if (value.length >= minChars && value.length <= MAX_TEXT_CHARS && !CONTROL.test(value))
    return value
  throw fault(
    path,
    `${show(value)} cannot be used`,
    `${minChars} to ${MAX_TEXT_CHARS} printable characters`,
  )
}

function texts(path: string, values: readonly string[]): readonly string[] {
  if (values.length > MAX_LIST_ENTRIES)
    throw fault(path, `${values.length} entries are too many`, `up to ${MAX_LIST_ENTRIES}`)
  return [...new Set(values.map((value, index) => text(`${path}[${index}]`, value, 1)))]
}

function scopes(values: readonly string[]): readonly string[] {
  for (const [index, value] of values.entries()) {
    if (!SCOPE.test(value))
      throw fault(
        `scopes[${index}]`,
        `${show(value)} is no scope`,
        'printable ASCII without space and quotes',
      )
  }
  return texts('scopes', values)
}

/** An empty list would confine the key to nothing, which nobody means. */
function confining(
  path: string,
  values: readonly string[] | undefined,
): readonly string[] | undefined {
  if (values?.length === 0)
    throw fault(path, 'an empty list would allow nothing', 'leave it out, or name at least one')
  return values === undefined ? undefined : texts(path, values)
}

function parseOneOrigin(value: string, index: number): string {
  const origin = parseOrigin(value)
  if (origin !== undefined) return origin.text
  throw fault(`origins[${index}]`, `${show(value)} is no origin`, 'such as https://app.example.com')
}
