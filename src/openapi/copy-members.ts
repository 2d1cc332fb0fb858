/** A copy of the own members of an object that stand before one of them. */
export function membersBefore(
  source: Readonly<Record<string, unknown>>,
  end: string,
): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const name in source) {
    if (name === end) break
    if (Object.hasOwn(source, name)) setMember(copy, name, source[name])
  }
  return copy
}

/** Gives an object a member whatever its name, `__proto__` included. */
export function setMember(target: Record<string, unknown>, name: string, value: unknown): void {
  // Plain assignment to this name would change the prototype instead of making a member.
  if (name !== '__proto__') target[name] = value
  else
    Object.defineProperty(target, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    })
}
