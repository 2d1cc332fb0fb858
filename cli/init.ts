import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { ConfigError } from '../src/base/config-error.ts'
import { schemaComment } from '../src/gateway/config/schema-comment.ts'
import { isLoopbackHost, parseUpstreamUrl } from '../src/gateway/config/values/network.ts'
import type { ApiModel, Operation } from '../src/openapi/model.ts'
import { reportOf } from './check.ts'
import { CommandError } from './failure.ts'
import { readAccessLog } from './init/access-log.ts'
import type { AccessLog } from './init/access-log.ts'
import { configText } from './init/config-text.ts'
import { findOperations } from './init/found-operations.ts'
import type { LogFindings } from './init/found-operations.ts'
import { overlayText } from './init/overlay-text.ts'
import { printInit } from './init/print-init.ts'
import type { InitReport } from './init/print-init.ts'
import { readModel, relativeTo } from './init/read-document.ts'
import { chooseSchemes, usualSecurity } from './init/scheme-choice.ts'
import { inspect } from './inspect.ts'
import { initFromKong, isKongFile } from './kong/init-kong.ts'
import { printJson } from './output.ts'

interface InitOptions {
  readonly upstream?: string
  readonly from?: string
  readonly openapi?: string
  readonly audience?: string
  readonly output: string
  readonly force?: true
  readonly allowPlain?: true
  readonly json?: true
}

const HELP = `
Examples:
  sallyport init openapi.yaml --upstream http://127.0.0.1:3000
  sallyport init openapi.yaml --upstream http://127.0.0.1:3000 --from access.log
  sallyport init --from kong.yaml
  sallyport init --from kong.yaml --openapi openapi.yaml

Writes sallyport.yaml with the profile adopt for two weeks; with --from also sallyport.overlay.yaml, when the log shows
operations that the document lacks. Logs: common or combined format, or JSON lines with method and path.
From a configuration of Kong (decK) it writes documents, too (with --openapi an overlay of yours: what Kong let through,
with its limits and credentials), and lists what is not as it was; keys follow by keys import.
Exit codes: 0 written and ready to serve, 1 nothing written, or it has faults that a person must decide.`

const ADOPT_DAYS = 14
const DAY_MS = 86_400_000
const OVERLAY = 'sallyport.overlay.yaml'

/** `sallyport init`: writes a first configuration and says what a person should know about the API. */
export function addInit(program: Command): void {
  program
    .command('init [openapi]')
    .description('write sallyport.yaml for an API, and audit its document')
    .option('--upstream <url>', 'where the API runs')
    .option(
      '--from <file>',
      'access log of the API: finds operations that the document lacks; or a configuration of Kong',
    )
    .option('--openapi <file>', 'with Kong: the document of the API, in place of one that is made')
    .option('--audience <name>', 'with Kong: the name of this API in aud of signed tokens')
    .option('-o, --output <file>', 'file to write', 'sallyport.yaml')
    .option('--allow-plain', 'the API is reached over plain HTTP in a network of your own')
    .option('--force', 'replace files that exist')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(init)
}

async function init(openapi: string | undefined, options: InitOptions): Promise<void> {
  const untilDay = new Date(Date.now() + ADOPT_DAYS * DAY_MS).toISOString().slice(0, 10)
  const { from, upstream } = options
  if (from !== undefined && isKongFile(from)) {
    if (openapi !== undefined || upstream !== undefined)
      throw new CommandError(
        'a configuration of Kong says itself where its APIs are',
        'sallyport init --from FILE, with --openapi FILE for your document of the API',
      )
    return initFromKong(from, options, untilDay)
  }
  if (options.openapi !== undefined || options.audience !== undefined)
    throw new CommandError(
      '--openapi and --audience go with a configuration of Kong',
      'sallyport init openapi.yaml --upstream URL',
    )
  if (openapi === undefined || upstream === undefined)
    throw new CommandError(
      'document and --upstream are needed',
      'sallyport init openapi.yaml --upstream URL, or --from with a configuration of Kong',
    )
  return initFromDocument(openapi, { ...options, upstream }, untilDay)
}

interface DocumentOptions extends InitOptions {
  readonly upstream: string
}

async function initFromDocument(
  openapi: string,
  options: DocumentOptions,
  untilDay: string,
): Promise<void> {
  const folder = dirname(resolve(options.output))
  const overlayFile = join(folder, OVERLAY)
  refuseExisting([options.output, ...(options.from === undefined ? [] : [overlayFile])], options)
  refuseUpstream(options)
  const model = readModel(openapi)
  const log = options.from === undefined ? undefined : await readLog(options.from)
  const found = log === undefined ? undefined : findOperations(model, log.usages)
  const hasOverlay = found !== undefined && found.operations.length > 0
  const schemes = chooseSchemes(model)
  const text = configText({
    schemaComment: schemaComment(folder),
    openapi: relativeTo(folder, openapi),
    overlays: hasOverlay ? [`./${OVERLAY}`] : [],
    basePath: found?.basePath === '' ? '/' : found?.basePath,
    upstream: options.upstream,
    allowsPlain: options.allowPlain === true,
    untilDay,
    schemes,
  })
  if (hasOverlay) write(overlayFile, overlayText(found.operations, usualSecurity(model)), options)
  write(options.output, text, options)
  const check = reportOf(await inspect({ config: options.output }), false)
  if (!check.ok) process.exitCode = 1
  const report: InitReport = {
    file: options.output,
    overlay: hasOverlay ? relative('.', overlayFile) : null,
    until: untilDay,
    schemes,
    withoutSecurity: labels(model, ({ security }) => security === undefined),
    deprecated: labels(model, ({ deprecated }) => deprecated),
    log: log === undefined || found === undefined ? null : logReport(log, found),
    check,
  }
  if (options.json === true) printJson(report)
  else printInit(report)
}

function refuseExisting(files: readonly string[], { force }: InitOptions): void {
  const existing = files.find((file) => existsSync(file))
  if (existing === undefined || force === true) return
  throw new CommandError(
    `${relative('.', existing)} exists already`,
    '--force replaces it, -o writes another file',
  )
}

/** Throws `ConfigError` for what cannot be an upstream, before anything is written. */
function refuseUpstream({ upstream, allowPlain }: DocumentOptions): void {
  const url = parseUpstreamUrl(upstream, '--upstream')
  if (!url.isPlain || isLoopbackHost(url.hostname) || allowPlain === true) return
  throw new ConfigError({
    path: '--upstream',
    message: `plain http to ${url.hostname}, which is not this machine`,
    cure: 'use https, or add --allow-plain if the network in between is yours',
  })
}

function readLog(path: string): Promise<AccessLog> {
  return readAccessLog(path, (lines) => {
    if (process.stderr.isTTY) console.error(`${lines} lines of ${path}`)
  })
}

function logReport(log: AccessLog, found: LogFindings): NonNullable<InitReport['log']> {
  const { lines, unreadable, isCut } = log
  return { lines, unreadable, isCut, ...found, basePath: found.basePath ?? null }
}

function labels(model: ApiModel, isMeant: (operation: Operation) => boolean): readonly string[] {
  return model.operations
    .filter(isMeant)
    .map(({ method, template }) => `${method} ${model.basePath}${template}`)
}

/** Never replaces a file that appeared meanwhile; others may read it, nobody else may write it. */
function write(file: string, text: string, { force }: InitOptions): void {
  writeFileSync(file, text, { mode: 0o644, flag: force === true ? 'w' : 'wx' })
  chmodSync(file, 0o644)
}
