import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { FakeClock } from '../../base/clock.ts'
import { makeFolder } from '../config/config-fixture.ts'
import { loadConfig } from '../config/load-config.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import { Gateway } from '../gateway.ts'
import type { GatewayOptions, NextConfig } from '../gateway.ts'

/** A document with one operation that needs a key, and one public. */
export const DOCUMENT = `openapi: 3.1.0
info: { title: Orders, version: '1' }
servers: [{ url: /v1 }]
components: { securitySchemes: { key: { type: apiKey, in: header, name: X-API-Key } } }
security: [{ key: [] }]
paths:
  /orders:
    get: { operationId: list, responses: { '200': { description: ok } } }
  /health:
    get: { operationId: health, security: [], responses: { '200': { description: ok } } }
`

/** A document whose only schema contains itself: that shows when it is compiled, not when it is loaded. */
export const ENDLESS = `openapi: 3.1.0
info: { title: Endless, version: '1' }
components:
  schemas: { A: { allOf: [{ $ref: '#/components/schemas/A' }] } }
paths:
  /a:
    get:
      operationId: a
      security: []
      responses:
        '200':
          description: ok
          content: { application/json: { schema: { $ref: '#/components/schemas/A' } } }
`

/** Two lines, everything in memory, the log in a file. */
export const CONFIG = `openapi: ./openapi.yaml
upstream: http://127.0.0.1:3000
store: 'memory:'
logs: { sinks: ['file:./log'] }
`

/** A configuration in a folder of its own. */
export interface GatewayFolder {
  readonly folder: string
  write(name: string, text: string): void
  load(): Promise<LoadedConfig>
  /** As `Gateway.reload` takes it. */
  next(): Promise<NextConfig>
  /** Starts a gateway that ends with the test. */
  start(options?: Partial<GatewayOptions>): Promise<Gateway>
  /** The security events so far, as the log has them. */
  events(gateway: Gateway): Promise<readonly LoggedEvent[]>
}

/** What the tests look at of an event. */
export interface LoggedEvent {
  readonly action: string
  readonly detail: string
}

/** Makes a folder with `DOCUMENT` and the configuration. */
export function gatewayFolder(
  t: TestContext,
  config: string = CONFIG,
  files: Readonly<Record<string, string>> = {},
): GatewayFolder {
  const all = { 'openapi.yaml': DOCUMENT, ...files, 'sallyport.yaml': config }
  const folder = makeFolder(t, all)
  const load = (): Promise<LoadedConfig> => loadConfig(join(folder, 'sallyport.yaml'), {})
  return {
    folder,
    write: (name, text) => writeFileSync(join(folder, name), text),
    load,
    next: async () => ({ loaded: await load() }),
    start: async (options = {}) => {
      const gateway = await Gateway.start(await load(), {
        version: '0',
        certificateNames: [],
        ...options,
      })
      t.after(() => gateway.close())
      return gateway
    },
    events: async (gateway) => {
      await gateway.recorder.flush()
      const lines = readFileSync(join(folder, 'log'), 'utf8').split('\n')
      return lines.filter((line) => line !== '').map(eventOf)
    },
  }
}

function eventOf(line: string): LoggedEvent {
  const fields = JSON.parse(line) as Readonly<Record<string, string>>
  return { action: fields['event.action'] ?? '', detail: fields['sallyport.detail'] ?? '' }
}

/** ISO text of a moment, for `until`. */
export function isoIn(clock: FakeClock, ms: number): string {
  return new Date(clock.nowMs() + ms).toISOString()
}
