/** Where a value stands in the configuration: keys and list indexes from the top. */
export type ConfigPath = readonly (string | number)[]

/** `['limits', 'operations', 'a.b', 0]` as `limits.operations["a.b"][0]`; empty for the top. */
export function formatPath(path: ConfigPath): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (!/^[\w-]+$/.test(step)) text += `[${JSON.stringify(step)}]`
    else text += text === '' ? step : `.${step}`
  }
  return text
}

/** Reads what `formatPath` wrote. `undefined` when the text is not such a path. */
export function parsePath(text: string): ConfigPath | undefined {
  const path: (string | number)[] = []
  const step = /\.?([\w-]+)|\[(\d{1,6})\]|\[("(?:[^"\\]|\\.)*")\]/y
  while (step.lastIndex < text.length) {
    const match = step.exec(text)
    if (match === null) return undefined
    if (match[2] !== undefined) path.push(Number(match[2]))
    else path.push(match[1] ?? (JSON.parse(match[3] ?? '""') as string))
  }
  return path
}

/** The value at a path of plain data; `undefined` when the path leads nowhere. */
export function valueAt(data: unknown, path: ConfigPath): unknown {
  let value = data
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Readonly<Record<string | number, unknown>>)[step]
  }
  return value
}

/**
 * A copy of plain data without the value at `path`. Where that is an item of a list, the whole list goes,
 * so that the indexes of what stays are never shifted.
 */
export function withoutPath(data: unknown, path: ConfigPath): unknown {
  const [head, ...rest] = path
  if (head === undefined) return undefined
  if (typeof data !== 'object' || data === null) return data
  if (Array.isArray(data)) {
    if (rest.length === 0) return undefined
    return data.map((item, i) => (i === head ? withoutPath(item, rest) : (item as unknown)))
  }
  const copy: Record<string, unknown> = Object.create(null)
  for (const [key, value] of Object.entries(data)) {
    const kept = key === String(head) ? withoutPath(value, rest) : value
    if (kept !== undefined) copy[key] = kept
  }
  return copy
}

/** Whether `path` is `start` or lies below it. */
export function isWithin(path: ConfigPath, start: ConfigPath): boolean {
  return start.every((step, i) => step === path[i])
}
