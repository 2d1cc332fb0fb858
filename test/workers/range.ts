import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import type { OutgoingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runGateway } from '../../cli/run-gateway.ts'
import type { RunningGateway } from '../../cli/run-gateway.ts'
import type { WorkerPool } from '../../cli/workers/pool.ts'
import { loadConfig } from '../../src/gateway/config/load-config.ts'
import type { LoadedConfig } from '../../src/gateway/config/load-config.ts'
import { linesOf } from '../kit/gateway.ts'
import type { LogLine } from '../kit/gateway.ts'
import type { TestUpstream } from '../kit/upstream.ts'
import { startUpstream } from '../kit/upstream.ts'

/** A document whose operations answer `{"a": …}` and whatever else `fields` names. */
export const documentOf = (fields: readonly string[] = ['a']): string => `openapi: 3.1.0
info: { title: t, version: '1' }
paths:
  /open:
    get:
      security: []
      responses: &ok
        '200':
          description: ok
          content:
            application/json:
              schema: { type: object, properties: { ${fields.map((name) => `${name}: {}`).join(', ')} } }
  /keyed: { get: { operationId: keyed, responses: *ok } }
`

/** All limits off. */
export const NO_LIMITS = 'limits: { ip: off, principal: off, failures: off, errors: off }'

/** The text of a configuration in front of an upstream; `more` are further lines. */
export function configOf(upstream: string, more: string): string {
  return [
    'openapi: ./openapi.yaml',
    `upstream: ${upstream}`,
    'listen: { https: 8443, http: 8080, plain: serve }',
    'logs: { sinks: ["file:./gateway.log"] }',
    more,
    '',
  ].join('\n')
}

/** A gateway with worker threads, in a folder of its own that `close` removes. */
export interface WorkersRange {
  readonly folder: string
  readonly running: RunningGateway
  readonly workers: WorkerPool
  readonly upstream: TestUpstream
  readonly port: number
  write(name: string, text: string): void
  log(): readonly LogLine[]
  /** Sum of the series whose line begins with `series`. */
  metric(series: string): number
  close(): Promise<void>
}

/** How a range is started. */
export interface RangeOptions {
  readonly threads?: number
  /** How long the API takes to answer. */
  readonly delayMs?: number
  /** Port for plain HTTP; a free one unless said. */
  readonly port?: number
  /** Text of the document; that of `documentOf` unless said. */
  readonly document?: string
  /** Changes what was loaded, for what no configuration says. */
  readonly change?: (loaded: LoadedConfig) => LoadedConfig
}

/** Starts an API, and workers in front of it; `more` are further lines of the configuration. */
export async function startRange(
  more: string,
  { threads = 3, delayMs = 0, port = 0, document = documentOf(), change }: RangeOptions = {},
): Promise<WorkersRange> {
  const upstream = await startUpstream((_request, response) => {
    const answer = (): unknown =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1,"b":2}')
    if (delayMs === 0) answer()
    else setTimeout(answer, delayMs)
  })
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-workers-'))
  const write = (name: string, text: string): void =>
    writeFileSync(join(folder, name), text, { mode: 0o600 })
  write('openapi.yaml', document)
  write('sallyport.yaml', configOf(upstream.url, `workers: ${threads}\n${more}`))
  const remove = async (): Promise<void> => {
    await upstream.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const load = async (): Promise<LoadedConfig> => {
    const loaded = await loadConfig(join(folder, 'sallyport.yaml'), {})
    return change?.(loaded) ?? loaded
  }
  const running = await runGateway(await load(), {
    reload: load,
    isAlone: false,
    hasWorkers: true,
    ports: { https: 0, http: port },
  }).catch(async (error: unknown) => {
    await remove()
    throw error
  })
  const { workers } = running
  if (workers === undefined) throw new Error('no workers')
  return {
    folder,
    running,
    workers,
    upstream,
    port: running.httpPort ?? 0,
    write,
    log: () => linesOf(readFileSync(join(folder, 'gateway.log'), 'utf8')),
    metric: (series) =>
      workers
        .metricsText()
        .split('\n')
        .filter((line) => line.startsWith(series))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0),
    close: async () => {
      await running.close()
      await remove()
    },
  }
}

/** What one request came to: a status and a body, or how it broke off. */
export type Outcome =
  | { readonly status: number; readonly body: string; readonly isReused: boolean }
  | { readonly error: string; readonly isReused: boolean }

/** One request over plain HTTP; never rejects. Without an agent: on a connection of its own. */
export function ask(
  port: number,
  path: string,
  { agent = false, headers = {} }: { agent?: Agent | false; headers?: OutgoingHttpHeaders } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, path, agent, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, isReused: sent.reusedSocket }),
      )
      response.on('error', (error) => resolve(brokenOff(error, sent.reusedSocket)))
    })
    sent.on('error', (error) => resolve(brokenOff(error, sent.reusedSocket)))
    sent.end()
  })
}

function brokenOff(error: NodeJS.ErrnoException, isReused: boolean): Outcome {
  return { error: error.code ?? error.message, isReused }
}

/** Clients that ask again and again, each on a connection that it keeps, until told to stop. */
export class Load {
  readonly outcomes: Outcome[] = []
  readonly #agent = new Agent({ keepAlive: true })
  readonly #loops: readonly Promise<void>[]
  #isOver = false

  constructor(port: number, path: string, clients: number) {
    this.#loops = Array.from({ length: clients }, () => this.#loop(port, path))
  }

  /** Everything that was not answered with 200. */
  get failures(): readonly Outcome[] {
    return this.outcomes.filter((outcome) => !('status' in outcome) || outcome.status !== 200)
  }

  /** Resolves once `count` more requests are over. */
  async more(count: number): Promise<void> {
    const goal = this.outcomes.length + count
    while (this.outcomes.length < goal) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#loops)
    this.#agent.destroy()
  }

  async #loop(port: number, path: string): Promise<void> {
    while (!this.#isOver) {
      const outcome = await ask(port, path, { agent: this.#agent })
      this.outcomes.push(outcome)
      // A refused connection must not become a busy loop.
      if ('error' in outcome) await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}
