import { FIELD } from '../http/header-table.ts'
import { connectionOptions } from '../http/hop-by-hop.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import { readableCodings } from './content-coding.ts'
import type { PlanApi, SitePlan } from './plan.ts'

/** The path the API gets: its own base, then what the public path has behind ours, in the one canonical form. */
export function upstreamPath(exchange: Exchange, api: PlanApi): string {
  const path = plainUpstreamPath(exchange.path, api)
  return exchange.query.text === '' ? path : `${path}?${exchange.query.text}`
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
  for (let index = 0; index < headers.size; index += 1) {
    const name = headers.nameAt(index)
    if (!plan.keepsRequestHeader(name) || named?.includes(name) === true) continue
    const value = headers.valueAt(index)
    out.push(name, name === 'accept-encoding' ? readableCodings(value) : value)
  }
  // Servers of gRPC want to hear it on every hop; HTTP/1.1 upstreams are promised nothing.
  if (plan.forwardsTe && headers.get('te') === 'trailers') out.push('te', 'trailers')
  for (const add of plan.hooks.forward) add(exchange, out)
  return out
}
