import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { parseCidr } from '../src/base/cidr.ts'
import { systemClock } from '../src/base/clock.ts'
import { basePolicy } from '../src/gateway/config/policy-for.ts'
import { openedRecords } from '../src/store/open-store.ts'
import { placesOf } from './document-places.ts'
import type { FilePlace } from './document-places.ts'
import { callerOf } from './explain/caller.ts'
import type { CallerOptions } from './explain/caller.ts'
import { configPlaces } from './explain/config-places.ts'
import { judgeCaller } from './explain/judge-caller.ts'
import type { Judgement } from './explain/judge-caller.ts'
import { routeRequest } from './explain/route-request.ts'
import type { Routed } from './explain/route-request.ts'
import { controlRows, rulesOf } from './explain/rows.ts'
import type { ControlRow } from './explain/rows.ts'
import { cellText, writtenRules } from './explain/written-rules.ts'
import type { WrittenRule } from './explain/written-rules.ts'
import { inspectWhole } from './inspect.ts'
import { loadFromFlags } from './load.ts'
import type { ConfigOptions } from './load.ts'
import { withConfigFlags } from './options.ts'
import { paint, print, printJson, shown } from './output.ts'

interface ExplainOptions extends CallerOptions {
  readonly json?: true
  readonly address: string
  readonly origin?: string
}

const HELP = `
Examples:
  sallyport explain GET /orders/7
  sallyport explain GET /orders/7 --as key:k3yid2abcdef
  sallyport explain GET /orders/7 --as role:agent,reader --scope orders:read
  sallyport explain GET /orders/7 --as token:token.txt
  sallyport explain POST /orders --as 'sub:https://id.example.com|u7' --scope orders:write

Nothing is counted or changed, and nothing sent, but that token: fetches the keys of the token's issuer.
Exit codes: 0 explained, 1 the configuration has faults, or there is no such key.`

/** `sallyport explain METHOD TARGET`: every control that a request meets, and what becomes of a caller. */
export function addExplain(program: Command): void {
  withConfigFlags(
    program
      .command('explain <method> <target>')
      .description('show each control that a request meets, in order, and why'),
  )
    .option(
      '--as <caller>',
      'judge a caller too: key:ID, token:FILE, role:A,B, sub:ISSUER|SUBJECT, anonymous',
    )
    .option('--scope <scope...>', 'scopes of the caller of --as sub: and role:')
    .option('--role <role...>', 'roles of the token')
    .option('--group <group...>', 'groups of the token')
    .option('--claim <name=value...>', 'further claims of the token')
    .option('--address <ip>', 'address of the caller', '127.0.0.1')
    .option('--origin <origin>', 'origin of the page that calls')
    .addHelpText('after', HELP)
    .action(explain)
}

/** What `explain --json` prints. */
export interface Explanation {
  readonly method: string
  readonly target: string
  /** What the request is answered when no operation is meant. */
  readonly refusal: Extract<Routed, { refusal: unknown }>['refusal'] | null
  readonly operation: {
    readonly id: string
    readonly label: string
    readonly api: string
    readonly document: FilePlace | null
  } | null
  /** Rules of the configuration that select the operation, widest first. */
  readonly rules: readonly {
    readonly index: number
    readonly why: string | null
    readonly place: FilePlace | null
  }[]
  readonly controls: readonly ControlRow[]
  /** Each rule about callers, objects and fields. */
  readonly written: readonly WrittenRule[]
  readonly as: Judgement | null
}

async function explain(method: string, target: string, options: ExplainOptions): Promise<void> {
  parseCidr(options.address, '--address')
  const explanation = await explanationOf(method.toUpperCase(), target, options)
  if (options.json === true) printJson(explanation)
  else printExplanation(explanation)
}

async function explanationOf(
  method: string,
  target: string,
  options: ExplainOptions,
): Promise<Explanation> {
  const inspection = await inspectWhole(options, { graduated: await graduatedOf(options) })
  const { loaded, built, documents, moment } = inspection
  const { address, origin } = options
  const routed = await routeRequest(built.plan, { method, target, address, origin })
  const caller =
    options.as === undefined ? undefined : await callerOf(options, loaded, built.kit.tokens)
  const none = {
    method,
    target,
    refusal: null,
    operation: null,
    rules: [],
    controls: [],
    written: [],
    as: null,
  }
  if ('refusal' in routed) return { ...none, refusal: routed.refusal }
  const { site } = routed.plan
  const places = await configPlaces(loaded)
  const { settings } = loaded
  const policy = basePolicy(settings, moment)
  const { kit } = built
  const [document = null] = placesOf([site.operation.source], documents)
  return {
    ...none,
    operation: { id: site.operation.id, label: site.label, api: site.operation.api, document },
    rules: rulesOf(site, settings).map(({ index, why }) => ({
      index,
      why: why ?? null,
      place: places.written([`rules[${index}]`]) ?? null,
    })),
    controls: controlRows({ site, kit, settings, basePolicy: policy, places, documents }),
    written: writtenRules({ site, kit, places, documents }),
    as: caller === undefined ? null : await judgeCaller(caller, { ...routed, kit, places }),
  }
}

/** Operations that a person took out of the profile since; kept in the store, which is not made for it. */
async function graduatedOf(options: ConfigOptions): Promise<ReadonlySet<string>> {
  const { settings } = await loadFromFlags(options)
  const { store, profile } = settings
  if (profile === undefined || store.kind === 'memory') return new Set()
  if (store.kind === 'sqlite' && !existsSync(store.path)) return new Set()
  const records = await openedRecords(store, systemClock.nowMs())
  try {
    const rows = await records.adopt.graduations()
    return new Set(rows.map(({ api, operation }) => `${api}:${operation}`))
  } finally {
    await records.close()
  }
}

function printExplanation(explanation: Explanation): void {
  const { operation, refusal, rules, method, target } = explanation
  if (operation === null) {
    const { status = 404, control = 'routes', reason = 'unknown_path', detail = '' } = refusal ?? {}
    const more = detail === '' ? '' : ` (${detail})`
    print(`${shown(`${method} ${target}`)}: ${status} by ${control}, ${reason}${shown(more)}`)
    return
  }
  print(
    `${paint('bold', shown(operation.label))}  ${operation.id}  ${paint('dim', placeText(operation.document))}`,
  )
  for (const { index, why, place } of rules)
    print(
      `rule ${index}${why === null ? '' : `: ${shown(why)}`}  ${paint('dim', placeText(place))}`,
    )
  print()
  for (const row of explanation.controls) printRow(row)
  if (explanation.written.length > 0) print()
  for (const { kind, text, path, place } of explanation.written)
    print(
      `${kind.padEnd(13)} ${shown(text, 1000)}  ${paint('dim', `${placeText(place)} ${shown(path, 300)}`)}`,
    )
  if (explanation.as !== null) printJudgement(explanation.as)
}

function printRow(row: ControlRow): void {
  const tone = row.mode === 'enforce' ? 'green' : 'yellow'
  const head = `${row.stage.padEnd(13)} ${row.control.padEnd(17)}`
  print(`${head} ${paint(tone, row.mode.padEnd(7))} ${shown(row.does, 1000)}`)
  const places = [row.setting, row.modeSetting]
    .map((one) => (one === null ? '' : `${placeText(one)} ${one.path}`))
    .concat(row.document === null ? [] : [placeText(row.document)])
    .filter((text, index, all) => text !== '' && all.indexOf(text) === index)
  print(paint('dim', `${' '.repeat(14)}${[row.ids.join(' '), ...places].join('  ')}`))
}

function printJudgement({ id, passes, steps, fields }: Judgement): void {
  print()
  print(
    `${paint('bold', `as ${shown(id)}`)}: ${passes ? paint('green', 'passes') : paint('red', 'is refused')}`,
  )
  for (const { control, verdict, status, reason, detail, place } of steps) {
    const why = reason === null ? '' : ` ${status ?? ''} ${reason}`
    const where = place === null ? '' : `  ${paint('dim', `${placeText(place)} ${place.path}`)}`
    print(
      `  ${control.padEnd(17)} ${verdict}${why}${detail === null ? '' : ` (${shown(detail)})`}${where}`,
    )
  }
  for (const { field, asOwner, ...cell } of fields) {
    const owner = asOwner === null ? '' : `, of their own ${cellText(asOwner)}`
    print(`  ${shown(field).padEnd(17)} ${cellText(cell)}${owner}`)
  }
  if (passes) print(paint('dim', '  limits, body and answer are judged when the request comes'))
}

function placeText(place: FilePlace | null): string {
  if (place === null) return ''
  return [place.file, place.line, place.column].filter((part) => part !== undefined).join(':')
}
