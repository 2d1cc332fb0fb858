// npm run bench -- idle [--count 10000] [--repeats 3] [--transport both] [--over plain,tls]: see README.md
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { writeConfig, writeInputs } from '../gateway/inputs.ts'
import type { Transport } from '../gateway/issuer.ts'
import { PORTS } from '../gateway/ports.ts'
import { load } from '../load/load.ts'
import { describeMachine } from '../machine/noise.ts'
import { listening, residentKiB, startOn, stopAll } from '../machine/processes.ts'
import type { Started } from '../machine/processes.ts'
import { needPrograms } from '../machine/programs.ts'
import { scratchFolder } from '../machine/scratch.ts'
import { median, printTable, spread } from '../machine/statistics.ts'

const GOAL_KB = { plain: 6, tls: 48 } as const
type Over = keyof typeof GOAL_KB
const HERE = import.meta.dirname

const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    repeats: { type: 'string', default: '3' },
    transport: { type: 'string', default: 'both' },
    over: { type: 'string', default: 'plain,tls' },
  },
})
const count = Number(options.count)

function needOpenFiles(): void {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const hard = /^Max open files\s+\d+\s+(\d+|unlimited)/m.exec(limits)?.[1] ?? '0'
  if (hard === 'unlimited' || Number(hard) >= count + 1000) return
  console.error(
    `${count} connections need ulimit -Hn of ${count + 1000}; it is ${hard}. Raise it, or say --count ${Math.max(0, Number(hard) - 1000)}`,
  )
  process.exit(2)
}

/** Node raises its own soft limit to the hard one. */
function startClients(port: number, over: Over, folder: string): ChildProcess {
  const [token = ''] = readFileSync(join(folder, 'tokens.txt'), 'utf8').split('\n')
  const script = [join(HERE, 'clients.ts'), String(port), String(count), over, token]
  return spawn('taskset', ['-c', '1', process.execPath, ...script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

function said(child: ChildProcess): Promise<string> {
  return new Promise((done, failed) => {
    child.stdout?.setEncoding('utf8').once('data', done)
    child.once('error', failed)
    child.once('exit', (code) => failed(new Error(`the clients ended with ${code}`)))
  })
}

/** Resident KiB after what is garbage is gone. */
async function settledKiB({ child, pid }: Started): Promise<number> {
  for (let turn = 0; turn < 3; turn += 1) {
    child.kill('SIGUSR2')
    await sleep(700)
  }
  return residentKiB(pid)
}

async function kbEach(folder: string, transport: Transport, over: Over): Promise<number> {
  const [plainPort, tlsPort] = PORTS[transport]
  const port = over === 'tls' ? tlsPort : plainPort
  const config = writeConfig(folder, `idle-${transport}`, { port: plainPort, tlsPort, transport })
  const script = join(HERE, 'serve-patient.ts')
  const program = startOn(0, [process.execPath, '--expose-gc', script, config])
  let clients: ChildProcess | undefined
  try {
    await listening(port, program)
    const channel = over === 'tls' ? 'tls' : 'h1'
    // The heap grows to its usual size before anything is compared.
    await load({ pid: program.pid, port, channel, kind: 'small', seconds: 2, folder })
    await sleep(500)
    const before = await settledKiB(program)
    clients = startClients(port, over, folder)
    const answer = await said(clients)
    if (answer.trim() !== `ready ${count}`) throw new Error(answer.trim())
    const after = await settledKiB(program)
    return (after - before) / count
  } finally {
    clients?.kill('SIGKILL')
    await stopAll([program])
  }
}

/** One row of the table, or why there is none. */
async function row(folder: string, transport: Transport, over: Over): Promise<readonly string[]> {
  const each: number[] = []
  for (let repeat = 0; repeat < Number(options.repeats); repeat += 1) {
    try {
      each.push(await kbEach(folder, transport, over))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return [transport, over, `skipped: ${reason}`, '-', '-']
    }
  }
  const goal = GOAL_KB[over]
  return [transport, over, spread(each), `<= ${goal}`, median(each) <= goal ? 'goal' : 'missed']
}

async function main(folder: string): Promise<void> {
  console.log(`${describeMachine()}; ${count} connections`)
  await writeInputs(folder, 0)
  const upstream = startOn(1, ['nginx', '-c', join(folder, 'upstream.conf')])
  const transports: readonly Transport[] = (['node', 'fast'] as const).filter((name) =>
    ['both', name].includes(options.transport),
  )
  const overs = (['plain', 'tls'] as const).filter((name) => options.over.split(',').includes(name))
  try {
    await listening(PORTS.upstream, upstream)
    const rows: (readonly string[])[] = []
    for (const transport of transports)
      for (const over of overs) rows.push(await row(folder, transport, over))
    printTable(['transport', 'over', 'KB each, median (least-most)', 'goal', 'verdict'], rows)
  } finally {
    await stopAll([upstream])
  }
}

needPrograms(['nginx', 'wrk', 'openssl', 'taskset'])
needOpenFiles()
await main(scratchFolder('idle'))
