import { scanJson } from '../http/json-scan.ts'
import type { JsonFaultReason, JsonLimits } from '../http/json-limits.ts'

/** Sizes are bounded by the answer's own limit; the depth by what the scanner honors. */
const UNBOUNDED: JsonLimits = {
  maxDepth: 512,
  maxNodes: Infinity,
  maxKeyChars: Infinity,
  maxStringChars: Infinity,
  maxNumberChars: Infinity,
}

/** What stops the scanner before it has seen every key. */
const IN_DOUBT: ReadonlySet<JsonFaultReason> = new Set([
  'duplicate_key',
  'dangerous_key',
  'too_deep',
])

/**
 * Whether an object of a JSON text may name a member twice: then `value`, which `JSON.parse` made of `text`, holds only
 * the last of them, and a judgement on it says nothing of the others that stand in the text (RFC 8259 section 4).
 * Texts of odd keys or beyond 512 levels count as such. Linear; never throws.
 */
export function mayRepeatKeys(value: unknown, text: string): boolean {
  // Most APIs write JSON as JavaScript does, to the last byte: cheaper to see than to look at every key.
  if (!text.includes('{') || JSON.stringify(value) === text) return false
  const { fault } = scanJson(Buffer.from(text), UNBOUNDED)
  return fault !== undefined && IN_DOUBT.has(fault)
}
