import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { SecureSocket } from './secure-socket.ts'

/** An accepted connection over TLS whose handshake is over: Node's, or one of ours. */
export type SecuredSocket = TLSSocket | SecureSocket

/** Whether what is sent and heard on it is secured by TLS. */
export function isSecured(socket: Socket): socket is SecuredSocket {
  return socket instanceof SecureSocket || socket instanceof TLSSocket
}
