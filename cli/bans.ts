import type { Command } from 'commander'
import { createAdminClient } from '../src/admin/client.ts'
import { adminSocket } from './admin-socket.ts'
import { CommandError } from './failure.ts'
import type { ConfigOptions } from './load.ts'
import { withConfigFlags } from './options.ts'
import { print, printJson, shown } from './output.ts'

interface BansOptions extends ConfigOptions {
  readonly json?: true
}

interface BanRow {
  readonly subject: string
  readonly response: string
  readonly reason: string
  readonly score: number
  readonly until: string
}

const HELP = `
What the gateway does about suspicious callers by itself: throttle, challenge, block, quarantine of a key or token.
Each ends by itself; lift ends it now and forgets the score. Listed is what this gateway gave, in all of its threads;
lift reaches every node that shares its counters.

Examples:
  sallyport bans list
  sallyport bans lift 203.0.113.7
  sallyport bans lift credential:key:k3yid2abcdef

Exit codes: 0 done, 1 refused, or no gateway runs here.`

/** `sallyport bans list|lift`: what is done about suspicious callers, and its end. */
export function addBans(program: Command): void {
  const bans = program
    .command('bans')
    .description('list and lift what is done about suspicious callers')
    .addHelpText('after', HELP)
  withConfigFlags(bans.command('list').description('what is in force now')).action(list)
  withConfigFlags(bans.command('lift').description('end it now'))
    .argument(
      '<subject>',
      'as the list names it: an address, key:<id>, issuer|subject, credential:…',
    )
    .action(lift)
}

async function list(options: BansOptions): Promise<void> {
  const client = createAdminClient(await adminSocket(options))
  const { status, body } = await client.request('/bans')
  if (status !== 200) throw new CommandError('the gateway refused')
  if (options.json === true) return printJson(body)
  const rows = body as readonly BanRow[]
  if (rows.length === 0) return print('Nothing is in force.')
  for (const { subject, response, reason, score, until } of rows)
    print(`${shown(subject)}  ${response}  ${reason}  score ${score}  until ${until}`)
}

async function lift(subject: string, options: BansOptions): Promise<void> {
  const client = createAdminClient(await adminSocket(options))
  const { status, body } = await client.request('/bans/lift', 'POST', { subject })
  if (status !== 200) throw new CommandError(`the gateway refused: ${shown(subject)}`)
  if (options.json === true) return printJson(body)
  print(`Lifted what was in force against ${shown(subject)}.`)
}
