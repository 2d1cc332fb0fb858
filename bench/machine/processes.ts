import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A program that runs beside the bench, with the last of what it said on standard error. */
export interface Started {
  readonly child: ChildProcess
  readonly pid: number
  /** The last 2,000 characters of standard error. */
  readonly complaint: () => string
}

const running = new Set<ChildProcess>()

/** Kills every program that `startOn` and `output` started and that has not ended. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

function remember(child: ChildProcess): void {
  running.add(child)
  child.once('exit', () => running.delete(child))
}

/** Starts a program on one core. Its standard error is kept, not shown. */
export function startOn(
  core: number,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Started {
  const child = spawn('taskset', ['-c', String(core), ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`, ...env },
  })
  remember(child)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (part: string) => (said = (said + part).slice(-2000)))
  return { child, pid: child.pid ?? 0, complaint: () => said }
}

/** Asks the programs to stop and waits for it; kills what has not ended after 5 seconds. */
export async function stopAll(programs: readonly Started[]): Promise<void> {
  await Promise.all(
    programs.map(async ({ child }) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = new Promise((done) => child.once('exit', done))
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
      await ended
      clearTimeout(timer)
    }),
  )
}

interface Stat {
  readonly pid: number
  readonly parent: number
  readonly name: string
}

/** Every process there is now. */
export function processes(): Stat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(statOf)
}

/** A process and all its descendants. */
export function familyOf(pid: number): ReadonlySet<number> {
  const stats = processes()
  const family = new Set([pid])
  for (let grew = true; grew;) {
    const more = stats.filter(({ parent, pid: own }) => family.has(parent) && !family.has(own))
    for (const { pid: own } of more) family.add(own)
    grew = more.length > 0
  }
  return family
}

/** CPU microseconds (user and system, exact to the scheduler's clock) of a process and all its descendants so far. */
export function cpuMicros(pid: number): number {
  let sum = 0
  for (const own of familyOf(pid)) sum += ownMicros(own)
  return sum
}

/** CPU microseconds of the living threads of one process. */
export function ownMicros(pid: number): number {
  let nanos = 0
  try {
    for (const task of readdirSync(`/proc/${pid}/task`))
      nanos += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0])
  } catch {
    return nanos / 1000 // it ended while we looked
  }
  return nanos / 1000
}

/** Resident memory of a process and all its descendants in KiB. */
export function residentKiB(pid: number): number {
  let sum = 0
  for (const own of familyOf(pid)) sum += ownKiB(own)
  return sum
}

function ownKiB(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0)
  } catch {
    return 0 // it ended while we looked
  }
}

function statOf(name: string): Stat[] {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'utf8')
    const end = text.lastIndexOf(')')
    const fields = text.slice(end + 2).split(' ')
    return [
      {
        pid: Number(name),
        parent: Number(fields[1]),
        name: text.slice(text.indexOf('(') + 1, end),
      },
    ]
  } catch {
    return [] // it ended while we looked
  }
}

/** Waits until something listens; gives up with what the program said when it ends before. */
export async function listening(port: number, program?: Started): Promise<void> {
  for (let tries = 0; tries < 1200; tries += 1) {
    if (await canConnect(port)) return
    if (program !== undefined && program.child.exitCode !== null)
      throw new Error(`it ended at once: ${gist(program.complaint())}`)
    await sleep(50)
  }
  throw new Error(`nothing listens on port ${port} after 60 s`)
}

/** What a program said, without the places in the source that Node puts around it. */
function gist(complaint: string): string {
  const lines = complaint.split('\n').map((line) => line.trim())
  const telling = lines.filter(
    (line) => line !== '' && !/^(file:|throw |at |\^|Node\.js |[{}])/.test(line),
  )
  return telling.slice(0, 3).join(' / ')
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.once('error', () => done(false))
  })
}

/** Runs a program to its end on one core and gives what it printed. */
export function output(core: number, command: readonly string[]): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn('taskset', ['-c', String(core), ...command], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    remember(child)
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
    child.on('error', failed)
    child.on('close', () => done(text))
  })
}
