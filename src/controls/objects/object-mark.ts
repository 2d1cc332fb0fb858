import { ConfigError } from '../../base/config-error.ts'

/** The member by which a document says what object an id is of. */
export const OBJECT_MARK = 'x-sallyport-object'

/** What a document says of a parameter or property that holds an id. */
export interface ObjectMark {
  /** Name of the schema of the object; the GET that returns it tells whose it is. */
  readonly type: string | undefined
  /** Condition that a call with the id must meet. */
  readonly rule: string | undefined
}

/**
 * Reads `public`, `{ public: true, why }` or `{ type, rule }`; `undefined` where nothing is said. Throws `ConfigError` at
 * `at`.
 */
export function readObjectMark(value: unknown, at: string): ObjectMark | 'public' | undefined {
  if (value === undefined || value === 'public') return value
  if (isPublicWithReason(value)) return 'public'
  const { type, rule, ...rest } = isRecord(value) ? value : { none: value }
  const isRead = [type, rule].every((one) => one === undefined || typeof one === 'string')
  if (!isRead || Object.keys(rest).length > 0 || (type ?? rule) === undefined) {
    const cure =
      'write public, { public: true, why: … }, { type: Order } or { rule: path.userId == subject.id }'
    throw new ConfigError({ path: at, message: 'does not say what object it is of', cure })
  }
  return { type: type as string | undefined, rule: rule as string | undefined }
}

function isPublicWithReason(value: unknown): boolean {
  if (!isRecord(value) || value['public'] !== true) return false
  const { why } = value
  return Object.keys(value).length === 2 && typeof why === 'string' && why.trim() !== ''
}

/** The mark of a schema, unread. */
export function markIn(schema: unknown): unknown {
  return isRecord(schema) && Object.hasOwn(schema, OBJECT_MARK) ? schema[OBJECT_MARK] : undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
