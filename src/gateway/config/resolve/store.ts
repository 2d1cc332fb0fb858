import { ConfigError } from '../../../base/config-error.ts'
import { Secret } from '../../../base/secret.ts'
import type { StoreTarget } from '../../../store/open-store.ts'
import { parseKeyEncryptionKey } from '../../../store/secrets-document.ts'
import type { KeyEncryptionKeys } from '../../../store/secrets-document.ts'
import { parsePostgresUrl } from '../../../store/sources/postgres-source.ts'
import { DEFAULTS } from '../defaults.ts'
import type { SecretsInput, StoreInput } from '../input.ts'
import type { ConfigPath } from '../paths.ts'
import { parseFileReference } from '../values/text.ts'
import { parseStore } from '../values/store.ts'
import { toList } from './resolver.ts'
import type { Resolver } from './resolver.ts'

/** Where records are kept; a fault where a reference leads to nothing. */
export function resolveStore(input: StoreInput, resolver: Resolver): StoreTarget {
  const { url: text, ca } = typeof input === 'string' ? { url: input } : input
  const at: ConfigPath = typeof input === 'string' ? ['store'] : ['store', 'url']
  const store = parseStore(text, '')
  if (store.kind === 'memory') return store
  if (store.kind === 'sqlite') return { kind: 'sqlite', path: resolver.path(store.path) }
  const url = store.kind === 'postgres' ? store.url : resolver.referenced(at, text).trim()
  // What is missing altogether is a fault already.
  if (url !== '') noting(resolver, at, () => parsePostgresUrl(url, ''))
  const pem = ca === undefined ? undefined : resolver.referenced(['store', 'ca'], ca)
  return { kind: 'postgres', url: new Secret(url), ...(pem === undefined ? {} : { ca: pem }) }
}

/** The file of the secrets, and the keys that open it. */
export function resolveSecrets(
  input: SecretsInput | undefined,
  resolver: Resolver,
): { readonly secretsFile: string; readonly secretsKeys: KeyEncryptionKeys } {
  if (input === undefined || typeof input === 'string') {
    const path = parseFileReference(input ?? DEFAULTS.secrets, '')
    return { secretsFile: resolver.path(path), secretsKeys: [] }
  }
  const file = input.file ?? DEFAULTS.secrets.slice('file:'.length)
  const at: ConfigPath = ['secrets', 'key']
  const secretsKeys = toList(input.key).flatMap((reference) => {
    const text = resolver.referenced(at, reference)
    const key =
      text === '' ? undefined : noting(resolver, at, () => parseKeyEncryptionKey(text, ''))
    return key === undefined ? [] : [key]
  })
  return { secretsFile: resolver.path(file), secretsKeys }
}

/** What `read` makes of a text; its faults go into the report. */
function noting<T>(resolver: Resolver, at: ConfigPath, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const { message, cure } of error.faults) resolver.report.fault(at, message, cure)
    return undefined
  }
}
