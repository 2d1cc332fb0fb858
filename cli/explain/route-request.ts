import { HeaderTable } from '../../src/http/header-table.ts'
import type { Plan, SitePlan } from '../../src/gateway/plan.ts'
import { Exchange } from '../../src/pipeline/exchange.ts'
import { runHooks } from '../../src/pipeline/runner.ts'

/** A request line with what `--as` needs beside it. */
export interface RequestLine {
  readonly method: string
  readonly target: string
  /** Client address. */
  readonly address: string
  /** `Origin` field, for publishable keys. */
  readonly origin: string | undefined
}

/** Where a request line leads, or what it is answered. */
export type Routed =
  | { readonly plan: SitePlan; readonly exchange: Exchange }
  | {
      readonly refusal: {
        readonly control: string
        readonly status: number
        readonly reason: string
        readonly detail: string
      }
    }

/** The controls that find the operation; they count nothing. */
const FINDERS: ReadonlySet<string> = new Set(['address', 'target', 'routes'])

/** Finds the operation of a request line with the real guards of a plan. */
export async function routeRequest(plan: Plan, line: RequestLine): Promise<Routed> {
  const exchange = exchangeFor(line)
  const hooks = plan.entry.request.filter(({ control }) => FINDERS.has(control))
  const refusal = await runHooks(hooks, exchange, undefined)
  const { site } = exchange
  const found = plan.sites.find((one) => one.site === site)
  if (refusal === undefined && found !== undefined) return { plan: found, exchange }
  const { reason = 'unknown_path', detail = '' } = refusal?.denial ?? {}
  const status = refusal?.denial.status ?? refusal?.spec.status ?? 404
  return { refusal: { control: refusal?.control ?? 'routes', status, reason, detail } }
}

function exchangeFor({ method, target, address, origin }: RequestLine): Exchange {
  const fields = ['host', 'localhost', ...(origin === undefined ? [] : ['origin', origin])]
  return new Exchange(
    'explain',
    {
      method,
      rawTarget: target,
      httpVersion: '1.1',
      headers: new HeaderTable(fields),
      authority: undefined,
      peerAddress: address,
      peerPort: 0,
      listener: 'https',
      tls: { protocol: 'TLSv1.3', cipher: '', servername: 'localhost' },
      hasBody: false,
    },
    Date.now(),
  )
}
