import { readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { familyOf, ownMicros, processes } from './processes.ts'

/** Clock ticks per second of `/proc/stat`; 100 on every Linux that Debian builds. */
const TICKS = 100

interface Busy {
  readonly atMs: number
  readonly busyMicros: number
  readonly stolenMicros: number
  /** Ours: the bench, what it started, and what it started that has ended. */
  readonly ownMicros: number
}

/** How much of one core others took from a stretch of the bench. */
export interface Noise {
  /** CPU time of processes that are not the bench's, per wall time: 1 is a whole core. */
  readonly others: number
  /** Time the host gave to other machines, per wall time. */
  readonly stolen: number
}

/** Starts to look; the function it gives ends the stretch. */
export function watchNoise(): () => Noise {
  const before = busyNow()
  return () => {
    const after = busyNow()
    const wall = (after.atMs - before.atMs) * 1000
    const busy = after.busyMicros - before.busyMicros
    const own = after.ownMicros - before.ownMicros
    return {
      others: Math.max(0, (busy - own) / wall),
      stolen: (after.stolenMicros - before.stolenMicros) / wall,
    }
  }
}

function busyNow(): Busy {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
  const [user = 0, nice = 0, system = 0, , , irq = 0, soft = 0, stolen = 0] = line
    .split(/\s+/)
    .slice(1)
    .map((text) => (Number(text) * 1e6) / TICKS)
  let own = endedChildrenMicros()
  for (const pid of familyOf(process.pid)) own += ownMicros(pid)
  return {
    atMs: performance.now(),
    busyMicros: user + nice + system + irq + soft,
    stolenMicros: stolen,
    ownMicros: own,
  }
}

function endedChildrenMicros(): number {
  const text = readFileSync('/proc/self/stat', 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[13]) + Number(fields[14])) * 1e6) / TICKS
}

/** One line about the machine and what it does besides. */
export function describeMachine(): string {
  const [one, five] = loadavg()
  return `machine: ${cpus().length} cores, ${cpus()[0]?.model.trim() ?? 'unknown'}; node ${process.version}; load average ${one?.toFixed(2)} (1 min) ${five?.toFixed(2)} (5 min)`
}

/** Starts to look at other processes; the function it gives names the five that used most CPU meanwhile. */
export function watchOthers(): () => string {
  const before = new Map(processes().map(({ pid }) => [pid, ownMicros(pid)]))
  return () => {
    const ours = familyOf(process.pid)
    const used = processes()
      .filter(({ pid }) => !ours.has(pid))
      .map(({ pid, name }) => ({ name, seconds: (ownMicros(pid) - (before.get(pid) ?? 0)) / 1e6 }))
      .filter(({ seconds }) => seconds > 0.5)
      .toSorted((a, b) => b.seconds - a.seconds)
    const named = used.slice(0, 5).map(({ name, seconds }) => `${name} ${seconds.toFixed(1)} s`)
    return named.length === 0 ? 'none used 0.5 s' : named.join(', ')
  }
}
