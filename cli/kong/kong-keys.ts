import type { FileKey } from '../key-import/entry.ts'
import { EVERYBODY, ofConsumer, planOf } from './consumers.ts'
import type { KongConsumer, KongFile, KongPlugin } from './kong-file.ts'
import { Notebook } from './notebook.ts'
import { kongApis } from './operations.ts'
import { LIMITERS } from './plugin-kinds.ts'
import { signedIssuers } from './signed-tokens.ts'

/** The keys of a Kong file, for `keys import`, and what of its consumers is none. */
export function kongKeys(kong: KongFile): {
  readonly keys: readonly FileKey[]
  readonly notes: readonly string[]
} {
  const named = namedGroups(kong)
  const keys = kong.consumers.flatMap((consumer) =>
    consumer.keys.map(({ line, fields }): FileKey => {
      const common = commonOf(consumer, kong.plugins, named)
      const values: [string, unknown][] = [['key', fields['key']], ...common]
      const expires = expiryOf(fields)
      if (expires !== undefined) values.push(['expires', expires])
      return { line, values: new Map(values) }
    }),
  )
  const notes = kong.notes
    .filter(({ what }) => what.includes('consumer') || what.includes('credentials'))
    .map(({ line, what, todo }) => `${kong.file}:${line} ${what}: ${todo}`)
  const tokens = kong.consumers.flatMap(({ name, tokenKeys }) =>
    tokenKeys.map(
      ({ line }) =>
        `${kong.file}:${line} jwt_secrets of consumer ${name}: keys of signed tokens are taken over by sallyport init --from`,
    ),
  )
  return { keys, notes: [...notes, ...tokens] }
}

/** Groups that the configuration knows: those of routes whose callers show keys. */
function namedGroups(kong: KongFile): ReadonlySet<string> {
  const book = new Notebook()
  const apis = kongApis(kong, { book, signed: signedIssuers(kong, { audience: undefined, book }) })
  const policies = apis.flatMap(({ operations }) => operations.map(({ policy }) => policy))
  return new Set(policies.flatMap(({ groups, deniedGroups }) => [...groups, ...deniedGroups]))
}

/** What all keys of a consumer have. */
function commonOf(
  { name, fields, groups }: KongConsumer,
  plugins: readonly KongPlugin[],
  named: ReadonlySet<string>,
): readonly [string, unknown][] {
  const tags = Array.isArray(fields['tags']) ? fields['tags'] : []
  const own = ofConsumer(plugins, name)
  const known = groups.filter((group) => named.has(group))
  const all = named.size > 0 ? [...new Set([...known, EVERYBODY])] : []
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

/** A credential with a time to live ends so long after it was made. */
function expiryOf({
  ttl,
  created_at: madeAt,
}: Readonly<Record<string, unknown>>): number | undefined {
  if (typeof ttl !== 'number' || ttl <= 0 || typeof madeAt !== 'number') return undefined
  return madeAt + ttl
}
