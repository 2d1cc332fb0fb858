import type { ClientHttp2Session, SecureClientSessionOptions } from 'node:http2'
import { connect as connectHttp2, constants } from 'node:http2'
import type { Socket } from 'node:net'
import { connect as connectTcp, isIP } from 'node:net'
import { TLSSocket, connect as connectTls } from 'node:tls'
import type { UpstreamTarget } from '../../gateway/core.ts'

/** Streams on one connection at once, whatever more the upstream would take: one broken line breaks no more than these. */
export const MAX_STREAMS = 100
/** An idle connection is closed after this; longer than for HTTP/1.1, because a GOAWAY ends it without a race. */
const IDLE_MS = 60_000
/** A PING must be answered within this. */
const PROBE_MS = 1_000
/** For bodies in flight on all streams together; each stream has its own window of 64 KB. */
const WINDOW_BYTES = 4 * 1024 * 1024

/** Bounds of what an upstream can make us hold. */
const OPTIONS: SecureClientSessionOptions = {
  maxSessionMemory: 16,
  maxHeaderListPairs: 200,
  maxSettings: 32,
  maxReservedRemoteStreams: 0,
  settings: { enablePush: false, maxHeaderListSize: 32_768 },
}

/** What the owner of a line hears of it, each at most once but `lineRoomy`. */
export interface LineHome {
  /** It is open: streams may be begun on it. */
  lineOpen(line: H2Line): void
  /** A stream ended, or the upstream allows more of them. */
  lineRoomy(line: H2Line): void
  /** No stream can be begun on it any more; those that run go on. */
  lineDraining(line: H2Line): void
  /** It is gone. `error`: why it never opened. */
  lineGone(line: H2Line, error: Error | undefined): void
}

/** One HTTP/2 connection to an upstream. */
export class H2Line {
  readonly session: ClientHttp2Session
  readonly #home: LineHome
  readonly #socket: Socket
  #state: 'connecting' | 'open' | 'draining' | 'gone' = 'connecting'
  #streams = 0
  readonly #timer: NodeJS.Timeout
  #error: Error | undefined = undefined
  #probe: NodeJS.Timeout | undefined = undefined

  /** @throws the error of OpenSSL for an authority or a certificate that cannot be read. */
  constructor(home: LineHome, target: UpstreamTarget) {
    this.#home = home
    this.#socket = openSocket(target)
    this.#timer = setTimeout(() => this.#socket.destroy(timedOut(target)), target.connectMs)
    // Before Node's own listener, which tells nobody of the error.
    this.#socket.on('error', (error: Error) => (this.#error ??= error))
    this.session = connectHttp2(target.origin, { ...OPTIONS, createConnection: () => this.#socket })
    this.session.on('connect', () => this.#connected())
    this.session.on('remoteSettings', () => this.#settings())
    this.session.on('goaway', () => this.drain())
    this.session.on('error', (error: Error) => (this.#error ??= error))
    this.session.on('close', () => this.#gone())
    this.session.on('timeout', () => this.drain())
  }

  get scheme(): 'http' | 'https' {
    return this.#socket instanceof TLSSocket ? 'https' : 'http'
  }

  get isConnecting(): boolean {
    return this.#state === 'connecting'
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Streams that can be begun now. */
  get room(): number {
    if (this.#state !== 'open') return 0
    const { maxConcurrentStreams = MAX_STREAMS } = this.session.remoteSettings
    return Math.min(maxConcurrentStreams, MAX_STREAMS) - this.#streams
  }

  get streams(): number {
    return this.#streams
  }

  /** Why the connection ended, where it was a failure. */
  get error(): Error | undefined {
    return this.#error
  }

  streamBegan(): void {
    this.#streams++
    this.session.setTimeout(0)
  }

  streamEnded(): void {
    this.#streams--
    if (this.#streams === 0) this.session.setTimeout(IDLE_MS)
    this.#home.lineRoomy(this)
  }

  /** Takes no more streams; ends when the last of those that run does. */
  drain(): void {
    if (this.#state === 'gone' || this.#state === 'draining') return
    this.#state = 'draining'
    this.session.close()
    this.#home.lineDraining(this)
  }

  /** Asks whether the line is still there; one that does not answer gets no further stream. */
  probe(): void {
    if (this.#state !== 'open' || this.#probe !== undefined) return
    this.#probe = setTimeout(() => this.drain(), PROBE_MS)
    this.session.ping(() => {
      clearTimeout(this.#probe)
      this.#probe = undefined
    })
  }

  destroy(): void {
    this.session.destroy(undefined, constants.NGHTTP2_NO_ERROR)
    this.#socket.destroy()
  }

  #connected(): void {
    if (this.#socket instanceof TLSSocket && this.#socket.alpnProtocol !== 'h2') {
      this.#error ??= new Error('the upstream does not speak HTTP/2 (ALPN)')
      this.destroy()
      return
    }
  }

  /** The first frame of a server of HTTP/2 (RFC 9113 section 3.4): before it nobody knows how many streams there may be. */
  #settings(): void {
    if (this.#state !== 'connecting') return this.#home.lineRoomy(this)
    clearTimeout(this.#timer)
    this.#state = 'open'
    this.session.setLocalWindowSize(WINDOW_BYTES)
    this.session.setTimeout(IDLE_MS)
    this.#home.lineOpen(this)
  }

  #gone(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#probe)
    if (this.#state === 'gone') return
    const wasOpen = this.#state !== 'connecting'
    this.#state = 'gone'
    const error = this.#error ?? new Error('the upstream closed the connection')
    this.#home.lineGone(this, wasOpen ? undefined : error)
  }
}

function openSocket(target: UpstreamTarget): Socket {
  const { protocol, hostname, port } = new URL(target.origin)
  const isTls = protocol === 'https:'
  const host = hostname.replaceAll(/^\[|\]$/g, '')
  const to = { host, port: port === '' ? (isTls ? 443 : 80) : Number(port), keepAlive: true }
  if (!isTls) return connectTcp(to)
  const { ca, clientCertificate: shown } = target
  return connectTls({
    ...to,
    ALPNProtocols: ['h2'],
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(shown === undefined ? {} : { cert: shown.cert, key: shown.key.reveal() }),
  })
}

function timedOut({ connectMs }: UpstreamTarget): Error {
  return Object.assign(new Error(`no connection within ${connectMs} ms`), { code: 'ETIMEDOUT' })
}
