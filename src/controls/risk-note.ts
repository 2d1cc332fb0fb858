import type { Exchange } from '../pipeline/exchange.ts'

const MAX_SIGNALS = 8

/** Writes a signal into the record of the exchange, with the score as it stands now: the larger one stays. */
export function noteRisk(exchange: Exchange, signal: string, score: number): void {
  const { risk } = exchange
  if (risk === undefined) {
    exchange.risk = { score, signals: [signal] }
    return
  }
  const isKnown = risk.signals.includes(signal) || risk.signals.length >= MAX_SIGNALS
  const signals = isKnown ? risk.signals : [...risk.signals, signal]
  exchange.risk = { score: Math.max(score, risk.score), signals }
}
