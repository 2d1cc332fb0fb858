import { CORE_SCHEMA, load, mergeTag, YAMLException } from 'js-yaml'
import { scanJson } from '../../http/json-scan.ts'
import type { JsonLimits } from '../../http/json-limits.ts'

/** Deepest nesting of a document's text. */
export const MAX_DEPTH = 512

/** What a text turned into. `shared`: an alias was used, so parts of the value may be one and the same object. */
export type Parsed =
  | { readonly ok: true; readonly value: unknown; readonly shared: boolean }
  | { readonly ok: false; readonly message: string; readonly line: number; readonly column: number }

/**
 * Turns JSON or YAML 1.2 (core schema, with merge keys) into a value. Text that starts like JSON is tried as JSON
 * first, which is much faster. Keys named `__proto__` become own members; a key that stands twice refuses the text, or the
 * first of two `security` would be gone in silence. Never throws.
 * @see OpenAPI 3.2.0 section 4.2 (format)
 */
export function parseText(text: string): Parsed {
  if (/^\s*[{[]/.test(text)) {
    try {
      const value = JSON.parse(text) as unknown
      return repeatedKey(text) ?? { ok: true, value, shared: false }
    } catch {
      // Flow style YAML looks like JSON too; the YAML parser decides, and knows line and column.
    }
  }
  return parseYaml(text)
}

const UNBOUNDED: JsonLimits = {
  maxDepth: MAX_DEPTH,
  maxNodes: Infinity,
  maxKeyChars: Infinity,
  maxStringChars: Infinity,
  maxNumberChars: Infinity,
}

/** `JSON.parse` keeps the last of two members of one name; YAML refuses them by itself. */
function repeatedKey(text: string): Parsed | undefined {
  const bytes = Buffer.from(text)
  const found = scanJson(bytes, UNBOUNDED)
  if (found.fault !== 'duplicate_key') return undefined
  // The fault is seen behind the opening quote.
  const before = bytes.toString('utf8', 0, found.offset - 1).split('\n')
  return refused('duplicate key', before.length - 1, before.at(-1)?.length ?? 0)
}

function parseYaml(text: string): Parsed {
  try {
    const schema = CORE_SCHEMA.withTags(mergeTag)
    const value = load(text, { schema, maxDepth: MAX_DEPTH, maxAliases: 100_000 })
    return { ok: true, value, shared: text.includes('*') }
  } catch (error) {
    // The package says that other exceptions than its own may come; both refuse the document.
    if (!(error instanceof YAMLException)) return refused('the text cannot be parsed', 0, 0)
    return refused(error.reason, error.mark?.line ?? 0, error.mark?.column ?? 0)
  }
}

function refused(message: string, line: number, column: number): Parsed {
  return { ok: false, message, line: line + 1, column: column + 1 }
}
