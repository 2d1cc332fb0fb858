import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../base/testing/free-port.ts'

/** Where Debian and others put the programs of PostgreSQL, the newest first. */
const FOLDERS = [
  ...[18, 17, 16, 15, 14].map((version) => `/usr/lib/postgresql/${version}/bin`),
  '/usr/local/bin',
  '/usr/bin',
]

/** A PostgreSQL of its own: a fresh cluster in a folder that goes away with it, on loopback only. */
export interface PostgresServer {
  /** `postgres://postgres@127.0.0.1:PORT/postgres`; no password is asked for. */
  readonly url: string
  readonly port: number
  /** Runs statements as the superuser, one after another, in `url` or the first database. Throws what `psql` says. */
  run(sql: string, url?: string): void
  /** Stops at once, as a crash would; `start` brings it back with its data. */
  stop(): Promise<void>
  /** SIGKILL for the server and each of its processes. */
  kill(): Promise<void>
  /** SIGSTOP for all of them: connections stay open and nobody answers. */
  pause(): void
  resume(): void
  start(): Promise<void>
  /** Stops it and removes the folder. */
  close(): Promise<void>
}

/** Whether PostgreSQL is on this machine; a test that needs it says why it is skipped. Under `CI=true` it must be. */
export function postgresMissing(): string | undefined {
  if (binaries() !== undefined) return undefined
  if (process.env['CI'] === 'true') throw new Error('CI has no PostgreSQL: see scripts/services.sh')
  return 'PostgreSQL is not installed'
}

function binaries(): string | undefined {
  return FOLDERS.find((folder) => existsSync(join(folder, 'initdb')))
}

/** `postgres` refuses to run as root: then the user `postgres` runs it. */
function asUser(program: string, args: readonly string[]): [string, string[]] {
  const isRoot = process.getuid?.() === 0
  return isRoot ? ['setpriv', [...AS_POSTGRES, program, ...args]] : [program, [...args]]
}

const AS_POSTGRES = ['--reuid', 'postgres', '--regid', 'postgres', '--init-groups', '--']

/** Starts a server on a free port; takes about a second. */
export async function startPostgres(): Promise<PostgresServer> {
  const bin = binaries()
  if (bin === undefined) throw new Error('PostgreSQL is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-postgres-'))
  if (process.getuid?.() === 0) execFileSync('chown', ['postgres:postgres', folder])
  const data = join(folder, 'data')
  call(join(bin, 'initdb'), [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--no-sync',
  ])
  const port = await freePort()
  let server = await launch(bin, { data, folder, port })
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const stop = (): Promise<void> => server.stop()
  return {
    url,
    port,
    run: (sql, at = url) =>
      call(join(bin, 'psql'), ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', at, '-c', sql]),
    stop,
    kill: () => server.kill(),
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    start: async () => {
      server = await launch(bin, { data, folder, port })
    },
    close: async () => {
      server.signal('SIGCONT')
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function call(program: string, args: readonly string[]): void {
  const [file, all] = asUser(program, args)
  execFileSync(file, all, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/', timeout: 60_000 })
}

interface Place {
  readonly data: string
  readonly folder: string
  readonly port: number
}

interface Launched {
  readonly stop: () => Promise<void>
  readonly kill: () => Promise<void>
  readonly signal: (signal: NodeJS.Signals) => void
}

/** The process and its children: those of PostgreSQL have none of their own. */
function familyOf(pid: number): readonly number[] {
  const found = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
  return [pid, ...found.stdout.split(/\s+/).filter(Boolean).map(Number)]
}

function signalAll(pid: number | undefined, signal: NodeJS.Signals): void {
  for (const one of pid === undefined ? [] : familyOf(pid)) {
    try {
      process.kill(one, signal)
    } catch {
      // It ended by itself.
    }
  }
}

async function launch(bin: string, { data, folder, port }: Place): Promise<Launched> {
  const settings = [
    `listen_addresses=127.0.0.1`,
    `unix_socket_directories=${folder}`,
    'fsync=off',
    'max_connections=40',
  ]
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((one) => ['-c', one])]
  const [file, all] = asUser(join(bin, 'postgres'), args)
  const child = spawn(file, all, { stdio: ['ignore', 'ignore', 'ignore'], cwd: '/' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async (): Promise<void> => {
    // Fast shutdown: connections are cut, nothing is waited for.
    child.kill('SIGINT')
    await ended
  }
  const signal = (name: NodeJS.Signals): void => signalAll(child.pid, name)
  const kill = async (): Promise<void> => {
    signal('SIGKILL')
    await ended
  }
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error('PostgreSQL ended at start')
    if (isReady(bin, port)) return { stop, kill, signal }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await stop()
  throw new Error('PostgreSQL did not get ready')
}

function isReady(bin: string, port: number): boolean {
  try {
    call(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port), '-q'])
    return true
  } catch {
    return false // not yet
  }
}
