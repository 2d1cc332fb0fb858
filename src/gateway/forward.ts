import { inOnePiece } from '../base/one-piece.ts'
import { FIELD } from '../http/header-table.ts'
import type { HeaderTable } from '../http/header-table.ts'
import { connectionOptions } from '../http/hop-by-hop.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import { readableCodings } from './content-coding.ts'
import type { PlanApi, SitePlan } from './plan.ts'

/** The path the API gets: its own base, then what the public path has behind ours, in the one canonical form. */
export function upstreamPath(exchange: Exchange, api: PlanApi): string {
  const { path, query, targetNotes: notes } = exchange
  // Whoever puts other values into path or query writes both anew.
  if (notes?.path !== path || notes.query !== query) return newUpstreamPath(exchange, api)
  if (notes.upstreamApi !== api) {
    notes.upstreamPath = inOnePiece(newUpstreamPath(exchange, api))
    notes.upstreamApi = api
  }
  return notes.upstreamPath
}

function newUpstreamPath({ path: publicPath, query }: Exchange, api: PlanApi): string {
  const path = plainUpstreamPath(publicPath, api)
  return query.text === '' ? path : `${path}?${query.text}`
}

/** The same of a path without query. */
export function plainUpstreamPath(publicPath: string, api: PlanApi): string {
  const rest = publicPath.slice(api.publicBase.length)
  return api.upstreamBase === '' ? rest : api.upstreamBase + rest
}

/** The fields the API gets: what the guards keep of the client's, then what they add. */
export function requestHeaders(exchange: Exchange, plan: SitePlan): string[] {
  const { headers } = exchange.head
  const out: string[] = ['host', plan.api.upstreamHost]
  // What `Connection` names belongs to the client's connection too; `wire` refused the names that must not be there.
  const named = (headers.known & FIELD.connection) !== 0 ? connectionOptions(headers) : undefined
  for (const index of keptPlaces(headers, plan)) {
    const name = headers.nameAt(index)
    if (named?.includes(name) === true) continue
    const value = headers.valueAt(index)
    out.push(name, name === 'accept-encoding' ? readableCodings(value) : value)
  }
  // Servers of gRPC want to hear it on every hop; HTTP/1.1 upstreams are promised nothing.
  if (plan.forwardsTe && headers.get('te') === 'trailers') out.push('te', 'trailers')
  for (const add of plan.hooks.forward) add(exchange, out)
  return out
}

/** Which fields of a head go on under a plan. */
interface KeptPlaces {
  readonly names: readonly string[]
  readonly keeps: SitePlan['keepsRequestHeader']
  readonly places: readonly number[]
}

/** Operations that are remembered at once; a power of two. */
const REMEMBERED = 64
/** One head is like the one before it: what was kept of the same list of names is kept of it again. */
const remembered: (KeptPlaces | undefined)[] = Array.from({ length: REMEMBERED })

function keptPlaces(
  { names, isPrintable }: HeaderTable,
  { site, keepsRequestHeader: keeps }: SitePlan,
): readonly number[] {
  const slot = site.index % REMEMBERED
  const last = remembered[slot]
  if (last !== undefined && last.names === names && last.keeps === keeps) return last.places
  const places: number[] = []
  for (const [place, name] of names.entries()) if (keeps(name)) places.push(place)
  // Only the parser that says so gives the same list twice.
  if (isPrintable) remembered[slot] = { names, keeps, places }
  return places
}
