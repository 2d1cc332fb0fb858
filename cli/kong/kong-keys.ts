import type { FileKey } from '../key-import/entry.ts'
import type { KongConsumer, KongFile, KongPlugin } from './kong-file.ts'

/** Group of every imported key where a file has ACLs: of routes without one. */
export const EVERYBODY = 'consumers'

/** The keys of a Kong file, for `keys import`, and what of its consumers is none. */
export function kongKeys(kong: KongFile): {
  readonly keys: readonly FileKey[]
  readonly notes: readonly string[]
} {
  const hasAcl = kong.plugins.some(({ name, isEnabled }) => name === 'acl' && isEnabled)
  const keys = kong.consumers.flatMap((consumer) =>
    consumer.keys.map(({ line, fields }): FileKey => {
      const common = commonOf(consumer, kong.plugins, hasAcl)
      const values: [string, unknown][] = [['key', fields['key']], ...common]
      const expires = expiryOf(fields)
      if (expires !== undefined) values.push(['expires', expires])
      return { line, values: new Map(values) }
    }),
  )
  const notes = kong.notes
    .filter(({ what }) => what.includes('consumer') || what.includes('credentials'))
    .map(({ line, what, todo }) => `${kong.file}:${line} ${what}: ${todo}`)
  return { keys, notes }
}

/** What all keys of a consumer have. */
function commonOf(
  { name, fields, groups }: KongConsumer,
  plugins: readonly KongPlugin[],
  hasAcl: boolean,
): readonly [string, unknown][] {
  const tags = Array.isArray(fields['tags']) ? fields['tags'] : []
  const own = ofConsumer(plugins, name)
  const all = hasAcl ? [...new Set([...groups, EVERYBODY])] : []
  const cidrs = own.find((plugin) => plugin.name === 'ip-restriction')?.config['allow']
  const isLimited = own.some((plugin) => LIMITERS.has(plugin.name))
  return [
    ['owner', name],
    ['name', name],
    ...(all.length > 0 ? [['groups', all] as [string, unknown]] : []),
    ...(tags.length > 0 ? [['tags', tags] as [string, unknown]] : []),
    ...(Array.isArray(cidrs) ? [['cidrs', cidrs] as [string, unknown]] : []),
    ...(isLimited ? [['plan', planOf(name)] as [string, unknown]] : []),
  ]
}

/** Plugins that limit rates. */
export const LIMITERS: ReadonlySet<string> = new Set(['rate-limiting', 'rate-limiting-advanced'])

/** Plugins of a consumer and of nothing else besides. */
export function ofConsumer(plugins: readonly KongPlugin[], name: string): readonly KongPlugin[] {
  return plugins.filter(
    ({ consumer, service, route, isEnabled }) =>
      consumer === name && service === undefined && route === undefined && isEnabled,
  )
}

/** The plan that a consumer with a limit of its own gets. */
export function planOf(consumer: string): string {
  return consumer.replaceAll(/[^\w.-]/g, '-')
}

/** A credential with a time to live ends so long after it was made. */
function expiryOf({
  ttl,
  created_at: madeAt,
}: Readonly<Record<string, unknown>>): number | undefined {
  if (typeof ttl !== 'number' || ttl <= 0 || typeof madeAt !== 'number') return undefined
  return madeAt + ttl
}
