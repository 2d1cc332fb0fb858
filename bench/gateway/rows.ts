import type { Channel, Kind, Sample } from '../load/load.ts'
import type { Transport } from './issuer.ts'
import { ourName, plainName } from './peers.ts'
import type { Peer } from './peers.ts'

/** The parts of a run that `--only` names. */
export const PARTS = [
  'small',
  'spread',
  'post',
  'big',
  'stream',
  'tokens',
  'cold',
  'p50',
  'p999',
] as const
export type Part = (typeof PARTS)[number]

/** What is measured in a row, besides by whom: part, connection, and share of known tokens where that is the point. */
export interface Row {
  readonly peer: string
  readonly part: Part
  readonly channel: Channel
  readonly kind: Kind
  readonly hitPercent?: number
  /** New tokens are of callers who had another one a moment ago; of callers who never came before unless said. */
  readonly areCallersKnown?: boolean
}

/** Samples by `rowName`. */
export type Results = ReadonlyMap<string, readonly Sample[]>

const HIT_RATES = [0, 50, 90, 99]
const CHANNELS: readonly Channel[] = ['h1', 'tls', 'h2']
const KINDS = ['small', 'post', 'big'] as const

/** A row's name in tables and goals. */
export function rowName({ peer, part, channel, hitPercent, areCallersKnown }: Row): string {
  const rate = hitPercent === undefined ? '' : ` ${hitPercent} %`
  const callers = areCallersKnown === true ? ', callers known' : ''
  return `${peer} | ${part}${rate}${callers} | ${channel}`
}

/** Every row of a run, in the order in which each repeat goes through them. */
export function allRows(
  peers: readonly Peer[],
  transports: readonly Transport[],
  parts: ReadonlySet<Part>,
): readonly Row[] {
  const ours = transports.map(ourName)
  const rows: Row[] = []
  for (const kind of KINDS) {
    for (const channel of CHANNELS) {
      for (const peer of peers)
        if (peer.ports[channel] !== undefined)
          rows.push({ peer: peer.name, part: kind, channel, kind })
    }
  }
  // Alone, nginx has nobody to be compared with.
  if (ours.length === 0) return rows.filter(({ part }) => parts.has(part))
  const small = { channel: 'h1', kind: 'small' } as const
  const plain = transports.map(plainName)
  for (const peer of ['nginx', ...plain, ...ours])
    rows.push({ peer, part: 'stream', channel: 'h1', kind: 'stream' })
  for (const peer of ['nginx', ...plain, ...ours])
    rows.push({ peer, part: 'spread', channel: 'h1', kind: 'spread' })
  // HAProxy checks every token anew, so one rate says all of it.
  rows.push({ peer: 'haproxy + jwt', part: 'tokens', hitPercent: 0, ...small })
  for (const peer of ours) {
    for (const hitPercent of HIT_RATES) rows.push({ peer, part: 'tokens', hitPercent, ...small })
    rows.push({ peer, part: 'tokens', hitPercent: 0, areCallersKnown: true, ...small })
  }
  for (const part of ['cold', 'p50', 'p999'] as const)
    for (const peer of ['nginx', ...ours]) rows.push({ peer, part, ...small })
  return rows.filter(({ part }) => parts.has(part))
}
