import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Asker } from '../kit/ask.ts'
import { asker } from '../kit/ask.ts'
import type { TestGateway } from '../kit/gateway.ts'
import { startGateway } from '../kit/gateway.ts'
import type { TestUpstream } from '../kit/upstream.ts'
import { startUpstream } from '../kit/upstream.ts'
import { library } from './library.ts'

/** The library, a gateway in front of it with three lines of configuration, and a client of each. */
export interface GuardedLibrary {
  readonly upstream: TestUpstream
  readonly gateway: TestGateway
  readonly key: string
  /** Asks through the gateway. */
  readonly through: Asker
  /** Asks the library itself. */
  readonly direct: Asker
  close(): Promise<void>
}

/** The document, for tests that change it. */
export function libraryDocument(): string {
  return readFileSync(join(import.meta.dirname, 'openapi.yaml'), 'utf8')
}

/** The document with a second way in: access tokens. */
export function documentWithTokens(): string {
  return libraryDocument()
    .replace('  - libraryCard: []', '  - libraryCard: []\n  - memberToken: []')
    .replace(
      '  securitySchemes:',
      '  securitySchemes:\n    memberToken: { type: http, scheme: bearer }',
    )
}

/** What a test changes about the three lines. */
export interface LibraryPlan {
  /** Lines after the three. */
  readonly more?: string
  readonly document?: string
  readonly files?: Readonly<Record<string, string>>
  readonly transport?: 'node' | 'fast'
}

/** Starts both. */
export async function guardLibrary(plan: LibraryPlan = {}): Promise<GuardedLibrary> {
  const { more = '', document = libraryDocument(), files = {} } = plan
  const upstream = await startUpstream(library)
  const gateway = await startGateway({
    yaml: `openapi: ./openapi.yaml\nupstream: ${upstream.url}\nlisten: { https: 8443, http: 8080, tls: auto }\n${more}`,
    files: { 'openapi.yaml': document, ...files },
    ...(plan.transport === undefined ? {} : { transport: plan.transport }),
  })
  const { key } = await gateway.createKey()
  const through = asker(gateway.httpsPort, gateway.ca)
  const direct = asker(upstream.port)
  return {
    upstream,
    gateway,
    key,
    through,
    direct,
    close: async () => {
      through.close()
      direct.close()
      await Promise.all([gateway.close(), upstream.close()])
    },
  }
}
