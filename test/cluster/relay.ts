import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** What a relay does with what passes: on as it came, later, into nothing, or the connection is cut. */
export type RelayMode =
  | { readonly kind: 'pass' | 'drop' | 'cut' }
  | { readonly kind: 'slow'; readonly delayMs: number }

/** A stretch of network between a gateway and a store, which can be made worse. */
export interface Relay {
  readonly port: number
  /** From here on; `cut` also ends the connections that are open. */
  set(mode: RelayMode): void
  close(): Promise<void>
}

/** Relays TCP on loopback to `target`, a port of loopback. */
export async function startRelay(target: number): Promise<Relay> {
  let mode: RelayMode = { kind: 'pass' }
  const sockets = new Set<Socket>()
  // A stream that lost bytes never goes on behind the gap: TCP would not let it.
  const dead = new Set<Socket>()
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      dead.delete(socket)
    })
  }
  const pipe = (from: Socket, to: Socket): void => {
    from.on('data', (piece: Buffer) => {
      if (mode.kind === 'drop') dead.add(from).add(to)
      if (!dead.has(from)) pass(piece, to, mode)
    })
    from.on('close', () => to.destroy())
  }
  const server = createServer((near) => {
    keep(near)
    if (mode.kind === 'cut') return void near.destroy()
    const far = connect(target, '127.0.0.1')
    keep(far)
    pipe(near, far)
    pipe(far, near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const destroyAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    set: (next) => {
      mode = next
      if (next.kind === 'cut') destroyAll()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        destroyAll()
      }),
  }
}

function pass(piece: Buffer, to: Socket, mode: RelayMode): void {
  if (mode.kind === 'pass') to.write(piece)
  // Timers of one length fire in the order in which they were set.
  else if (mode.kind === 'slow') setTimeout(() => to.write(piece), mode.delayMs)
}
