/**
 * What is known of a value before any request: its type as the document declares it. `any`: it may be anything, so that
 * it is looked at when it comes. `number` may have a fraction, `int` may not.
 */
export type ValueType =
  | { readonly kind: 'string' | 'int' | 'number' | 'bool' | 'timestamp' | 'any' }
  | { readonly kind: 'list'; readonly item: ValueType }
  | {
      readonly kind: 'object'
      /** Declared members. */
      readonly fields: ReadonlyMap<string, ValueType>
      /** Members that are not declared may stand too. */
      readonly isOpen: boolean
    }

export const ANY: ValueType = Object.freeze({ kind: 'any' })
export const STRING: ValueType = Object.freeze({ kind: 'string' })
export const INT: ValueType = Object.freeze({ kind: 'int' })
export const BOOL: ValueType = Object.freeze({ kind: 'bool' })
export const STRINGS: ValueType = Object.freeze({ kind: 'list', item: STRING })

/** As conditions and their faults name it: `string`, `list<int>`. */
export function typeName(type: ValueType): string {
  return type.kind === 'list' ? `list<${typeName(type.item)}>` : type.kind
}

/**
 * A value from outside, if it is what was declared. Absent, null, of another type, or a number that a double does not
 * hold exactly: `undefined`, so that no condition holds because of it.
 */
export function valueOfType(value: unknown, type: ValueType): unknown {
  switch (type.kind) {
    case 'string':
      return typeof value === 'string' ? value : undefined
    case 'int':
      return Number.isSafeInteger(value) ? value : undefined
    case 'number':
      return exactNumber(value)
    case 'bool':
      return typeof value === 'boolean' ? value : undefined
    case 'timestamp':
      return value instanceof Date ? value : undefined
    case 'list':
      return Array.isArray(value) || value instanceof Set ? value : undefined
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
        ? value
        : undefined
    case 'any':
      if (value === null) return undefined
      return typeof value === 'number' ? exactNumber(value) : value
  }
}

/** Whole numbers beyond ±(2^53-1) may be another number's neighbor: they are no value. */
function exactNumber(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : value
}
