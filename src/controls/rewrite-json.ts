/**
 * Numbers that JavaScript would write in another way than the API did: more than 15 digits, a zero at the end of a
 * fraction, an exponent, minus zero, less than a millionth. Hits inside strings only cost time.
 */
const FRAGILE_NUMBER = /\d[\d.]{15}|\.\d*0(?!\d)|\d[eE]|-0(?![\d.])|\.0{6}/

/**
 * Writes a filtered value as JSON in which every number that stayed reads exactly as the API wrote it.
 * `filtered` must come from the parsed `text` by leaving members out; array items keep their places.
 */
export function rewriteJson(filtered: unknown, text: string): Buffer {
  if (!FRAGILE_NUMBER.test(text)) return Buffer.from(JSON.stringify(filtered))
  const exact = JSON.parse(text, keepSource) as unknown
  return Buffer.from(JSON.stringify(withExactNumbers(filtered, exact)))
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
