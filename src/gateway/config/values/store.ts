import { ConfigError } from '../../../base/config-error.ts'
import { parsePostgresUrl } from '../../../store/sources/postgres-source.ts'
import { refusePassword } from './counters.ts'
import { parseReference } from './text.ts'
import type { Reference } from './text.ts'

/** Where records are kept, as it is written: paths are not absolute, references not read. */
export type WrittenStore =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'reference'; readonly reference: Reference }

/**
 * Reads `sqlite:PATH`, `memory:`, `postgres://USER@HOST:PORT/DATABASE`, or `env:NAME` / `file:PATH` for a URL with a
 * password. Throws `ConfigError` that never repeats the text.
 */
export function parseStore(text: string, path: string): WrittenStore {
  if (text === 'memory:') return { kind: 'memory' }
  const file = /^sqlite:([^\0\n]{1,1000})$/.exec(text)?.[1]
  if (file !== undefined) return { kind: 'sqlite', path: file }
  if (/^(?:env|file):/.test(text))
    return { kind: 'reference', reference: parseReference(text, path) }
  if (/^postgres(?:ql)?:/.test(text)) {
    refusePassword(text, path)
    parsePostgresUrl(text, path)
    return { kind: 'postgres', url: text }
  }
  throw new ConfigError({
    path,
    message: 'is not a store',
    cure: 'write sqlite:PATH, postgres://USER@HOST:PORT/DATABASE, env:NAME for a URL with a password, or memory:',
  })
}
