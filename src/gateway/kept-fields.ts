/** Framing and hop-by-hop fields belong to one connection; the edge writes its own (RFC 9110 section 7.6.1). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'expect',
  'http2-settings',
])

/** Names come from outside: what is remembered of them is bounded. */
const MAX_REMEMBERED_NAMES = 500

/**
 * Whether a field goes on, by its lower-case name: neither one of the connection it came on, nor one that anybody drops.
 * Remembers its answers, bounded.
 */
export function keptFields(
  drops: readonly ((name: string) => boolean)[],
): (name: string) => boolean {
  const known = new Map<string, boolean>()
  return (name) => {
    const before = known.get(name)
    if (before !== undefined) return before
    const isKept = !CONNECTION_FIELDS.has(name) && !drops.some((drop) => drop(name))
    if (known.size < MAX_REMEMBERED_NAMES) known.set(name, isKept)
    return isKept
  }
}
