import { Readable } from 'node:stream'
import { TLSSocket } from 'node:tls'

/** What TLS decrypts at once. */
const RECORD_BYTES = 16_384
/** Where the engine's way of reading was looked at and tested (docs/decisions/0022). */
const TESTED_MAJORS: ReadonlySet<string> = new Set(['26'])

/** Who gets the bytes of a socket. */
export interface LentTaker {
  /** The memory is another's after the call; what is kept of it must be copied. The rest comes as `data`. */
  takeLent(chunk: Buffer): void
  /** The socket has another reader now, who reads it as a stream. */
  readonly isReadByOther: boolean
}

/** The places where a socket keeps what `onread` of its constructor says. */
interface Places {
  readonly buffer: symbol
  readonly callback: symbol
}

/**
 * Has what comes on an accepted TLS socket decrypted into memory that all of them share, as `onread` does for a socket
 * that one opens oneself: else every read takes new memory and passes through the machinery of streams. Node makes the
 * sockets of a server itself and takes no `onread` for them, so this reaches into one; where it looks another way than
 * it was tested with, nothing is done, and the bytes come as `data` as ever: listen for both.
 * The memory is cleared after each read. Bytes that were not where they are said to be would be NULs, which no parser
 * takes, and never those of another client.
 * @returns whether it will be so; never for a plain socket.
 */
export function lendReads(socket: TLSSocket, taker: LentTaker): boolean {
  const handle = userBufferHandle(socket)
  const places = handle === undefined ? undefined : placesIn(socket)
  if (handle === undefined || places === undefined) return false
  const memory = sharedMemory()
  const slots = socket as unknown as Record<symbol, unknown>
  slots[places.buffer] = memory
  slots[places.callback] = (bytes: number): boolean => passOn(socket, taker, bytes)
  handle.useUserBuffer(memory)
  return true
}

/**
 * Gives a taker no more for now; `resume` of the socket goes on. As for any stream, some is read meanwhile, and kept, so
 * that the other side's going is heard: `pause` of a socket with such memory would not read at all.
 */
export function holdReads(socket: TLSSocket): void {
  Readable.prototype.pause.call(socket)
}

function passOn(socket: TLSSocket, taker: LentTaker, bytes: number): boolean {
  const memory = sharedMemory()
  const chunk = memory.subarray(0, bytes)
  const isKept = socket.readableFlowing !== true || socket.readableLength > 0
  if (!isKept && !taker.isReadByOther) {
    taker.takeLent(chunk)
    chunk.fill(0)
    return true
  }
  const own = Buffer.from(chunk)
  chunk.fill(0)
  return socket.push(own)
}

let memory: Buffer | undefined

function sharedMemory(): Buffer {
  memory ??= Buffer.alloc(RECORD_BYTES)
  return memory
}

interface UserBufferHandle {
  useUserBuffer(memory: Buffer): void
}

/** Of a TLS socket of a version that was tested. */
function userBufferHandle(socket: TLSSocket): UserBufferHandle | undefined {
  const [major = ''] = process.versions.node.split('.')
  if (socket.constructor !== TLSSocket || !TESTED_MAJORS.has(major)) return undefined
  const { _handle: handle } = socket as unknown as { readonly _handle?: Partial<UserBufferHandle> }
  return typeof handle?.useUserBuffer === 'function' ? (handle as UserBufferHandle) : undefined
}

let known: Places | undefined

/** `undefined` where they are not as expected: three places, and nobody uses them. */
function placesIn(socket: TLSSocket): Places | undefined {
  const slots = socket as unknown as Record<symbol, unknown>
  if (known === undefined) {
    const find = (name: string): symbol | undefined =>
      Object.getOwnPropertySymbols(socket).find(({ description }) => description === name)
    const [buffer, callback, generator] = ['kBuffer', 'kBufferCb', 'kBufferGen'].map(find)
    if (buffer === undefined || callback === undefined || generator === undefined) return undefined
    if (slots[generator] !== null) return undefined
    known = { buffer, callback }
  }
  return slots[known.buffer] === null && slots[known.callback] === null ? known : undefined
}
