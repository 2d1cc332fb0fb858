/** The member of a JSON value at a path of names; `undefined` where it is not there. */
export function memberAt(value: unknown, path: readonly string[]): unknown {
  let found = value
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    found = (found as Readonly<Record<string, unknown>>)[name]
  }
  return found
}

/** A copy of a JSON value with another member at a path that is there. */
export function withMember(value: unknown, path: readonly string[], member: unknown): unknown {
  const [name, ...rest] = path
  if (name === undefined || typeof value !== 'object' || value === null) return member
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [
    key,
    key === name ? withMember(item, rest, member) : item,
  ])
  return Object.fromEntries(entries)
}
