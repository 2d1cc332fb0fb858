import type { Command } from 'commander'
import { writeFileSync } from 'node:fs'
import { CommandError } from './failure.ts'
import type { ConfigOptions } from './load.ts'
import { loadFromFlags } from './load.ts'
import { withConfigFlags } from './options.ts'
import { printJson } from './output.ts'
import { selectCases } from './prove/attacks.ts'
import { junit, printReport } from './prove/report.ts'
import { runProofs } from './prove/run.ts'

interface ProveOptions extends ConfigOptions {
  readonly only?: string
  readonly json?: true
  readonly junit?: string
  readonly direct?: boolean
}

const HELP = `
Every control's attack runs twice: in a gateway whose plan leaves the control out, where it must succeed, and in one
with everything in place, where it must fail. Both run your configuration in processes of their own, on free ports of
loopback, with a probe API beside your documents. Of your APIs, each is sent one GET past the gateway, of an operation
that needs a credential and without one, to see whether it accepts others than the gateway; --no-direct leaves that out.

Example:
  sallyport prove
  sallyport prove --only KEY-02
  sallyport prove --only body --json
  sallyport prove --junit prove.xml

Exit codes: 0 everything is proven, 1 something is not (a control in monitor or off included) or the configuration has
faults, 130 interrupted.`

/** `sallyport prove`: shows for every control that its attack works without it and fails with it. */
export function addProve(program: Command): void {
  const command = program
    .command('prove')
    .description('attack every control, without it and with it, under this configuration')
  withConfigFlags(command)
    .option('--only <id|control>', 'one row of the catalogue, such as KEY-02, or one control')
    .option('--junit <file>', 'also write the result as JUnit XML')
    .option('--no-direct', 'send nothing to the APIs themselves')
    .addHelpText('after', HELP)
    .action(prove)
}

async function prove(options: ProveOptions): Promise<void> {
  const { only, json, junit: junitFile, direct, ...flags } = options
  if (selectCases(only).length === 0)
    throw new CommandError(`no control and no attack is called ${only}`, 'see: sallyport prove')
  // Faults are told before anything is started.
  await loadFromFlags(flags)
  const abort = new AbortController()
  const stop = (): void => abort.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    const onProgress = process.stderr.isTTY ? showProgress : (): void => undefined
    const report = await runProofs({
      flags,
      only,
      callsDirectly: direct !== false,
      signal: abort.signal,
      onProgress,
    })
    if (junitFile !== undefined) writeFileSync(junitFile, junit(report))
    if (json === true) printJson(report)
    else printReport(report)
    process.exitCode = report.ok ? 0 : 1
  } catch (error) {
    if (!abort.signal.aborted) throw error
    process.exitCode = 130
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

function showProgress(done: number, all: number): void {
  const end = done === all ? '\r\x1b[K' : ''
  process.stderr.write(`\r${done} of ${all} gateways${end}`)
}
