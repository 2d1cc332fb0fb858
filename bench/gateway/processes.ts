import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Clock ticks per second of `/proc/PID/stat`; 100 on every Linux that Debian builds. */
const TICKS = 100

/** Starts a program on one core. */
export function startOn(
  core: number,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const child = spawn('taskset', ['-c', String(core), ...command], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  })
  return child
}

/** CPU seconds of a process and all its descendants so far (user and system, ended children included). */
export function cpuSeconds(pid: number): number {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(statOf)
  const family = new Set([pid])
  for (let grew = true; grew;) {
    const more = stats.filter(({ parent, pid: own }) => family.has(parent) && !family.has(own))
    for (const { pid: own } of more) family.add(own)
    grew = more.length > 0
  }
  return (
    stats.filter((stat) => family.has(stat.pid)).reduce((sum, stat) => sum + stat.ticks, 0) / TICKS
  )
}

function statOf(name: string): { pid: number; parent: number; ticks: number }[] {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return [
      {
        pid: Number(name),
        parent: Number(fields[1]),
        ticks: Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]),
      },
    ]
  } catch {
    return [] // it ended while we looked
  }
}

/** Waits until something listens. */
export async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await canConnect(port)) return
    await sleep(100)
  }
  throw new Error(`nothing listens on port ${port}`)
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
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
    child.on('error', failed)
    child.on('close', () => done(text))
  })
}
