import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** Writes a file beside `path`: on disk, for its owner only. @returns its path. Throws the system's error. */
export function writeAside(path: string, text: string): string {
  const aside = `${path}.${randomBytes(6).toString('hex')}.new`
  const fd = openSync(aside, 'wx', 0o600)
  try {
    fchmodSync(fd, 0o600)
    writeFileSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  return aside
}

/** A new name is on disk when its folder is. */
export function syncFolder(path: string): void {
  const fd = openSync(dirname(path), 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Replaces the file at `path` whole or not at all; it is on disk when this returns. Throws the system's error. */
export function replacePrivate(path: string, text: string): void {
  renameSync(writeAside(path, text), path)
  syncFolder(path)
}

/**
 * Reads a file that this user alone can have written; no symbolic link is followed to it. Throws the system's error, or
 * an `Error` that says what is wrong with it.
 */
export function readPrivate(path: string, maxBytes: number): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const { mode, size, uid, isFile } = stateOf(fd)
    if (!isFile) throw new Error(`${path} is no file`)
    if ((mode & 0o077) !== 0) throw new Error(`${path} is open to others`)
    if (uid !== process.getuid?.()) throw new Error(`${path} belongs to somebody else`)
    if (size > maxBytes) throw new Error(`${path} is larger than ${maxBytes} bytes`)
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

function stateOf(fd: number) {
  const stat = fstatSync(fd)
  const { mode, size, uid } = stat
  return { mode, size, uid, isFile: stat.isFile() }
}
