import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runGateway } from '../../cli/run-gateway.ts'
import type { RunningGateway, RunOptions } from '../../cli/run-gateway.ts'
import { loadConfig } from '../../src/gateway/config/load-config.ts'
import type { KeyRequest } from '../../src/identity/keys/key-request.ts'

/** A line of the log, whatever its stream. */
export type LogLine = Readonly<Record<string, unknown>>

/** How `startGateway` starts. */
export interface GatewayPlan {
  /** Text of `sallyport.yaml`; log, secrets and store are added where it does not name them. */
  readonly yaml: string
  /** Further files beside it, by name. */
  readonly files?: Readonly<Record<string, string>>
  /** The data plane; the default of the product unless said. */
  readonly transport?: 'node' | 'fast'
  /** Follows its files, serves its admin socket. */
  readonly isAlone?: boolean
  /** Other numbers for the profile `adopt`. */
  readonly adopt?: RunOptions['adopt']
  /** How long a day is to a configuration that cannot be read. */
  readonly staleMs?: number
}

/** A gateway on free ports, in a folder of its own that `close` removes. */
export interface TestGateway {
  readonly folder: string
  readonly running: RunningGateway
  readonly httpsPort: number
  readonly httpPort: number
  /** PEM of the authority that signed its certificate. */
  readonly ca: string
  /** Makes a key, now or at another time (milliseconds), and returns its text and its id. */
  createKey(
    request?: KeyRequest,
    nowMs?: number,
  ): Promise<{ readonly key: string; readonly id: string }>
  revokeKey(id: string): Promise<void>
  write(name: string, text: string): void
  /** Every line written so far, as text. */
  logText(): Promise<string>
  /** The lines written so far; throws where one is no JSON. */
  log(): Promise<readonly LogLine[]>
  close(): Promise<void>
}

const CONFIG = 'sallyport.yaml'
const LOG = 'gateway.log'

/** What a test wants that the three lines do not say, top-level blocks by name. */
const HOUSEKEEPING: Readonly<Record<string, string>> = {
  logs: `logs: { sinks: ["file:./${LOG}"] }`,
  store: 'store: "memory:"',
}

/** Writes the files, loads the configuration as the command does and opens the sockets. */
export async function startGateway(plan: GatewayPlan): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-whole-'))
  const write = (name: string, text: string): void =>
    writeFileSync(join(folder, name), text, { mode: 0o600 })
  for (const [name, text] of Object.entries(plan.files ?? {})) write(name, text)
  const transport = plan.transport === undefined ? '' : `\ntransport: ${plan.transport}`
  write(CONFIG, withHousekeeping(plan.yaml.trimEnd() + transport))
  const load = () => loadConfig(join(folder, CONFIG), process.env)
  const running = await runGateway(await load(), {
    reload: load,
    isAlone: plan.isAlone === true,
    ports: { https: 0, http: 0 },
    ...(plan.adopt === undefined ? {} : { adopt: plan.adopt }),
    ...(plan.staleMs === undefined ? {} : { staleMs: plan.staleMs }),
  })
  const logText = async (): Promise<string> => {
    await running.gateway.recorder.flush()
    return readFileSync(join(folder, LOG), 'utf8')
  }
  return {
    folder,
    running,
    httpsPort: running.httpsPort ?? 0,
    httpPort: running.httpPort ?? 0,
    ca: running.caFile === undefined ? '' : readFileSync(running.caFile, 'utf8'),
    createKey: async (request = {}, nowMs = Date.now()) => {
      const made = await running.gateway.services.keys.admin.create(request, nowMs)
      return { key: made.key.reveal(), id: made.row.id }
    },
    revokeKey: async (id) => {
      await running.gateway.services.keys.admin.revoke(id, 'test', Date.now())
    },
    write,
    logText,
    log: async () => linesOf(await logText()),
    close: async () => {
      await running.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Adds what every test needs, without saying again what the test says itself. */
export function withHousekeeping(yaml: string): string {
  const missing = Object.entries(HOUSEKEEPING).filter(
    ([name]) => !new RegExp(`^${name}:`, 'm').test(yaml),
  )
  return `${[yaml.trimEnd(), ...missing.map(([, text]) => text)].join('\n')}\n`
}

/** Parses a log; throws where a line is no JSON object. */
export function linesOf(text: string): readonly LogLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine)
}
