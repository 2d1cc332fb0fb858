import { resolve } from 'node:path'
import type { Command } from 'commander'
import { ConfigError, formatFault } from '../src/base/config-error.ts'
import type { ConfigFault } from '../src/base/config-error.ts'
import { heldConfig } from '../src/gateway/held-config.ts'
import type { HeldConfig } from '../src/gateway/held-config.ts'
import { isPublic } from '../src/openapi/is-public.ts'
import { loadFromFlags } from './load.ts'
import type { ConfigOptions } from './load.ts'
import { inRole, parseRole } from './role.ts'
import { runGateway } from './run-gateway.ts'
import type { RunningGateway, RunOptions } from './run-gateway.ts'
import { CHILD_MARK } from './supervise.ts'
import type { ServingMessage } from './supervise.ts'

interface ServeOptions extends ConfigOptions {
  readonly role?: string
  readonly lastGood?: string
}

/** `sallyport serve`: runs the gateway until it is told to stop. SIGHUP reloads and reopens the logs. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('run the gateway')
    .option('-c, --config <file>', 'configuration file (default: ./sallyport.yaml)')
    .option('--openapi <file>', 'OpenAPI document, instead of a configuration file')
    .option('--upstream <url>', 'where the API runs, with --openapi')
    .option(
      '--role <role>',
      'edge: serve, and only read the store; control: keys and admin, no traffic',
    )
    .option(
      '--last-good <file>',
      'keep the configuration in force there, and start with it where the one that is written is gone or has faults',
    )
    .option('--unsupervised', 'do not start again after a crash: something else does')
    .addHelpText(
      'after',
      '\nExample:\n  sallyport serve -c sallyport.yaml\n  sallyport serve --openapi openapi.yaml --upstream http://127.0.0.1:3000\n\nExit codes: 0 stopped by a signal, 1 the configuration has faults or a port is taken.',
    )
    .action(serve)
}

async function serve(options: ServeOptions): Promise<void> {
  const role = parseRole(options.role)
  const load = async () => inRole(await loadFromFlags(options), role)
  const lastGood = options.lastGood === undefined ? undefined : resolve(options.lastGood)
  const running = await startWith({
    reload: load,
    ...(role === undefined ? {} : { role }),
    ...(lastGood === undefined ? {} : { lastGood }),
    isAlone: true,
    hasWorkers: true,
  })
  onSignals(running)
  process.send?.({ kind: 'serving' } satisfies ServingMessage)
  announce(running)
  if (role === 'control')
    console.error(`sallyport: control, admin at ${running.gateway.loaded.settings.admin.socket}`)
}

/** Starts with what is written, or else, where that was asked for, with what was in force last. */
async function startWith(options: RunOptions): Promise<RunningGateway> {
  try {
    return await runGateway(await options.reload(), options)
  } catch (error) {
    if (!(error instanceof ConfigError) || options.lastGood === undefined) throw error
    const { faults } = error
    const held = heldOrThrow(options.lastGood, faults)
    if (held === undefined) throw error
    for (const fault of faults) console.error(`error ${formatFault(fault)}`)
    const since = new Date(held.savedAtMs).toISOString()
    console.error(`sallyport: starting with the configuration that was in force, of ${since}`)
    const { savedAtMs } = held
    const loaded = inRole(held.loaded, options.role)
    return runGateway(loaded, { ...options, held: { faults, savedAtMs } })
  }
}

/** Throws `ConfigError` with what is wrong with both. */
function heldOrThrow(path: string, faults: readonly ConfigFault[]): HeldConfig | undefined {
  try {
    return heldConfig(path, process.env)
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError([...faults, ...error.faults])
    throw error
  }
}

/** What an operator must know at every start goes to standard error; standard output belongs to the log. */
function announce(running: RunningGateway): void {
  const { gateway } = running
  const { sites } = gateway.core.plan
  const open = sites.filter(({ site }) => isPublic(site.operation))
  console.error(`sallyport: ${sites.length} operations, ${open.length} of them public`)
  for (const { site } of open) console.error(`  public  ${site.label}`)
  for (const fault of gateway.loaded.audit(Date.now()))
    console.error(`  warning ${fault.path}: ${fault.message}`)
  const { profile } = gateway.loaded.settings
  if (profile !== undefined && profile.untilMs > Date.now()) {
    const until = new Date(profile.untilMs).toISOString()
    console.error(
      `sallyport: adopting until ${until}, then everything enforces; ${gateway.adoption.openOperations()} operations still have findings (sallyport adopt)`,
    )
  }
  if (running.httpsPort !== undefined)
    console.error(`sallyport: https://localhost:${running.httpsPort}`)
  if (running.httpPort !== undefined)
    console.error(`sallyport: http://localhost:${running.httpPort}`)
  if (running.caFile !== undefined)
    console.error(`sallyport: trust ${running.caFile} (curl --cacert)`)
  const crash = process.env[CHILD_MARK]
  const isRestart = crash !== undefined && crash !== 'first'
  gateway.recorder.emit({
    name: 'sys_startup',
    level: isRestart ? 'critical' : 'info',
    control: 'gateway',
    reason: isRestart ? 'after_crash' : 'start',
    detail: `plan ${gateway.core.plan.id}`,
    ...(isRestart ? { facts: { crash } } : {}),
  })
}

/** A terminal's signal reaches this process twice, once through the one that supervises it. */
const SAME_SIGNAL_MS = 1000

function onSignals(running: RunningGateway): void {
  let stoppingAt: number | undefined
  const stop = (signal: string): void => {
    if (stoppingAt !== undefined) {
      if (performance.now() - stoppingAt > SAME_SIGNAL_MS) process.exit(1)
      return
    }
    stoppingAt = performance.now()
    running.gateway.recorder.emit({
      name: 'sys_shutdown',
      level: 'info',
      control: 'gateway',
      reason: signal,
    })
    void running.close().then(() => process.exit(0))
  }
  process.on('SIGINT', () => stop('SIGINT'))
  process.on('SIGTERM', () => stop('SIGTERM'))
  // Whoever supervised is gone: nobody would start this process again, or stop it.
  process.on('disconnect', () => stop('disconnect'))
  process.on('SIGHUP', () => {
    running.gateway.recorder.reopen()
    void running.reload()
  })
}
