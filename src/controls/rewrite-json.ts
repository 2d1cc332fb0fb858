import { hasFragileNumber } from './fragile-number.ts'

/**
 * Writes a filtered value as JSON in which every number that stayed reads exactly as the API wrote it.
 * `whole` is what `text` says; `filtered` must come from it by leaving members out; array items keep their places.
 */
export function rewriteJson(filtered: unknown, text: string, whole: unknown): Buffer {
  if (isExact(whole, text)) return Buffer.from(JSON.stringify(filtered))
  const exact = JSON.parse(text, keepSource) as unknown
  return Buffer.from(JSON.stringify(withExactNumbers(filtered, exact)))
}

/** `whole`, which is what `text` says, with numbers that `JSON.stringify` writes as they stand in the text. */
export function exactJson(text: string, whole: unknown): unknown {
  return hasFragileNumber(text) ? (JSON.parse(text, keepSource) as unknown) : whole
}

/** Most APIs write JSON as JavaScript does, to the last byte: cheaper to see than to look at every number. */
function isExact(whole: unknown, text: string): boolean {
  return JSON.stringify(whole) === text || !hasFragileNumber(text)
}

function keepSource(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source
  return typeof value === 'number' && source !== undefined && String(value) !== source
    ? rawJson(source)
    : value
}

function withExactNumbers(filtered: unknown, exact: unknown): unknown {
  if (typeof filtered === 'number') return exact
  if (typeof filtered !== 'object' || filtered === null) return filtered
  if (Array.isArray(filtered)) {
    const items = exact as readonly unknown[]
    return filtered.map((item, index) => withExactNumbers(item, items[index]))
  }
  const members = exact as Readonly<Record<string, unknown>>
  const entries = Object.entries(filtered).map(([name, value]): [string, unknown] => [
    name,
    withExactNumbers(value, members[name]),
  ])
  // Own members only: `__proto__` in an answer stays a member and never becomes a prototype.
  return Object.fromEntries(entries)
}

/** `JSON.rawJSON` of the "JSON.parse source text access" proposal, which the type library does not know yet. */
const rawJson = (JSON as unknown as { readonly rawJSON: (text: string) => unknown }).rawJSON
