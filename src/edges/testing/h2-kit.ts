import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { after, before } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import type { EdgeLimits } from '../exchange/limits.ts'
import type { H2Abuse } from '../http2/session-guard.ts'
import { startListener } from '../listener/listener.ts'
import type { Listener } from '../listener/listener.ts'
import type { AutoTls } from '../tls/auto.ts'
import { openAutoTls } from '../tls/auto.ts'
import type { FakeCore } from './fake-core.ts'

/** A listener of HTTP/2, and what it told of its clients. */
export interface H2World {
  readonly listener: Listener
  readonly port: number
  readonly caFile: string
  readonly abuses: H2Abuse[]
  readonly resets: () => number
}

/** How one is started. */
export interface H2Options {
  readonly core: FakeCore
  readonly transport?: 'node' | 'fast'
  readonly limits?: Partial<EdgeLimits>
}

/** Starts a listener that ends with its test. */
export type StartH2 = (t: TestContext, options: H2Options) => Promise<H2World>

/** One authority for all tests of a file; to be called at its top. */
export function h2Kit(): StartH2 {
  let tls: AutoTls | undefined
  before(() => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-h2kit-'))
    tls = openAutoTls({ folder, names: [], min: '1.2', clock: systemClock })
  })
  after(() => tls?.close())
  return async (t, { core, transport = 'fast', limits = {} }) => {
    if (tls === undefined) throw new Error('not from within a test')
    const abuses: H2Abuse[] = []
    let resets = 0
    const listener = await startListener({
      core,
      transport,
      port: 0,
      address: '127.0.0.1',
      kind: 'https',
      tls,
      limits: { sweepMs: 20, drainMs: 200, ...limits },
      http2Monitor: { onReset: () => resets++, onAbuse: (abuse) => abuses.push(abuse) },
    })
    t.after(() => listener.close(0))
    return {
      listener,
      port: listener.port,
      caFile: tls.caFile,
      abuses,
      resets: () => resets,
    }
  }
}
