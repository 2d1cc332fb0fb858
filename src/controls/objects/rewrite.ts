import { exactJson } from '../rewrite-json.ts'

/** What changes in a response, by the very arrays and objects of the value that was judged. */
export interface Edits {
  readonly removed: ReadonlyMap<readonly unknown[], ReadonlySet<number>>
  /** Members that get another value. */
  readonly replaced: ReadonlyMap<object, ReadonlyMap<string, unknown>>
}

/**
 * Writes a judged response without what was removed. Numbers that stay read exactly as the API wrote them; of members
 * that stand twice only the judged one goes out. `whole` is what `text` says.
 */
export function rewritten(whole: unknown, text: string, edits: Edits): Buffer {
  return Buffer.from(JSON.stringify(edited(whole, exactJson(text, whole), edits)))
}

/** `whole` and `exact` are the same value; in `exact` numbers keep their source. */
function edited(whole: unknown, exact: unknown, edits: Edits): unknown {
  if (typeof whole !== 'object' || whole === null) return exact
  if (Array.isArray(whole)) {
    const sources = exact as readonly unknown[]
    const gone = edits.removed.get(whole)
    return whole.flatMap((item: unknown, index) =>
      gone?.has(index) === true ? [] : [edited(item, sources[index], edits)],
    )
  }
  const sources = exact as Readonly<Record<string, unknown>>
  const replaced = edits.replaced.get(whole)
  const entries = Object.entries(whole).map(([name, value]): [string, unknown] => [
    name,
    replaced?.has(name) === true ? replaced.get(name) : edited(value, sources[name], edits),
  ])
  // Own members only: `__proto__` in an answer stays a member and never becomes a prototype.
  return Object.fromEntries(entries)
}
