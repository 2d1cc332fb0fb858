import type { Settings } from './config/settings.ts'

/** What is opened once and stays until the process ends: configuration path -> its part of the settings. */
const PARTS: readonly [path: string, part: (settings: Settings) => unknown][] = [
  ['listen.https', ({ listen }) => listen.https],
  ['listen.http', ({ listen }) => listen.http],
  ['listen.address', ({ listen }) => listen.address],
  ['listen.health', ({ listen }) => listen.health],
  ['listen.trustedProxies', ({ listen }) => listen.trustedProxies],
  ['listen.proxyProtocol', ({ listen }) => listen.proxyProtocol],
  ['listen.tls', ({ listen }) => listen.tls.kind],
  ['transport', ({ transport }) => transport],
  ['workers', ({ workers }) => workers],
  ['auth.apiKey', ({ auth }) => auth.apiKey],
  ['logs.sinks', ({ logs }) => logs.sinks],
  ['logs.reserve', ({ logs }) => logs.room],
  ['admin.listen', ({ admin }) => admin.socket],
  [
    'secrets',
    ({ secretsFile, secretsKeys }) => [
      secretsFile,
      secretsKeys.map((key) => key.reveal().toString('base64')),
    ],
  ],
  ['store', ({ store }) => (store.kind === 'postgres' ? [store.url.reveal(), store.ca] : store)],
  [
    'counters',
    ({ counters }) =>
      counters.kind === 'memory' ? counters : [counters.url.reveal(), counters.whenAway],
  ],
]

/** Paths of what was changed since the start although only a restart can bring it into force; in the order of the table. */
export function restartParts(started: Settings, now: Settings): readonly string[] {
  return PARTS.filter(
    ([, part]) => JSON.stringify(part(started)) !== JSON.stringify(part(now)),
  ).map(([path]) => path)
}
