import { request as requestPlain } from 'node:http'
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { Agent, request } from 'node:https'
import { Readable } from 'node:stream'

/** A well-formed HTTP/1.1 request. */
export interface Ask {
  /** GET unless said. */
  readonly method?: string
  readonly target: string
  readonly headers?: OutgoingHttpHeaders
  /** An object goes as JSON; a stream goes chunked. */
  readonly body?:
    | Readonly<Record<string, unknown>>
    | readonly unknown[]
    | string
    | Buffer
    | Readable
  /** Where it comes from, such as `127.3.0.1`: limits are counted per address. */
  readonly from?: string
  /** Name of the TLS handshake, `localhost` unless said; another one opens a connection of its own. */
  readonly servername?: string
  /** Called when `100 Continue` arrives. */
  readonly onContinue?: () => void
}

/** An answer, its body read whole. */
export interface Got {
  readonly status: number
  /** Lower-case names; `set-cookie` joined by newlines. */
  readonly headers: ReadonlyMap<string, string>
  /** Lower-case names in order, duplicates kept. */
  readonly names: readonly string[]
  readonly body: Buffer
  readonly text: string
  /** The body as JSON; throws where it is none. */
  json(): unknown
}

/** Sends requests to one gateway; keeps connections alive until `close`. */
export interface Asker {
  ask(plan: Ask): Promise<Got>
  /** The answer as it comes, for streams. */
  open(plan: Ask): Promise<IncomingMessage>
  close(): void
}

/** Opens a client of `https://localhost:port` that trusts `ca`; without `ca`, of `http://localhost:port`. */
export function asker(port: number, ca?: string): Asker {
  const agents = new Map<string, Agent>()
  const agentFrom = (from: string): Agent => {
    const known = agents.get(from)
    if (known !== undefined) return known
    const agent = new Agent({ keepAlive: true, maxSockets: 16 })
    agents.set(from, agent)
    return agent
  }
  const open = (plan: Ask): Promise<IncomingMessage> =>
    send(plan, { port, ca, agent: ca === undefined ? undefined : agentFrom(plan.from ?? '') })
  return {
    open,
    ask: async (plan) => readWhole(await open(plan)),
    close: () => {
      for (const agent of agents.values()) agent.destroy()
    },
  }
}

interface Way {
  readonly port: number
  readonly ca: string | undefined
  readonly agent: Agent | undefined
}

function send(plan: Ask, { port, ca, agent }: Way): Promise<IncomingMessage> {
  const { method = 'GET', target, from = '127.0.0.1', servername = 'localhost', body } = plan
  const isJson = body !== undefined && !isRaw(body)
  const base = { port, host: '127.0.0.1', localAddress: from, method, path: target }
  const headers: OutgoingHttpHeaders = {
    host: `localhost:${port}`,
    ...(isJson ? { 'content-type': 'application/json' } : {}),
    ...plan.headers,
  }
  return new Promise((resolve, reject) => {
    const sent =
      ca === undefined
        ? requestPlain({ ...base, headers, agent: false }, resolve)
        : request({ ...base, headers, agent: agent ?? false, ca, servername }, resolve)
    sent.on('error', reject)
    if (plan.onContinue !== undefined) sent.on('continue', plan.onContinue)
    if (body === undefined) sent.end()
    else if (!isRaw(body)) sent.end(JSON.stringify(body))
    else if (body instanceof Readable) body.pipe(sent)
    else sent.end(body)
  })
}

function isRaw(body: NonNullable<Ask['body']>): body is string | Buffer | Readable {
  return typeof body === 'string' || body instanceof Buffer || body instanceof Readable
}

async function readWhole(answer: IncomingMessage): Promise<Got> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return gotOf(answer.statusCode ?? 0, answer.rawHeaders, Buffer.concat(chunks))
}

/** Puts an answer together from what a parser gave. */
export function gotOf(status: number, rawHeaders: readonly string[], body: Buffer): Got {
  const headers = new Map<string, string>()
  const names: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    const before = headers.get(name)
    names.push(name)
    headers.set(name, before === undefined ? rawHeaders[i + 1]! : `${before}\n${rawHeaders[i + 1]}`)
  }
  const text = body.toString('utf8')
  return { status, headers, names, body, text, json: () => JSON.parse(text) as unknown }
}
