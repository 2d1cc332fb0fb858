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

/** Starts both. `more`: lines after the three. */
export async function guardLibrary(more = ''): Promise<GuardedLibrary> {
  const upstream = await startUpstream(library)
  const gateway = await startGateway({
    yaml: `openapi: ./openapi.yaml\nupstream: ${upstream.url}\nlisten: { https: 8443, http: 8080, tls: auto }\n${more}`,
    files: { 'openapi.yaml': libraryDocument() },
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
