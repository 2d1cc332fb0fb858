import { dirname } from 'node:path'
import type { Command } from 'commander'
import { createAdminClient } from '../src/admin/client.ts'
import { AdminUnreachable } from '../src/admin/client.ts'
import { systemClock } from '../src/base/clock.ts'
import type { LoadedConfig } from '../src/gateway/config/load-config.ts'
import type { ApiSettings } from '../src/gateway/config/settings.ts'
import { loadApis } from '../src/gateway/load-apis.ts'
import type { LoadedApi } from '../src/gateway/load-apis.ts'
import type { Operation } from '../src/openapi/model.ts'
import type { AdoptRecords } from '../src/store/records.ts'
import { adoptReport, namesOperation, withRecords } from './adopt/adopt-report.ts'
import type { AdoptReport } from './adopt/adopt-report.ts'
import { overlaysLine, overlayText, writeOverlay } from './adopt/overlay-file.ts'
import { printAdopt } from './adopt/print-adopt.ts'
import { CommandError } from './failure.ts'
import { loadFromFlags } from './load.ts'
import type { ConfigOptions } from './load.ts'
import { withConfigFlags } from './options.ts'
import { print, printJson } from './output.ts'

interface AdoptOptions extends ConfigOptions {
  readonly json?: true
  readonly api?: string
  readonly operation?: string
  readonly overlay?: string
  readonly force?: true
  readonly graduate?: string
  readonly all?: true
  readonly reset?: string
}

const HELP = `
Examples:
  sallyport adopt
  sallyport adopt --overlay adopt.overlay.yaml
  sallyport adopt --graduate listOrders

Shows what enforcement would have changed, by operation. Proposals come from calls that the API took and that came with
a credential; on public operations everybody's calls count, and are marked. Fields that are named like secrets are kept
out. Read the Overlay, then put it in force with the line that is printed.
Exit codes: 0 nothing is open, 3 there are open findings, 1 it could not be told.`

/** `sallyport adopt`: what real traffic says about a document. */
export function addAdopt(program: Command): void {
  withConfigFlags(
    program.command('adopt').description('what traffic says about the document, and an Overlay'),
  )
    .option('--api <name>', 'of this API only')
    .option('--operation <id>', 'of this operation only')
    .option('--overlay <file>', 'write the proposed Overlay instead of printing it')
    .option('--force', 'with --overlay: replace the file')
    .option('--graduate <id>', 'enforce an operation from now on, whatever was found')
    .option('--all', 'enforce every operation without open findings from now on')
    .option('--reset <id>', 'forget what was learnt of an operation')
    .addHelpText('after', HELP)
    .action(adopt)
}

async function adopt(options: AdoptOptions): Promise<void> {
  const loaded = await loadFromFlags(options)
  const apis = loadApis(loaded.settings.apis)
  await withRecords(loaded, async (records) => {
    const filter = { api: options.api, operation: options.operation }
    const before = await adoptReport(loaded, apis, { records, filter })
    const changed = await change(records, { loaded, apis, options, report: before })
    const report = changed ? await adoptReport(loaded, apis, { records, filter }) : before
    if (options.json === true) printJson(report)
    else printAdopt(report)
    propose(report, { loaded, options })
    process.exitCode = report.open > 0 ? 3 : 0
  })
}

interface Asked {
  readonly loaded: LoadedConfig
  readonly apis: readonly LoadedApi[]
  readonly options: AdoptOptions
  readonly report: AdoptReport
}

/** Graduates and forgets what the flags name. @returns whether anything changed. */
async function change(records: AdoptRecords, asked: Asked): Promise<boolean> {
  const { options, report } = asked
  const { graduate, reset, all } = options
  if (reset !== undefined) {
    const { api, id } = operationNamed(reset, asked)
    await records.clear(api, id)
  }
  const named = graduate === undefined ? [] : [operationNamed(graduate, asked)]
  const quiet = report.operations
    .filter(({ state }) => all === true && (state === 'quiet' || state === 'unused'))
    .map(({ api, operation }) => ({ api, id: operation }))
  const atMs = systemClock.nowMs()
  for (const { api, id } of [...named, ...quiet])
    await records.graduate({ api, operation: id, atMs })
  if (named.length + quiet.length > 0) await askToReload(asked)
  return reset !== undefined || named.length + quiet.length > 0
}

function operationNamed(typed: string, { apis }: Asked): Pick<Operation, 'api' | 'id'> {
  const found = apis.flatMap(({ runtime }) =>
    runtime.model.operations.filter(({ api, id }) => namesOperation(typed, api, id)),
  )
  const [only] = found
  if (only === undefined) throw new CommandError(`there is no operation ${typed}`)
  if (found.length > 1)
    throw new CommandError(`${typed} stands in several APIs`, `write ${only.api}:${typed}`)
  return only
}

/** A running gateway enforces from now on; another one does at its next start. */
async function askToReload({ loaded }: Asked): Promise<void> {
  const client = createAdminClient(loaded.settings.admin.socket)
  try {
    const { status, body } = await client.request('/status')
    const file = (body as { readonly configFile?: unknown }).configFile
    if (status === 200 && file === (loaded.file ?? null)) await client.request('/reload', 'POST')
  } catch (error) {
    if (!(error instanceof AdminUnreachable)) throw error
  }
}

function propose(
  { proposals }: AdoptReport,
  { loaded, options }: { readonly loaded: LoadedConfig; readonly options: AdoptOptions },
): void {
  const some = proposals.filter(({ actions }) => actions.length > 0)
  if (options.overlay === undefined) {
    if (options.json === true) return
    for (const { api, actions } of some) print(`\n${overlayText(api, actions)}`)
    if (some.length > 0)
      print(
        'Write it: sallyport adopt --overlay adopt.overlay.yaml. Then read it, and list it under overlays.',
      )
    return
  }
  const [only] = some
  if (only === undefined) return say(options, 'There is nothing to propose.')
  if (some.length > 1)
    throw new CommandError('several APIs have proposals', `name one: --api ${only.api}`)
  const api = loaded.settings.apis.find(({ name }) => name === only.api) as ApiSettings
  const text = overlayText(only.api, only.actions)
  writeOverlay(options.overlay, text, { api, force: options.force === true })
  const line = overlaysLine(options.overlay, api, dirname(loaded.file ?? './sallyport.yaml'))
  say(options, `Written: ${options.overlay}. Read it, then write into the configuration: ${line}`)
}

function say({ json }: AdoptOptions, text: string): void {
  if (json === true) console.error(text)
  else print(text)
}
