/** An object of a parsed document. Its keys come from outside: read them with `own`. */
export type JsonObject = { readonly [key: string]: unknown }

/** Whether a parsed value is an object (no array, no null). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The own member `key` of an object; `undefined` where the value is no object or has no such member. */
export function own(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

/** The own member `key` when it is a string. */
export function ownString(value: unknown, key: string): string | undefined {
  const member = own(value, key)
  return typeof member === 'string' ? member : undefined
}

/** The own member `key` when it is `true`; anything else is `false`. */
export function isOwnTrue(value: unknown, key: string): boolean {
  return own(value, key) === true
}

/** Own members of an object; empty for anything else. */
export function members(value: unknown): readonly (readonly [string, unknown])[] {
  return isObject(value) ? Object.entries(value) : []
}

/** Own keys without `x-` extensions. */
export function plainMembers(value: unknown): readonly (readonly [string, unknown])[] {
  return members(value).filter(([key]) => !key.startsWith('x-'))
}

/** Items of an array; empty for anything else. */
export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : []
}
