// The gateway as it is, but that idle connections stay. SIGUSR2 collects garbage.
// node --expose-gc serve-patient.ts CONFIG
import { runGateway } from '../../cli/run-gateway.ts'
import { EDGE_LIMITS } from '../../src/edges/exchange/limits.ts'
import { loadConfig } from '../../src/gateway/config/load-config.ts'

const HOUR_MS = 3_600_000

Object.assign(EDGE_LIMITS, {
  headersMs: HOUR_MS,
  keepAliveMs: HOUR_MS,
  sessionIdleMs: HOUR_MS,
  handshakeMs: HOUR_MS,
  connections: 100_000,
  handshakeBurst: 1_000_000,
})
const load = () => loadConfig(process.argv[2] ?? '', {})
await runGateway(await load(), { reload: load, isAlone: false })
process.on('SIGUSR2', () => globalThis.gc?.())
process.on('SIGTERM', () => process.exit(0))
