import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../base/testing/free-port.ts'

const FOLDERS = ['/usr/bin', '/usr/local/bin']
const PROGRAMS = ['redis-server', 'valkey-server']

/** A Redis of its own, on loopback only; its data goes away with it. */
export interface RedisServer {
  readonly port: number
  /** `redis://127.0.0.1:PORT/0`. */
  readonly url: string
  /** Runs a command of `redis-cli` and gives what it prints. */
  run(...command: readonly string[]): string
  /** Kills it at once, as a crash would. */
  kill(): Promise<void>
  /** Holds it where it is: connections stay open, nothing is answered. */
  pause(): void
  resume(): void
  /** Brings back one that was killed, on the same port and empty. */
  start(): Promise<void>
  close(): Promise<void>
}

function program(): string | undefined {
  const places = FOLDERS.flatMap((folder) => PROGRAMS.map((name) => join(folder, name)))
  return places.find((place) => existsSync(place))
}

/** Whether Redis is on this machine; a test that needs it says why it is skipped. Under `CI=true` it must be. */
export function redisMissing(): string | undefined {
  if (program() !== undefined) return undefined
  if (process.env['CI'] === 'true') throw new Error('CI has no Redis: see scripts/services.sh')
  return 'Redis is not installed'
}

/**
 * Starts a server on a free port. `more`: further options, such as `--cluster-enabled yes`; or the configuration of a
 * sentinel, which it rewrites.
 */
export async function startRedis(
  more: readonly string[] | { readonly sentinel: string } = [],
): Promise<RedisServer> {
  const file = program()
  if (file === undefined) throw new Error('Redis is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-redis-'))
  const port = await freePort()
  const launch = async (): Promise<ChildProcess> => {
    const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
    const args =
      'sentinel' in more
        ? [more.sentinel, '--sentinel', ...own]
        : [...own, '--save', '', '--appendonly', 'no', ...more]
    const child = spawn(file, args, { stdio: 'ignore' })
    await untilOpen(port)
    return child
  }
  let child = await launch()
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
  const cli = join(file, '..', file.endsWith('valkey-server') ? 'valkey-cli' : 'redis-cli')
  return {
    port,
    url: `redis://127.0.0.1:${port}/0`,
    run: (...command) => execFileSync(cli, ['-p', String(port), ...command], { encoding: 'utf8' }),
    kill,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    start: async () => {
      child = await launch()
    },
    close: async () => {
      child.kill('SIGCONT')
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const START_MS = 10_000

async function untilOpen(port: number): Promise<void> {
  const endMs = Date.now() + START_MS
  while (Date.now() < endMs) {
    if (await isOpen(port)) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`Redis does not listen on ${port}`)
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (isReady: boolean): void => {
      socket.destroy()
      resolve(isReady)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}
