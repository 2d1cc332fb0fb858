import { once } from 'node:events'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../src/base/testing/free-port.ts'
import { startCli } from '../../cli/testing/cli-process.ts'
import { newSecretsText } from '../../src/store/secrets-file.ts'
import { startRedis } from '../../src/store/testing/start-redis.ts'
import type { RedisServer } from '../../src/store/testing/start-redis.ts'
import { linesOf } from '../kit/gateway.ts'
import type { LogLine } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'
import { startRelay } from './relay.ts'
import type { Relay } from './relay.ts'

/** What the nodes of a cluster are. */
export interface ClusterOptions {
  readonly nodes: number
  readonly workers: number
  /** Lines below `limits:`, without what is off here: addresses, callers, errors, failures. */
  readonly limits: string
  /** Further lines of every node's configuration, such as `store: …`. */
  readonly more?: string
}

/** One gateway: a process that is supervised, as a person starts it. */
export interface ClusterNode {
  readonly port: number
  readonly folder: string
  /** Kills the process that serves at once; its supervisor starts another one. */
  killServing(): Promise<void>
  log(): readonly LogLine[]
  /** Value of a series of its metrics; `undefined` where there is none. */
  metric(series: string): Promise<number | undefined>
}

/** Several nodes in front of one API, with Redis behind a relay. */
export interface Cluster {
  readonly nodes: readonly ClusterNode[]
  readonly ports: readonly number[]
  readonly redis: RedisServer
  readonly relay: Relay
  /** Requests that reached the API. */
  readonly forwarded: () => number
  close(): Promise<void>
}

const paths = ['/bucket', '/quota', '/free', '/high']

const DOCUMENT = `openapi: 3.1.0
info: { title: t, version: '1' }
paths:
${paths
  .map(
    (path) =>
      `  ${path}: { get: { operationId: ${path.slice(1)}, ${path === '/high' ? 'x-sallyport-sensitivity: high, ' : ''}security: [], responses: { '204': { description: none } } } }\n`,
  )
  .join('')}`

/** Starts all of it; takes some seconds. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const closers: (() => Promise<void> | void)[] = []
  const close = async (): Promise<void> => {
    for (const one of closers.toReversed()) await one()
  }
  try {
    const api = await startApi()
    closers.push(api.close)
    const redis = await startRedis()
    closers.push(() => redis.close())
    const relay = await startRelay(redis.port)
    closers.push(() => relay.close())
    const folder = mkdtempSync(join(tmpdir(), 'spc-'))
    closers.push(() => rmSync(folder, { recursive: true, force: true }))
    const secrets = newSecretsText()
    const started = await Promise.all(
      Array.from({ length: options.nodes }, (_, index) =>
        startNode({ folder: join(folder, String(index)), secrets, api: api.port, relay, options }),
      ),
    )
    closers.push(async () => void (await Promise.all(started.map(({ close: end }) => end()))))
    const nodes = started.map(({ node }) => node)
    return {
      nodes,
      ports: nodes.map(({ port }) => port),
      redis,
      relay,
      forwarded: api.count,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface NodeParts {
  readonly folder: string
  readonly secrets: string
  readonly api: number
  readonly relay: Relay
  readonly options: ClusterOptions
}

async function startNode({ folder, secrets, api, relay, options }: NodeParts) {
  const [port, health] = [await freePort(), await freePort()]
  mkdirSync(folder)
  const write = (name: string, text: string): void =>
    writeFileSync(join(folder, name), text, { mode: 0o600 })
  write('openapi.yaml', DOCUMENT)
  write('own.secrets', secrets)
  write(
    'sallyport.yaml',
    `openapi: ./openapi.yaml
upstream: http://127.0.0.1:${api}
listen: { http: ${port}, plain: serve, address: 127.0.0.1, health: "127.0.0.1:${health}" }
workers: ${options.workers}
limits:
  ip: off
  principal: off
  errors: off
  failures: off
${options.limits}
counters: redis://127.0.0.1:${relay.port}/0
secrets: file:./own.secrets
logs: { sinks: ["file:./gateway.log"] }
${options.more ?? ''}
`,
  )
  const child = startCli(folder, ['serve'])
  await untilServing(child)
  const node: ClusterNode = {
    port,
    folder,
    killServing: async () => {
      const { pid } = JSON.parse(
        await get({ socketPath: join(folder, 'sallyport.sock'), path: '/status' }),
      )
      process.kill(pid as number, 'SIGKILL')
    },
    log: () => linesOf(readFileSync(join(folder, 'gateway.log'), 'utf8')),
    metric: async (series) => {
      const text = await get({ host: '127.0.0.1', port: health, path: '/metrics' })
      const line = text.split('\n').find((one) => one.startsWith(series))
      return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1))
    },
  }
  const close = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    await gone
  }
  return { node, close }
}

async function untilServing(child: ChildProcess): Promise<void> {
  let said = ''
  child.stdout?.resume()
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  const serves = await until(
    () => said.includes('sallyport: http://') || child.exitCode !== null,
    60_000,
  )
  if (!serves || child.exitCode !== null) throw new Error(`a node does not serve: ${said}`)
}

function get(options: { socketPath?: string; host?: string; port?: number; path: string }) {
  return new Promise<string>((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => resolve(text))
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** Answers every request with 204; what little it does must not be what is measured. */
async function startApi() {
  let count = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    let text = ''
    sockets.add(socket)
    socket.setNoDelay(true).setEncoding('latin1')
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (piece: string) => {
      text += piece
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        text = text.slice(end + 4)
        count += 1
        socket.write('HTTP/1.1 204 No Content\r\n\r\n')
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    count: () => count,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
