import type { Exchange } from '../../pipeline/exchange.ts'

const IDS = new WeakMap<Exchange, Set<string>>()
const NONE: ReadonlySet<string> = new Set()

/** Notes that an exchange has looked something up for an id. */
export function noteLookup(exchange: Exchange, id: string): void {
  const ids = IDS.get(exchange)
  if (ids === undefined) IDS.set(exchange, new Set([id]))
  else ids.add(id)
}

/** The ids for which an exchange has looked something up. */
export function idsLookedUp(exchange: Exchange): ReadonlySet<string> {
  return IDS.get(exchange) ?? NONE
}
