import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsOf } from './config/config-fixture.ts'
import { restartParts } from './restart-parts.ts'

const LISTEN = 'https: 8443, http: 8080, plain: refuse, address: 127.0.0.1'

const rows: [name: string, before: string, after: string, parts: readonly string[]][] = [
  ['nothing changed', `listen: { ${LISTEN} }\n`, `listen: { ${LISTEN} }\n`, []],
  ['limits and modes come into force at once', '', 'limits: { ip: off }\nmode: monitor\n', []],
  [
    'ports stay as they were opened',
    `listen: { ${LISTEN} }\n`,
    'listen: { https: 8444, address: 127.0.0.2, health: 9090 }\n',
    ['listen.https', 'listen.http', 'listen.address', 'listen.health'],
  ],
  [
    'so do the store and the log',
    "store: 'memory:'\n",
    'logs: { sinks: [stderr] }\n',
    ['logs.sinks', 'store'],
  ],
  [
    'and keys, the admin socket, secrets and proxies',
    '',
    "auth: { apiKey: { prefix: acme } }\nadmin: { listen: 'unix:./b.sock' }\nsecrets: file:./b\nlisten: { trustedProxies: [10.0.0.0/8] }\n",
    ['listen.trustedProxies', 'auth.apiKey', 'admin.listen', 'secrets'],
  ],
]
for (const [name, before, after, parts] of rows) {
  test(name, async (t) => {
    const [started, now] = [await settingsOf(t, before), await settingsOf(t, after)]
    // Two folders, so two absolute paths: only what the texts say counts here.
    const same = before.includes('secrets') || !after.includes('secrets')
    const settled = {
      ...now,
      secretsFile: same ? started.secretsFile : now.secretsFile,
      admin: after.includes('admin') ? now.admin : started.admin,
      store: after.includes('store') === before.includes('store') ? started.store : now.store,
    }
    assert.deepEqual(restartParts(started, settled), parts)
  })
}
