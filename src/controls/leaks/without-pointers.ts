/**
 * A copy of a JSON value without the members that pointers (RFC 6901) name; array items become `null`, so that the
 * others keep their places. Pointers that lead nowhere are passed over.
 */
export function withoutPointers(value: unknown, pointers: readonly string[]): unknown {
  const copy = structuredClone(value)
  for (const pointer of pointers) remove(copy, pointer.split('/').slice(1).map(unescape))
  return copy
}

function unescape(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}

function remove(root: unknown, path: readonly string[]): void {
  let at = root
  for (const name of path.slice(0, -1)) at = memberOf(at, name)
  const last = path.at(-1)
  if (typeof at !== 'object' || at === null || last === undefined || !Object.hasOwn(at, last))
    return
  if (Array.isArray(at)) at[Number(last)] = null
  else delete (at as Record<string, unknown>)[last]
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}
