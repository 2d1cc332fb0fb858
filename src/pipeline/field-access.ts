import { ConfigError } from '../base/config-error.ts'

/** What somebody is shown of a field. */
export type FieldAction =
  | { readonly kind: 'pass' | 'drop' | 'mask' | 'email' | 'hash' | 'tokenize' | 'fpe' }
  /** The first or last characters, the rest as stars; or cut off behind them. */
  | { readonly kind: 'first' | 'last' | 'truncate'; readonly chars: number }

/** Who sees what of a field: a word for roles, and one for everybody else. */
export interface FieldAccess {
  readonly roles: ReadonlyMap<string, FieldAction>
  readonly others: FieldAction
}

/** What is written about one field. What is absent is not said. */
export interface FieldRule {
  readonly read?: FieldAccess
  /** Roles that may set it. */
  readonly write?: readonly string[]
  /** Where it was written, unless under `authorize.fields`. */
  readonly at?: string
}

/** Stands among roles for whoever the object belongs to. */
export const OWNER = 'owner'

/** Stands among roles for everybody who has none of them. */
export const OTHERS = 'others'

const PLAIN: ReadonlySet<string> = new Set([
  'pass',
  'drop',
  'mask',
  'email',
  'hash',
  'tokenize',
  'fpe',
])
const COUNTED = /^(first|last|truncate)([1-9]\d{0,2})$/

const CURE = 'write pass, drop, mask, email, hash, tokenize, fpe, first2, last4 or truncate20'

export const PASS_FIELD: FieldAction = Object.freeze({ kind: 'pass' })
const DROP_FIELD: FieldAction = Object.freeze({ kind: 'drop' })

/** Reads `drop`, `last4`, `truncate20`, … Throws `ConfigError` at `path`. */
export function parseFieldAction(text: string, path: string): FieldAction {
  if (PLAIN.has(text)) return { kind: text } as FieldAction
  const [, kind, chars] = COUNTED.exec(text) ?? []
  if (kind === undefined) {
    const message = `${JSON.stringify(text.slice(0, 60))} is nothing that can be done with a field`
    throw new ConfigError({ path, message, cure: CURE })
  }
  return { kind, chars: Number(chars) } as FieldAction
}

/**
 * Reads who may see a field: `[admin, hr]`, or `{ admin: pass, others: last4 }`. Whoever is not named sees nothing,
 * unless `others` says what. Throws `ConfigError` at `path`.
 */
export function parseFieldAccess(input: unknown, path: string): FieldAccess {
  if (isNames(input)) {
    return { roles: new Map(input.map((role) => [role, PASS_FIELD])), others: DROP_FIELD }
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    const cure = 'write [admin] or { admin: pass, others: last4 }'
    throw new ConfigError({ path, message: 'is neither a list of roles nor a map of them', cure })
  }
  const roles = new Map<string, FieldAction>()
  for (const [role, action] of Object.entries(input)) {
    roles.set(role, parseFieldAction(String(action), `${path}.${role}`))
  }
  const others = roles.get(OTHERS) ?? DROP_FIELD
  roles.delete(OTHERS)
  return { roles, others }
}

/** Reads who may set a field. Throws `ConfigError` at `path`. */
export function parseFieldWriters(input: unknown, path: string): readonly string[] {
  if (isNames(input)) return input
  throw new ConfigError({ path, message: 'is no list of roles', cure: 'write [admin]' })
}

function isNames(input: unknown): input is readonly string[] {
  return Array.isArray(input) && input.every((item) => typeof item === 'string' && item !== '')
}

/** From what shows most to what shows least. */
const RANKS = 'pass truncate last first email mask fpe tokenize hash drop'.split(' ')

/** How much an action takes away: larger is less shown. */
function rankOf(action: FieldAction): number {
  return RANKS.indexOf(action.kind) * 1000 - ('chars' in action ? action.chars : 0)
}

/** The best that any of some roles is given, else what others are. */
export function actionFor(access: FieldAccess, roles: Iterable<string>): FieldAction {
  let best: FieldAction | undefined
  for (const role of roles) {
    const action = access.roles.get(role)
    if (action !== undefined && (best === undefined || rankOf(action) < rankOf(best))) best = action
  }
  return best ?? access.others
}

/** The one that shows less. */
export function stricter(a: FieldAction, b: FieldAction): FieldAction {
  return rankOf(b) > rankOf(a) ? b : a
}

/** Whether the first shows more of a value than the second. */
export function showsMore(a: FieldAction, b: FieldAction): boolean {
  return rankOf(a) < rankOf(b)
}

/** An action as it is written, such as `last4`. */
export function fieldActionText(action: FieldAction): string {
  return 'chars' in action ? `${action.kind}${action.chars}` : action.kind
}
