import type { Answer, Core } from '../../gateway/core.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Addresses } from './addresses.ts'
import type { ClientEnd } from './client.ts'
import type { Connection } from './connection.ts'
import type { EdgeLimits } from './limits.ts'
import type { Taken, Tenant } from './share.ts'
import type { Sweeper } from './sweeper.ts'
import type { UpgradeEnd } from './tunnel.ts'
import type { Upstreams } from '../upstream/upstreams.ts'

/** What all exchanges of a listener share. */
export interface EdgeContext extends Taken {
  readonly addresses: Addresses
  readonly core: Core
  readonly upstreams: Upstreams
  readonly sweeper: Sweeper
  readonly limits: EdgeLimits
}

/** How one exchange is reached: its way back, its connection, and its raw socket when it asked to switch protocols. */
export interface ExchangePorts {
  readonly client: ClientEnd
  /** Where the exchange is entered so that it hears of the connection's end; takes what the exchange takes. */
  readonly connection: Pick<Connection, 'enter' | 'leave'> & Tenant
  readonly upgrade: UpgradeEnd | undefined
}

/** What is sent when even the core's own failure answer failed. */
const LAST_RESORT: Answer = {
  status: 500,
  headers: ['Content-Type', 'application/problem+json'],
  body: '{"type":"about:blank","title":"Internal Server Error","status":500}',
  close: true,
}

/** Sends a bare 500, or breaks off where an answer has begun. */
export function answerLast(client: ClientEnd): void {
  try {
    client.answer(LAST_RESORT)
  } catch {
    client.destroy()
  }
}

/** Ends an exchange: `end` promises not to throw; if it does, the record is lost, the connection must not be. */
export function endSafely(core: Core, exchange: Exchange): void {
  try {
    core.end(exchange)
  } catch {
    // Nobody is left to tell.
  }
}
