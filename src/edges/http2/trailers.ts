/** A flat list of trailers as node:http2 takes it: values of one name in order. Names are in lower case already. */
export function trailerObject(trailers: readonly string[]): Record<string, string | string[]> {
  const object = Object.create(null) as Record<string, string | string[]>
  for (let i = 0; i + 1 < trailers.length; i += 2) {
    const name = (trailers[i] ?? '').toLowerCase()
    const value = trailers[i + 1] ?? ''
    const before = object[name]
    if (before === undefined) object[name] = value
    else object[name] = typeof before === 'string' ? [before, value] : [...before, value]
  }
  return object
}
