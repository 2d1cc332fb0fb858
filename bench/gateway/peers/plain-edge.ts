// Our own plain proxy: the gateway's edge around a core that decides nothing, to show what all controls add.
// node plain-edge.ts CONFIG
import { isHopByHop } from '../../../src/http/hop-by-hop.ts'
import { HeaderTable } from '../../../src/http/header-table.ts'
import { loadConfig } from '../../../src/gateway/config/load-config.ts'
import type { Answer, Core, HeadVerdict, ResponseVerdict } from '../../../src/gateway/core.ts'
import { GatewayCore } from '../../../src/gateway/gateway-core.ts'
import { Exchange } from '../../../src/pipeline/exchange.ts'
import { runGateway } from '../../../cli/run-gateway.ts'

/** Larger answers pass as they come, as the gateway lets those pass that no guard reads. */
const MAX_READ_BYTES = 65_536
const FORWARD: HeadVerdict = { kind: 'forward', body: 'none', maxBodyBytes: 0 }
const FORWARD_BODY: HeadVerdict = { kind: 'forward', body: 'buffer', maxBodyBytes: 1_048_576 }
let count = 0

/** Every field but those of the connection. */
function passing(headers: HeaderTable, out: string[]): string[] {
  for (let index = 0; index < headers.size; index += 1) {
    const name = headers.nameAt(index)
    if (name === 'content-length' || isHopByHop(name)) continue
    out.push(name, headers.valueAt(index))
  }
  return out
}

function answer(exchange: Exchange, body: Buffer | undefined): Answer {
  const { status, headers } = exchange.upstream ?? { status: 502, headers: new HeaderTable([]) }
  return { status, headers: passing(headers, []), body, close: false }
}

function failed(status: number): Answer {
  return { status, headers: [], body: undefined, close: true }
}

function responseHead(
  exchange: Exchange,
  status: number,
  rawHeaders: readonly string[],
): ResponseVerdict {
  exchange.upstream = { status, headers: new HeaderTable(rawHeaders) }
  const length = Number(exchange.upstream.headers.get('content-length') ?? Infinity)
  return length <= MAX_READ_BYTES
    ? { kind: 'buffer', maxBodyBytes: MAX_READ_BYTES }
    : { kind: 'stream', answer: answer(exchange, undefined) }
}

/** What is put in place of the gateway's own; the rest of it stays. */
type Decisions =
  | 'begin'
  | 'decideHead'
  | 'decideBody'
  | 'upstreamRequest'
  | 'decideResponseHead'
  | 'decideResponseBody'
  | 'fail'
  | 'end'
  | 'refuseUnparsed'

const PLAIN: Pick<Core, Decisions> & ThisType<GatewayCore> = {
  begin: (head) => new Exchange(`plain-${(count += 1)}`, head, Date.now()),
  decideHead: (exchange) => (exchange.head.hasBody ? FORWARD_BODY : FORWARD),
  decideBody: () => ({ kind: 'forward' }),
  upstreamRequest({ head }) {
    const [upstream = ''] = this.upstreams.keys()
    // As nginx does: the host that the client asked for.
    const named = head.headers.has('host') ? [] : ['host', head.authority ?? '']
    const headers = passing(head.headers, named)
    return { upstream, method: head.method, path: head.rawTarget, headers, firstByteMs: 15_000 }
  },
  decideResponseHead: responseHead,
  decideResponseBody: answer,
  fail: () => failed(502),
  end: () => undefined,
  refuseUnparsed: (_peer, status) => failed(status),
}

Object.assign(GatewayCore.prototype, PLAIN)
const load = () => loadConfig(process.argv[2] ?? '', {})
await runGateway(await load(), { reload: load, isAlone: false })
process.on('SIGTERM', () => process.exit(0))
