import { isObject } from './json-value.ts'

/** Appends one member name to a JSON Pointer. @see RFC 6901 section 3 */
export function childPointer(pointer: string, key: string | number): string {
  const text = String(key)
  if (!text.includes('~') && !text.includes('/')) return `${pointer}/${text}`
  return `${pointer}/${text.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** The member names of a JSON Pointer; `undefined` when it is malformed. @see RFC 6901 section 4 */
export function splitPointer(pointer: string): readonly string[] | undefined {
  if (pointer === '') return []
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Looks one member name up in a value; arrays take canonical indexes only. */
export function step(value: unknown, key: string): unknown {
  if (Array.isArray(value)) {
    return /^(0|[1-9][0-9]{0,9})$/.test(key) ? (value as unknown[])[Number(key)] : undefined
  }
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

/** The value a JSON Pointer names, or `undefined`. */
export function readPointer(root: unknown, pointer: string): unknown {
  const parts = splitPointer(pointer)
  if (parts === undefined) return undefined
  let value = root
  for (const part of parts) {
    value = step(value, part)
    if (value === undefined) return undefined
  }
  return value
}
