import type { Exchange, SecurityEvent } from '../../pipeline/exchange.ts'
import type { RiskBook } from '../risk-book.ts'
import { credentialOf } from './credential-book.ts'

/**
 * Tells something about a credential, that of the caller unless said; the same about it from the same address is told
 * once in a while.
 */
export function tellOf(
  exchange: Exchange,
  event: Omit<SecurityEvent, 'control'>,
  book: RiskBook,
  credential: string = credentialOf(exchange.principal),
): void {
  const about = `${event.reason} ${credential} ${exchange.clientKey}`
  book.tellOnce(exchange, about, { ...event, control: 'hijack' })
}
