/** As deep as filters go. */
const MAX_DEPTH = 256
/** Most secrets that are found in one answer. */
export const MAX_SECRETS = 100_000

/** Names whose numbers are secrets too. */
const NUMBER_NAME = /pin|otp|cvv|cvc|ssn/i

/** Where secrets are looked for: below places that the document does not describe. */
export interface SecretSearch {
  readonly isSecret: (name: string) => boolean
}

/**
 * Pointers of fields below `roots` that are named like secrets and hold a text or a structure: `hasPassword: true` and
 * `maxTokens: 5` are none. A root that is itself such a field counts where `countsRoots` says so.
 */
export function secretFields(
  value: unknown,
  roots: readonly string[],
  search: SecretSearch & { readonly countsRoots: boolean },
): string[] {
  const found: string[] = []
  for (const root of roots) {
    const parts = root.split('/').slice(1).map(unescape)
    const at = parts.reduce(memberOf, value)
    const name = parts.at(-1) ?? ''
    if (search.countsRoots && search.isSecret(name) && isSecretValue(name, at)) found.push(root)
    else collect(at, root, { ...search, found, depth: parts.length })
  }
  return found
}

interface Walk extends SecretSearch {
  readonly found: string[]
  readonly depth: number
}

function collect(value: unknown, pointer: string, walk: Walk): void {
  const { found, depth, isSecret } = walk
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return
  for (const [name, member] of Object.entries(value)) {
    if (found.length >= MAX_SECRETS) return
    const at = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (!Array.isArray(value) && isSecret(name) && isSecretValue(name, member)) found.push(at)
    else collect(member, at, { ...walk, depth: depth + 1 })
  }
}

function isSecretValue(name: string, value: unknown): boolean {
  if (value === null || value === undefined || typeof value === 'boolean') return false
  return typeof value !== 'number' || NUMBER_NAME.test(name)
}

function unescape(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}
