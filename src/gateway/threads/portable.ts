import { Secret } from '../../base/secret.ts'

/** Marks a secret; a message keeps no classes. */
const MARK = 'sallyport:secret'

/**
 * A copy of plain data that a message to another thread can carry: objects, arrays, maps, sets and secrets.
 * The copy holds secrets in clear: hand it to `postMessage` and to nothing else.
 * Throws `TypeError` for what would arrive as something else: functions, symbols, other classes.
 */
export function pack(value: unknown): unknown {
  return walk(value, (secret) =>
    secret instanceof Secret ? { [MARK]: pack(secret.reveal()) } : undefined,
  )
}

/** What `pack` was given. */
export function unpack(value: unknown): unknown {
  return walk(value, (marked) =>
    isMarked(marked) ? new Secret(bytesOf(unpack(marked[MARK]))) : undefined,
  )
}

/** Buffers arrive as plain arrays of bytes. */
function bytesOf(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value) : value
}

function isMarked(value: object): value is { readonly [MARK]: unknown } {
  return Object.hasOwn(value, MARK)
}

function walk(value: unknown, replace: (value: object) => unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol')
    throw new TypeError(`a ${typeof value} cannot be handed to another thread`)
  if (typeof value !== 'object' || value === null) return value
  const replaced = replace(value)
  if (replaced !== undefined) return replaced
  const inside = (one: unknown): unknown => walk(one, replace)
  if (value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(inside)
  if (value instanceof Map)
    return new Map([...value].map(([key, one]) => [inside(key), inside(one)]))
  if (value instanceof Set) return new Set([...value].map(inside))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype)
    throw new TypeError(`a ${value.constructor.name} cannot be handed to another thread`)
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inside(one)]))
}
