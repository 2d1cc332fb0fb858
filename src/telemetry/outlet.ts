import { closeSync, constants, fstatSync, openSync, write } from 'node:fs'
import { Socket } from 'node:net'

/** Told when bytes were taken, or why not. `written` may be less than asked for. */
export type Written = (error: NodeJS.ErrnoException | undefined, written: number) => void

/** Where bytes leave the process. One write at a time; nothing here ever blocks the event loop. */
export interface Outlet {
  write(chunk: Buffer, done: Written): void
  /** Gives the descriptor back, if it is ours. A write that is under way may still be told. */
  close(): void
}

/** What a sink writes to. */
export type SinkTarget =
  | { readonly kind: 'stdout' | 'stderr' }
  | { readonly kind: 'file'; readonly path: string }

/** New log files are readable by the owner and the group. */
const FILE_MODE = 0o640

/**
 * Opens the target for appending. Throws the system's error where it cannot be opened, also for a named pipe that
 * nobody reads.
 *
 * A pipe whose reader sleeps would block a plain write for ever, and with it the event loop or a thread that the
 * exit waits for. So a pipe is opened anew through `/proc` without blocking, which leaves the flags of the
 * descriptor that other processes share as they are.
 */
export function openOutlet(target: SinkTarget): Outlet {
  if (target.kind === 'file') return openFile(target.path)
  const fd = target.kind === 'stdout' ? 1 : 2
  const stat = fstatSync(fd)
  if (stat.isFIFO()) return openPipe(fd)
  if (stat.isSocket())
    return socketOutlet(new Socket({ fd, readable: false, writable: true }), false)
  return fileOutlet(fd, false)
}

function openFile(path: string): Outlet {
  const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, FILE_MODE)
  if (fstatSync(fd).isFIFO()) return socketOutlet(pipeSocket(fd), true)
  return fileOutlet(fd, true)
}

function openPipe(fd: number): Outlet {
  let own: number
  try {
    own = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch (error) {
    // Without /proc (macOS) the shared descriptor has to do; any other fault is the reader's absence.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return fileOutlet(fd, false)
  }
  return socketOutlet(pipeSocket(own), true)
}

function pipeSocket(fd: number): Socket {
  return new Socket({ fd, readable: false, writable: true })
}

function fileOutlet(fd: number, isOwn: boolean): Outlet {
  let isWriting = false
  let isClosing = false
  let isClosed = false
  // Closing under a write would let the write land in whatever opens the number next.
  const closeWhenIdle = (): void => {
    if (!isOwn || !isClosing || isWriting || isClosed) return
    isClosed = true
    closeSync(fd)
  }
  return {
    write: (chunk, done) => {
      isWriting = true
      write(fd, chunk, (error, written) => {
        isWriting = false
        closeWhenIdle()
        done(error ?? undefined, written)
      })
    },
    close: () => {
      isClosing = true
      closeWhenIdle()
    },
  }
}

function socketOutlet(socket: Socket, isOwn: boolean): Outlet {
  // The callback of `write` tells the same error; without a listener it would end the process.
  socket.on('error', () => undefined)
  socket.unref()
  return {
    write: (chunk, done) => {
      socket.write(chunk, (error) => done(error ?? undefined, chunk.length))
    },
    close: () => {
      if (isOwn) socket.destroy()
    },
  }
}
