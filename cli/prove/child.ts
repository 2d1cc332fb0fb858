import { controls } from '../../src/controls/index.ts'
import { modeOf } from '../../src/pipeline/control.ts'
import type { AnyControl } from '../../src/controls/kit.ts'
import type { Omission, ProofKey, ProofKeyOptions } from '../../src/pipeline/proof.ts'
import type { Site } from '../../src/pipeline/site.ts'
import { formatFault, ConfigError } from '../../src/base/config-error.ts'
import { foreignDigest } from '../../src/identity/keys/foreign-key.ts'
import { loadFromFlags } from '../load.ts'
import { runGateway } from '../run-gateway.ts'
import type { RunningGateway } from '../run-gateway.ts'
import type {
  OwnOperation,
  RangeOrder,
  RangeReady,
  Standing,
  ToChild,
  ToParent,
} from './messages.ts'
import { proofs } from './proofs.ts'
import { PROBE_API, rangeConfig } from './range-settings.ts'

// The process of `RangeHost`: told over its IPC channel which gateways to run, one after another, and gone with it.
// Whatever one leaves out of its plan, no request can get past it to a real API: every upstream is the sink.

let running: RunningGateway | undefined

process.on('message', (message: ToChild) => void obey(message))
process.on('disconnect', () => process.exit(0))

async function obey(message: ToChild): Promise<void> {
  const { call } = message
  try {
    tell({ call, ...(await done(message)) })
  } catch (error) {
    tell({ call, fault: messageOf(error) })
  }
}

async function done(message: ToChild): Promise<Pick<ToParent, 'ready' | 'key'>> {
  switch (message.kind) {
    case 'start':
      return { ready: await start(message.order) }
    case 'newKey':
      return { key: await newKey(message.options) }
    case 'importKey':
      return { key: await importKey(message.text) }
    case 'revokeKey':
      await keyAdmin().revoke(message.id, 'prove', Date.now())
      return {}
    default:
      await running?.close()
      running = undefined
      return {}
  }
}

function tell(message: ToParent): void {
  process.send?.(message)
}

function messageOf(error: unknown): string {
  if (error instanceof ConfigError) return error.faults.map(formatFault).join('\n')
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

async function start(order: RangeOrder): Promise<RangeReady> {
  const loaded = rangeConfig(await loadFromFlags(order.flags), order)
  running = await runGateway(loaded, {
    reload: () => Promise.resolve(loaded),
    isAlone: false,
    ports: { https: 0, http: 0 },
    ...(order.omit === undefined ? {} : { omit: omissionOf(order.omit) }),
  })
  if (order.needs.clock === 'back') setBack()
  return readiness(running)
}

const BACK_MS = 20 * 60_000

/** As if somebody had set the clock of this machine; nobody else on it is to notice. */
function setBack(): void {
  const now = Date.now
  Date.now = () => now() - BACK_MS
}

function omissionOf(control: string): Omission {
  const naive = proofs.find((proof) => proof.control === control)?.naive
  return naive === undefined ? { control } : { control, naive }
}

function readiness({ gateway, httpsPort = 0, httpPort = 0 }: RunningGateway): RangeReady {
  const sites = gateway.core.plan.sites.map(({ site }) => site)
  const probes = sites.filter(({ operation }) => operation.api === PROBE_API)
  const { ip, principal, failures, errors } = (probes[0] as Site).policy.limits
  return {
    httpsPort,
    httpPort,
    standings: Object.fromEntries(controls.map((one) => [one.name, standing(one, probes)])),
    limits: { ip, principal, failures, errors },
    operations: sites.filter(({ operation }) => operation.api !== PROBE_API).map(ownOperation),
  }
}

/** The weakest standing of a control over all probe operations. */
function standing(control: AnyControl, sites: readonly Site[]): Standing {
  const modes = new Set(sites.map(({ policy }) => modeOf(control, policy)))
  if (modes.has('off')) return 'off'
  if (modes.has('monitor')) return 'monitor'
  return sites.some(({ policy }) => control.configure(policy) !== undefined) ? 'enforce' : 'unset'
}

function ownOperation({ operation, publicBase, label }: Site): OwnOperation {
  const { security } = operation
  return {
    label,
    method: operation.method,
    path: publicBase + operation.template.replaceAll(/\{[^{}]+\}/g, 'sallyport-prove-0'),
    isPublic:
      security !== undefined && (security.length === 0 || security.some((all) => all.length === 0)),
    hasSunset: operation.extensions.has('x-sallyport-deprecated'),
  }
}

function keyAdmin(): RunningGateway['gateway']['services']['keys']['admin'] {
  if (running === undefined) throw new Error('the gateway is not up')
  return running.gateway.services.keys.admin
}

async function newKey({ livesMs, ...options }: ProofKeyOptions): Promise<ProofKey> {
  const nowMs = Date.now()
  const expiry = livesMs === undefined ? {} : { expiresAtMs: nowMs + livesMs }
  const { row, key } = await keyAdmin().create({ ...options, ...expiry, owner: 'prove' }, nowMs)
  return { id: row.id, text: key.reveal() }
}

async function importKey(text: string): Promise<ProofKey> {
  const entry = { digestHex: foreignDigest(text), lastFour: '', request: { owner: 'prove' } }
  const done = await keyAdmin().import([entry], { nowMs: Date.now(), isDryRun: false })
  const [found] = [...done.made, ...done.known]
  if (found === undefined) throw new Error('the key was not taken')
  return { id: found.row.id, text }
}
