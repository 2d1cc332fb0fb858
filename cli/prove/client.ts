import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { connect as http2Connect } from 'node:http2'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { connect as tlsConnect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { ProofAnswer } from '../../src/pipeline/proof.ts'

/** A request that is complete: nothing is filled in any more. */
export interface WireRequest {
  readonly method: string
  /** Path and query as they go on the wire. */
  readonly target: string
  readonly host: string
  readonly serverName: string
  /** Flat list, without host and framing. */
  readonly headers: readonly string[]
  readonly body: Buffer | undefined
  readonly from: string
  readonly via: 'https' | 'http' | 'h2'
}

const TIMEOUT_MS = 10_000
/** A raw connection on which nothing came for so long has said what it had to say. */
const SILENCE_MS = 400

/** Talks to one gateway of the range. Connections are kept: handshakes per address are limited [TRN-07]. */
export class Client {
  readonly #ports: { readonly https: number; readonly http: number }
  readonly #https = new HttpsAgent({ keepAlive: true, maxSockets: 8, rejectUnauthorized: false })
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: 8 })

  constructor(ports: { readonly https: number; readonly http: number }) {
    this.#ports = ports
  }

  /** Sends one request. Rejects when no answer comes. */
  async send(request: WireRequest): Promise<ProofAnswer> {
    if (request.via === 'h2') return this.#sendHttp2(request)
    try {
      return await this.#sendHttp1(request)
    } catch (error) {
      // A kept connection that the gateway was about to close: a fresh one answers.
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error
      return this.#sendHttp1(request)
    }
  }

  /** Writes bytes on a fresh TLS connection and reads until it closes or is silent. */
  raw(bytes: string, from: string): Promise<string> {
    const socket = this.#tls(from, 'localhost', ['http/1.1'])
    return new Promise((resolve, reject) => {
      let text = ''
      const finish = (): void => {
        socket.destroy()
        resolve(text)
      }
      socket.setTimeout(TIMEOUT_MS, finish)
      socket.once('secureConnect', () => socket.write(bytes, 'latin1'))
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1')
        socket.setTimeout(SILENCE_MS)
      })
      socket.once('error', (error) => (text === '' ? reject(error) : finish()))
      socket.once('close', finish)
    })
  }

  close(): void {
    this.#https.destroy()
    this.#http.destroy()
  }

  #tls(from: string, servername: string, protocols: string[]): TLSSocket {
    const options: ConnectionOptions & { readonly localAddress: string } = {
      host: '127.0.0.1',
      port: this.#ports.https,
      localAddress: from,
      servername,
      ALPNProtocols: protocols,
      rejectUnauthorized: false,
    }
    return tlsConnect(options)
  }

  #sendHttp1(request: WireRequest): Promise<ProofAnswer> {
    const isTls = request.via === 'https'
    const options: RequestOptions & { readonly servername?: string } = {
      host: '127.0.0.1',
      port: isTls ? this.#ports.https : this.#ports.http,
      localAddress: request.from,
      method: request.method,
      path: request.target,
      headers: http1Headers(request),
      agent: isTls ? this.#https : this.#http,
      timeout: TIMEOUT_MS,
      ...(isTls ? { servername: request.serverName } : {}),
    }
    const call = isTls ? httpsRequest(options) : httpRequest(options)
    call.end(request.body)
    return answerOf(call)
  }

  #sendHttp2(request: WireRequest): Promise<ProofAnswer> {
    const socket = this.#tls(request.from, request.serverName, ['h2'])
    const session = http2Connect(`https://${request.host}`, { createConnection: () => socket })
    const answer = new Promise<ProofAnswer>((resolve, reject) => {
      session.once('error', reject)
      const stream = session.request(
        {
          ':method': request.method,
          ':path': request.target,
          ':authority': request.host,
          ...Object.fromEntries(pairs(request.headers)),
        },
        { endStream: request.body === undefined },
      )
      let status = 0
      let headers: string[] = []
      let body = ''
      stream.setTimeout(TIMEOUT_MS, () => reject(new Error('no answer in time')))
      stream.once('response', (fields) => {
        status = Number(fields[':status'])
        headers = Object.entries(fields).flatMap(([name, value]) => [name, String(value)])
      })
      stream.setEncoding('utf8')
      stream.on('data', (chunk: string) => (body += chunk))
      // RFC 9113 section 8.1.1: what is malformed is reset, also behind an answer that says so.
      stream.once('error', (error) =>
        status === 0 ? reject(error) : resolve(proofAnswer(status, headers, body)),
      )
      stream.once('end', () => resolve(proofAnswer(status, headers, body)))
      if (request.body !== undefined) stream.end(request.body)
    })
    return answer.finally(() => session.destroy())
  }
}

const BODYLESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** A flat list as pairs. */
function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, index) =>
    index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as [string, string]] : [],
  )
}

function http1Headers({ method, host, headers, body }: WireRequest): string[] {
  // Without a length Node would announce a chunked body where there is none.
  const hasLength = body !== undefined || !BODYLESS.has(method)
  const framing = hasLength ? ['Content-Length', String(body?.length ?? 0)] : []
  return ['Host', host, ...headers, ...framing]
}

function answerOf(call: ClientRequest): Promise<ProofAnswer> {
  return new Promise((resolve, reject) => {
    call.once('error', reject)
    call.once('timeout', () => call.destroy(new Error('no answer in time')))
    call.once('response', (response: IncomingMessage) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (body += chunk))
      response.once('error', reject)
      response.once('end', () =>
        resolve(proofAnswer(response.statusCode ?? 0, response.rawHeaders, body)),
      )
    })
  })
}

function proofAnswer(status: number, rawHeaders: readonly string[], body: string): ProofAnswer {
  const headers = pairs(rawHeaders).flatMap(([name, value]) => [name.toLowerCase(), value])
  return {
    status,
    headers,
    body,
    header: (name) => pairs(headers).find(([own]) => own === name)?.[1],
  }
}
