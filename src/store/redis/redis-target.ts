import { ConfigError } from '../../base/config-error.ts'

interface Host {
  readonly host: string
  readonly port: number
}

/** Where the counters of several nodes are. */
export interface RedisTarget {
  readonly kind: 'single' | 'sentinel' | 'cluster'
  /** The server; the sentinels; nodes of the cluster to begin with. */
  readonly hosts: readonly Host[]
  /** Name of the master that sentinels watch; empty for other kinds. */
  readonly master: string
  readonly database: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly isTls: boolean
}

const URL_SHAPE =
  /^(?:redis|valkey)(s)?(?:\+(sentinel|cluster))?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/?#@]+)(?:\/([^?#]*))?$/

const CURE =
  'write redis://HOST:PORT/DB, rediss:// for TLS, redis+sentinel://HOST,HOST/MASTER or redis+cluster://HOST,HOST; valkey:// means the same'

function refuse(path: string, message: string): never {
  // The text is not shown: it may hold a password.
  throw new ConfigError({ path, message, cure: CURE })
}

/**
 * Reads the URL of a Redis or Valkey server, of sentinels or of a cluster: several hosts are joined by commas; user and
 * password percent-encoded (RFC 3986). Throws `ConfigError`.
 */
export function parseRedisUrl(text: string, path: string): RedisTarget {
  const match = URL_SHAPE.exec(text)
  if (match === null) return refuse(path, 'is no URL of Redis or Valkey')
  const [, tls, kind, username, password, hosts = '', rest = ''] = match
  const port = kind === 'sentinel' ? 26_379 : 6379
  const isSentinel = kind === 'sentinel'
  if (isSentinel && rest === '') return refuse(path, 'names no master')
  if (kind === 'cluster' && rest !== '') return refuse(path, 'a cluster has no databases')
  return {
    kind: kind === undefined ? 'single' : (kind as 'sentinel' | 'cluster'),
    hosts: hosts.split(',').map((host) => parseHost(host, port, path)),
    master: isSentinel ? rest : '',
    database: isSentinel ? 0 : parseDatabase(rest, path),
    username: decoded(username, path),
    password: decoded(password, path),
    isTls: tls !== undefined,
  }
}

function parseHost(text: string, fallback: number, path: string): Host {
  const match = /^(\[[\da-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/.exec(text)
  const port = Number(match?.[2] ?? fallback)
  if (match?.[1] === undefined || port > 65_535) return refuse(path, 'names a host that is none')
  return { host: match[1].replace(/^\[|\]$/g, ''), port }
}

function parseDatabase(text: string, path: string): number {
  if (!/^\d{0,5}$/.test(text)) return refuse(path, 'the database is a number')
  return Number(text)
}

function decoded(text: string | undefined, path: string): string | undefined {
  if (text === undefined || text === '') return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return refuse(path, 'user or password is not percent-encoded')
  }
}
