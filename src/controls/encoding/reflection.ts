import type { Exchange } from '../../pipeline/exchange.ts'

/** What a browser could run, were it written into a page as it came. */
const MARKUP = /<[a-z!/?]|["'][^"'<>]{0,200}\bon[a-z]{3,30}\s*=|javascript:/i

const MIN_CHARS = 4
/** Parts of a request that are looked at, and characters of each. */
const MAX_PARTS = 200
const MAX_CHARS = 8192
const MAX_DEPTH = 32

/** Parts of a request with markup in them; empty for nearly all. */
export function markupParts(exchange: Exchange): readonly string[] {
  const { query, pathValues, head, hasBodyValue, body } = exchange
  const parts: string[] = []
  for (const [name, value] of query.pairs) parts.push(name, value)
  for (const value of pathValues) parts.push(decoded(value))
  for (const name of ['referer', 'user-agent']) parts.push(head.headers.get(name) ?? '')
  if (hasBodyValue) collect(body, parts, 0)
  return parts
    .slice(0, MAX_PARTS)
    .map((part) => part.slice(0, MAX_CHARS))
    .filter((part) => part.length >= MIN_CHARS && MARKUP.test(part))
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value // no UTF-8: nothing that a page would show as it came
  }
}

function collect(value: unknown, parts: string[], depth: number): void {
  if (parts.length >= MAX_PARTS || depth > MAX_DEPTH) return
  if (typeof value === 'string') parts.push(value)
  else if (typeof value === 'object' && value !== null)
    for (const [name, inner] of Object.entries(value)) {
      parts.push(name)
      collect(inner, parts, depth + 1)
    }
}
