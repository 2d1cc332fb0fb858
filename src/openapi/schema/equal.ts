import { SeededSet } from '../../base/seeded-set.ts'

/** Whether a value is a JSON object (not null, not an array). */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** JSON equality: numbers by value, objects regardless of member order (JSON Schema Core 4.2.2). */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) return Array.isArray(b) && areItemsEqual(a, b)
  if (Array.isArray(b)) return false
  return areMembersEqual(a as Record<string, unknown>, b as Record<string, unknown>)
}

function areItemsEqual(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => isEqual(item, b[index]))
}

function areMembersEqual(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]))
}

/** A text that two JSON values share exactly when they are equal. */
function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  const members = Object.keys(value).toSorted()
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonicalText(value[key])}`).join(',')}}`
}

/** Whether no two items are equal. Linear in the size of the array, whatever it holds. */
export function areUnique(items: readonly unknown[]): boolean {
  if (items.length < 2) return true
  const isScalar = typeof items[0] !== 'object' || items[0] === null
  const scalars = new SeededSet(isScalar ? items.length : 0)
  const structures = new SeededSet(isScalar ? 0 : items.length)
  const literals = new Set<unknown>()
  for (const item of items) {
    const isNew =
      typeof item === 'string' || typeof item === 'number'
        ? scalars.add(item)
        : typeof item === 'object' && item !== null
          ? structures.add(canonicalText(item))
          : !literals.has(item) && literals.add(item).size > 0
    if (!isNew) return false
  }
  return true
}

/** Number of Unicode code points, the unit of `minLength` and `maxLength`. */
export function codePointLength(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length - 1; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      count--
      i++
    }
  }
  return count
}
