import { join } from 'node:path'
import { readFileSync, rmSync } from 'node:fs'
import { cpuMicros, output } from '../machine/processes.ts'
import { median, percentile } from '../machine/statistics.ts'

/** The shapes of requests that all benches send; `spread`: as `small`, each for another item. */
export type Kind = 'small' | 'spread' | 'post' | 'big' | 'stream'

/** HTTP/1.1 in the clear, HTTP/1.1 over TLS, HTTP/2 over TLS. */
export type Channel = 'h1' | 'tls' | 'h2'

/** What one stretch of load came to. */
export interface Sample {
  /** CPU microseconds of the peer's processes per request. */
  readonly us: number
  readonly rps: number
  readonly errors: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly p999?: number
  /** Tokens that were sent for the first time. */
  readonly cold: number
}

/** Files that requests are made of: `tokens.txt`, `body.json`, and the one of `cold` where a share of tokens is new. */
export interface LoadJob {
  readonly pid: number
  readonly port: number
  readonly channel: Channel
  readonly kind: Kind
  readonly seconds: number
  readonly folder: string
  readonly connections?: number
  /** Tokens of the file `name` from number `first` on, for all but `hitPercent` of the requests. */
  readonly cold?: { readonly name: string; readonly first: number; readonly hitPercent: number }
}

const GENERATOR_CORE = 1
const H2_ROUND = 7600
const LUA = join(import.meta.dirname, 'wrk.lua')
/** Of h2load, which has one for all requests. */
const TARGETS: Readonly<Record<Kind, string>> = {
  small: '/v1/items/7?expand=owner&lang=en',
  spread: '/v1/items/7?expand=owner&lang=en',
  post: '/v1/items',
  big: '/v1/reports/7?from=2026-01-01&limit=25',
  stream: '/v1/files/7',
}

/** Puts one peer under as much load as its connections carry: wrk for HTTP/1.1, h2load for HTTP/2. */
export function load(job: LoadJob): Promise<Sample> {
  return job.channel === 'h2' ? h2load(job) : wrk(job)
}

async function wrk(job: LoadJob): Promise<Sample> {
  const { pid, folder, kind, seconds, cold } = job
  const scheme = job.channel === 'tls' ? 'https' : 'http'
  const connections = job.connections ?? (kind === 'stream' ? 16 : 64)
  const files = [join(folder, 'tokens.txt'), join(folder, 'body.json')]
  const coldly =
    cold === undefined ? [] : [join(folder, cold.name), String(cold.first), String(cold.hitPercent)]
  const command = ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', LUA]
  const before = cpuMicros(pid)
  const text = await output(GENERATOR_CORE, [
    ...command,
    `${scheme}://127.0.0.1:${job.port}`,
    '--',
    kind,
    ...files,
    ...coldly,
  ])
  const used = cpuMicros(pid) - before
  const [requests = 0, errors = 0, p50 = 0, p99 = 0, sent = 0] = (
    /RESULT (.*)/.exec(text)?.[1] ?? ''
  )
    .split(' ')
    .map(Number)
  return { us: used / requests, rps: requests / seconds, errors, p50, p99, cold: sent }
}

function h2loadCommand(job: LoadJob, extra: readonly string[]): string[] {
  const { folder, kind, port, channel } = job
  const [token = ''] = readFileSync(join(folder, 'tokens.txt'), 'utf8').split('\n')
  const headers = [
    'accept: application/json',
    'user-agent: bench/1.0',
    `authorization: Bearer ${token}`,
  ]
  if (kind === 'post') headers.push('content-type: application/json')
  const command = ['h2load', '-t1', ...(channel === 'h2' ? [] : ['--h1']), ...extra]
  for (const header of headers) command.push('-H', header)
  if (kind === 'post') command.push('-d', join(folder, 'body.json'))
  const scheme = channel === 'h1' ? 'http' : 'https'
  return [...command, `${scheme}://127.0.0.1:${port}${TARGETS[kind]}`]
}

/**
 * Fewer requests than a gateway serves on one connection (1,000), on 8 connections with 8 streams each, again and again
 * until the time is over. The handshakes of each round, 0.3 us a request, fall on every peer alike.
 */
async function h2load(job: LoadJob): Promise<Sample> {
  const rounds: Sample[] = []
  const end = performance.now() + job.seconds * 1000
  const start = performance.now()
  while (performance.now() < end)
    rounds.push(await logged(job, ['-c8', '-m8', '-n', String(H2_ROUND)]))
  const over = (pick: (sample: Sample) => number): number => median(rounds.map(pick))
  const whole = rounds.length * H2_ROUND
  return {
    us: rounds.reduce((sum, { us }) => sum + us, 0) / rounds.length,
    rps: (whole * 1000) / (performance.now() - start),
    errors: rounds.reduce((sum, { errors }) => sum + errors, 0),
    p50: over(({ p50 }) => p50),
    p99: over(({ p99 }) => p99),
    cold: 0,
  }
}

/** A fixed number of requests over 16 connections; of everything, cold starts included. */
export function first(count: number, job: LoadJob): Promise<Sample> {
  return logged(job, ['-c16', '-n', String(count)])
}

/** The same number of requests each second, whether or not the peer keeps up; no connection sees more than 900. */
export function atRate(rps: number, job: LoadJob): Promise<Sample> {
  const connections = Math.min(96, Math.max(32, Math.ceil((rps * job.seconds) / 900)))
  const seconds = Math.max(1, Math.min(job.seconds, Math.floor((connections * 900) / rps)))
  const rate = ['-D', String(seconds), '--rps', (rps / connections).toFixed(2)]
  return logged({ ...job, seconds }, [`-c${connections}`, ...rate])
}

async function logged(job: LoadJob, extra: readonly string[]): Promise<Sample> {
  const log = join(job.folder, `h2load-${job.port}.log`)
  rmSync(log, { force: true })
  const before = cpuMicros(job.pid)
  const text = await output(GENERATOR_CORE, h2loadCommand(job, [...extra, `--log-file=${log}`]))
  const used = cpuMicros(job.pid) - before
  const rows = readFileSync(log, 'utf8').trim().split('\n')
  const times: number[] = []
  let errors = Number(/(\d+) failed/.exec(text)?.[1] ?? 0)
  for (const row of rows) {
    const [, status = '', micros = '0'] = row.split('\t')
    if (status !== '200') errors += 1
    times.push(Number(micros) / 1000)
  }
  return {
    us: used / rows.length,
    rps: rows.length / job.seconds,
    errors,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    p999: percentile(times, 0.999),
    cold: 0,
  }
}
