import { ConfigError } from '../../../base/config-error.ts'
import { Secret } from '../../../base/secret.ts'
import { parseSize } from '../../../base/units.ts'
import { parseRedisUrl } from '../../../store/redis/redis-target.ts'
import { BOUNDS, DEFAULTS } from '../defaults.ts'
import type { ProfileInput, SallyportConfig } from '../input.ts'
import type { LogsInput } from '../logs-input.ts'
import type { Settings } from '../settings.ts'
import { refusePassword } from '../values/counters.ts'
import type { SinkTarget } from '../values/text.ts'
import { parseSink, parseSocketAddress, parseUntil } from '../values/text.ts'
import { resolveApis } from './apis.ts'
import { resolveAuth } from './auth.ts'
import { resolveBlocks } from './blocks.ts'
import { resolveListen } from './listen.ts'
import { resolvePlaces } from './network.ts'
import type { Resolver } from './resolver.ts'
import { resolveRules } from './rules.ts'
import { resolveSecrets, resolveStore } from './store.ts'

/** What the kernel takes as the path of a Unix socket (`sun_path` of Linux, without the closing zero). */
const MAX_SOCKET_PATH_BYTES = 107

function resolveProfile(input: ProfileInput | undefined): Settings['profile'] {
  if (input === undefined) return undefined
  const graduated = new Set(input.graduated ?? [])
  return { name: input.name, untilMs: parseUntil(input.until, ''), graduated }
}

function resolveSinks(input: LogsInput, resolver: Resolver): readonly SinkTarget[] {
  return (input.sinks ?? DEFAULTS.sinks).map((text) => {
    const sink = parseSink(text, '')
    return sink.kind === 'file' ? { kind: 'file', path: resolver.path(sink.path) } : sink
  })
}

function resolveLogs(input: LogsInput, resolver: Resolver): Settings['logs'] {
  const reserveBytes = parseSize(input.reserve ?? DEFAULTS.logReserve, '')
  return {
    sinks: resolveSinks(input, resolver),
    whenFull: input.whenFull ?? DEFAULTS.logWhenFull,
    room: { maxBytes: BOUNDS.logBytes, reserveBytes },
  }
}

function resolveCounters(input: SallyportConfig, resolver: Resolver): Settings['counters'] {
  const text = input.counters ?? DEFAULTS.counters
  if (text === 'memory') return { kind: 'memory' }
  const isReference = /^(?:env|file):/.test(text)
  const url = isReference ? resolver.referenced(['counters'], text).trim() : text
  try {
    if (!isReference) refusePassword(text, 'counters')
    if (url !== '') parseRedisUrl(url, 'counters')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const { message, cure } of error.faults) resolver.report.fault(['counters'], message, cure)
  }
  const whenFails = input.limits?.whenStoreFails ?? DEFAULTS.whenStoreFails
  // What is sensitive is closed by a control; the rest is counted here.
  const whenAway = whenFails === 'strict' ? 'local' : whenFails
  return { kind: 'redis', url: new Secret(url), whenAway }
}

function resolveSocket(text: string, resolver: Resolver): string {
  const socket = resolver.path(parseSocketAddress(text, ''))
  if (Buffer.byteLength(socket) > MAX_SOCKET_PATH_BYTES) {
    resolver.report.fault(
      ['admin', 'listen'],
      `the socket path ${socket} is longer than ${MAX_SOCKET_PATH_BYTES} bytes`,
      'write admin: { listen: "unix:/run/sallyport.sock" } or another short path',
    )
  }
  return socket
}

/** Turns input that the schema has accepted into settings; what is wrong is noted in the resolver's report. */
export function resolveSettings(input: SallyportConfig, resolver: Resolver): Settings {
  return {
    apis: resolveApis(input, resolver),
    profile: resolveProfile(input.profile),
    listen: resolveListen(input.listen ?? {}, resolver),
    workers: input.workers ?? DEFAULTS.workers,
    transport: input.transport ?? DEFAULTS.transport,
    auth: resolveAuth(input.auth ?? {}, resolver),
    blocks: resolveBlocks(input, resolver),
    places: resolvePlaces(input, resolver),
    rules: resolveRules(input.rules ?? [], resolver),
    logs: resolveLogs(input.logs ?? {}, resolver),
    admin: { socket: resolveSocket(input.admin?.listen ?? DEFAULTS.adminListen, resolver) },
    ...resolveSecrets(input.secrets, resolver),
    store: resolveStore(input.store ?? DEFAULTS.store, resolver),
    counters: resolveCounters(input, resolver),
  }
}
