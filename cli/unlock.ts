import type { Command } from 'commander'
import { createAdminClient } from '../src/admin/client.ts'
import { adminSocket } from './admin-socket.ts'
import { CommandError } from './failure.ts'
import type { ConfigOptions } from './load.ts'
import { withConfigFlags } from './options.ts'
import { print, printJson, shown } from './output.ts'

interface UnlockOptions extends ConfigOptions {
  readonly json?: true
  readonly address?: string
  readonly account?: string
  readonly principal?: string
}

const HELP = `
Forgets failures, locks, waits, penalties and rates that count against somebody in the running gateway, and for a
principal where it was; a key that was put away is good again. What a plan allows per day or month stays used. An
account together with an address also ends what the account waits for there.

Examples:
  sallyport unlock --account ann@example.com
  sallyport unlock --address 203.0.113.7
  sallyport unlock --principal key:k3yid2abcdef

Exit codes: 0 done, 1 refused, or no gateway runs here.`

/** `sallyport unlock`: lets somebody in again at once. */
export function addUnlock(program: Command): void {
  withConfigFlags(
    program.command('unlock').description('forget failures and penalties that lock somebody out'),
  )
    .option('--account <name>', 'the account, as log-ins name it')
    .option('--address <ip>', 'the client address (IPv6: its /64)')
    .option('--principal <id>', 'the caller, as logs name it: key:<id>, or issuer|subject')
    .addHelpText('after', HELP)
    .action(unlock)
}

async function unlock(options: UnlockOptions): Promise<void> {
  const { account, address, principal } = options
  const subject = { account, address, principal }
  if (Object.values(subject).every((one) => one === undefined))
    throw new CommandError('nobody is named', 'give --account, --address or --principal')
  const client = createAdminClient(await adminSocket(options))
  const { status, body } = await client.request('/unlock', 'POST', subject)
  if (status !== 200) throw new CommandError(`the gateway refused: ${shown(faultText(body))}`)
  if (options.json === true) return printJson(body)
  const named = Object.entries(subject).flatMap(([kind, name]) =>
    name === undefined ? [] : [`${kind} ${shown(name)}`],
  )
  print(`Unlocked ${named.join(', ')}.`)
}

function faultText(body: unknown): string {
  const { errors, title } = body as {
    readonly errors?: readonly { detail: string }[]
    title?: string
  }
  return errors?.map(({ detail }) => detail).join('; ') ?? title ?? 'no reason given'
}
