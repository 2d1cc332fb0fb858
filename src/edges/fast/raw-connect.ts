import type { OnReadOpts, Socket } from 'node:net'
import { connect as connectTcp, isIP } from 'node:net'
import type { SecureContext } from 'node:tls'
import { connect as connectTls, createSecureContext } from 'node:tls'
import type { UpstreamTarget } from '../../gateway/core.ts'
import { canBorrow } from '../kernel/borrowed-socket.ts'
import { KnownAnswers } from './known-answers.ts'

const READ_BYTES = 65_536
const KEEP_ALIVE_MS = 60_000

/** What reads from a socket. */
export interface SocketReader {
  /** Where the next bytes go; `undefined`: memory that is another's after `read`. */
  readonly readInto: () => Buffer | undefined
  /** Takes what was read; false stops the reading. */
  readonly read: (bytes: number, from: Buffer) => boolean
}

/** A socket on its way, and the event that says it may be used; paused, it is to be borrowed then. */
export interface Opening {
  readonly socket: Socket
  readonly ready: 'connect' | 'secureConnect'
}

/**
 * Opens sockets to one target. TLS: version 1.2 or newer, a certificate of the configured authority for the configured
 * name and no other, sessions resumed, our own certificate shown where one is given [TRN-05].
 */
export class RawConnector {
  /** Heads of answers that came from there. */
  readonly known: KnownAnswers = new KnownAnswers()
  readonly #target: UpstreamTarget
  readonly #host: string
  readonly #port: number
  readonly #isTls: boolean
  #context: SecureContext | undefined = undefined
  readonly #sessionMs: number
  #session: Buffer | undefined = undefined
  #verifiedAtMs = 0

  /** A session is resumed until its first handshake is `sessionMs` old: what was verified does not hold for ever. */
  constructor(target: UpstreamTarget, sessionMs: number) {
    const { protocol, hostname, port } = new URL(target.origin)
    this.#target = target
    this.#sessionMs = sessionMs
    this.#isTls = protocol === 'https:'
    this.#host = hostname.replaceAll(/^\[|\]$/g, '')
    this.#port = port === '' ? (this.#isTls ? 443 : 80) : Number(port)
  }

  /** @throws the error of OpenSSL for an authority or a certificate that cannot be read. */
  open({ readInto, read }: SocketReader): Opening {
    const way = {
      host: this.#host,
      port: this.#port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    }
    if (!this.#isTls && canBorrow()) return { socket: connectTcp(way).pause(), ready: 'connect' }
    const onread: OnReadOpts = {
      buffer: () => readInto() ?? sharedReadBuffer(),
      callback: (bytes, from) => read(bytes, from as Buffer),
    }
    const to = { ...way, onread }
    if (!this.#isTls) return { socket: connectTcp(to), ready: 'connect' }
    if (performance.now() - this.#verifiedAtMs >= this.#sessionMs) this.#session = undefined
    const socket = connectTls({
      ...to,
      secureContext: (this.#context ??= this.#newContext()),
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: true,
      ...(isIP(this.#host) === 0 ? { servername: this.#host } : {}),
      ...(this.#session === undefined ? {} : { session: this.#session }),
    })
    socket.once('secureConnect', () => {
      if (!socket.isSessionReused()) this.#verifiedAtMs = performance.now()
    })
    socket.on('session', (session: Buffer) => (this.#session = session))
    return { socket, ready: 'secureConnect' }
  }

  /** A handshake failed: the session may be what the other side did not like. */
  forgetSession(): void {
    this.#session = undefined
  }

  #newContext(): SecureContext {
    const { ca, clientCertificate } = this.#target
    return createSecureContext({
      minVersion: 'TLSv1.2',
      ...(ca === undefined ? {} : { ca }),
      ...(clientCertificate === undefined
        ? {}
        : { cert: clientCertificate.cert, key: clientCertificate.key.reveal() }),
    })
  }
}

let shared: Buffer | undefined

/** One buffer for all sockets of the thread: what it holds must be copied before any other socket reads. */
function sharedReadBuffer(): Buffer {
  shared ??= newReadBuffer()
  return shared
}

/** Buffers that nobody needs any more; more than these are left to the collector. */
const spare: Buffer[] = []
const MAX_SPARE = 32

/** A buffer of one socket: what it holds may be given away, and then it is not read into again. */
export function newReadBuffer(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES)
}

/**
 * Takes back what `newReadBuffer` gave; nobody may read into it or from it any more. Memory that is new for each
 * answer makes the engine collect all of its garbage again and again.
 */
export function returnReadBuffer(buffer: Buffer): void {
  if (spare.length < MAX_SPARE) spare.push(buffer)
}
