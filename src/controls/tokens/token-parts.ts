import type { DataKeys } from '../../identity/data-keys/data-keys.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { TokenDecision } from './token-views.ts'

/** What became of one text that stands where tokens come back. */
export type Opened =
  /** It is no token, or none that could be told from a value. */
  'same' | 'token_refused' | 'token_unknown' | { readonly value: string }

/** Whose tokens are opened. */
export interface Opening {
  readonly keys: DataKeys
  readonly tenant: string
}

/** Opens a token, or says why not. */
export function openText(text: string, decision: TokenDecision, { keys, tenant }: Opening): Opened {
  if (decision === 'open-form') {
    const value = keys.current(tenant).openForm(text)
    return value === undefined ? 'same' : { value }
  }
  if (!text.startsWith('tok_')) return 'same'
  if (decision === 'refuse') return 'token_refused'
  const value = keys.open(tenant, text)
  return value === undefined ? 'token_unknown' : { value }
}

/** Leaves the event of a value that was opened, with where it stands. */
export function tellOpened(exchange: Exchange, control: string, places: readonly string[]): void {
  exchange.events.push({
    name: 'sensitive_read',
    level: 'info',
    control,
    reason: 'token_opened',
    detail: places.join(' ').slice(0, 1000),
  })
}

/** A text of `name=value` pieces with other values at some indexes, by index; names stay as they were written. */
export function withValues(text: string, values: ReadonlyMap<number, string>): string {
  return text
    .split('&')
    .map((piece, index) => {
      const value = values.get(index)
      const equals = piece.indexOf('=')
      if (value === undefined) return piece
      return `${equals < 0 ? piece : piece.slice(0, equals)}=${encodeURIComponent(value)}`
    })
    .join('&')
}
