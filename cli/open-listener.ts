import { compileAddressSet } from '../src/base/cidr.ts'
import type { EdgeLimits } from '../src/edges/exchange/limits.ts'
import type { Http2Monitor } from '../src/edges/http2/session-guard.ts'
import { startListener } from '../src/edges/listener/listener.ts'
import type { Listener, ListenerOptions } from '../src/edges/listener/listener.ts'
import type { UpstreamNotice } from '../src/edges/upstream/origin.ts'
import type { Settings } from '../src/gateway/config/settings.ts'
import type { GatewayCore } from '../src/gateway/gateway-core.ts'
import type { Metrics } from '../src/telemetry/metrics.ts'
import type { Recorder } from '../src/telemetry/recorder.ts'

/** What a listener stands in front of: the gateway of a thread. */
export interface ServedGateway {
  readonly core: GatewayCore
  readonly recorder: Recorder
  readonly metrics: Metrics
}

/** Which port, and how, beyond what the settings say. */
export type PortOptions = Pick<
  ListenerOptions,
  'kind' | 'port' | 'tls' | 'reusePort' | 'ticketKeys' | 'seats'
> & {
  readonly limits?: Partial<EdgeLimits>
}

/** Opens one of the ports that the settings name, in front of a gateway. Rejects as `startListener`. */
export function openListener(
  { core, recorder, metrics }: ServedGateway,
  settings: Settings,
  { limits, ...port }: PortOptions,
): Promise<Listener> {
  const { listen, transport } = settings
  const trusted = compileAddressSet(listen.trustedProxies, 'listen.trustedProxies')
  const connections = metrics
    .gauge('sallyport_conn_active', 'Open connections.', ['listener'])
    .cell(port.kind)
  return startListener({
    ...port,
    core,
    address: addressOf(settings),
    transport,
    isTrustedPeer: (address) => trusted.has(address),
    proxyProtocol: listen.proxyProtocol !== undefined,
    onProxyFault: (fault, peerAddress) =>
      recorder.emit({
        name: 'sp_protocol_violation',
        level: 'warn',
        control: 'listener',
        reason: 'proxy_header',
        detail: fault,
        facts: { 'client.address': peerAddress },
      }),
    limits: { ...limits, ...edgeLimits(settings) },
    onConnections: (delta) => void (connections.value += delta),
    onUpstream: (notice) => noteUpstream(recorder, notice),
    http2Monitor: http2Monitor(recorder, metrics),
    onTlsError: (code, peerAddress) =>
      recorder.emit({
        name: 'sp_tls_fail',
        level: 'warn',
        control: 'tls',
        reason: code,
        facts: { 'client.address': peerAddress },
      }),
  })
}

/** Floods and faults of HTTP/2 clients in the log and the metrics [WIRE-10]. */
function http2Monitor(recorder: Recorder, metrics: Metrics): Http2Monitor {
  const help = 'HTTP/2 streams that ended by a reset which their client sent or provoked.'
  const resets = metrics.counter('sallyport_h2_resets_total', help).cell()
  return {
    onReset: () => void resets.value++,
    onAbuse: ({ kind, detail, peerAddress }) =>
      recorder.emit({
        name: 'sp_h2_abuse',
        level: 'warn',
        control: 'wire',
        reason: kind,
        facts: { 'client.address': peerAddress, detail },
      }),
  }
}

/** Address the ports are bound to. */
export function addressOf({ listen }: Settings): string {
  return listen.address ?? '::'
}

/** Where addresses are not limited, neither are their handshakes [TRN-07]. */
function edgeLimits({ blocks }: Settings): Partial<EdgeLimits> {
  return blocks.limits.ip === undefined ? { handshakesPerSecond: Infinity } : {}
}

function noteUpstream(
  recorder: Recorder,
  { upstream, origin, change, state, detail }: UpstreamNotice,
): void {
  recorder.emit({
    name: change === 'breaker' ? 'sp_upstream_breaker' : 'sp_upstream_health',
    level: state === 'open' || state === 'down' ? 'critical' : 'info',
    control: 'upstream',
    reason: state,
    facts: { 'upstream.name': upstream, 'upstream.origin': origin, detail },
  })
}
