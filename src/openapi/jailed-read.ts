import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { dirname, isAbsolute, resolve, sep } from 'node:path'

/**
 * Reads a text file by absolute path, as UTF-8 without byte order mark.
 * @throws JailError when the file is not one the jail lets out.
 */
export type JailedRead = (absolutePath: string) => string

/** Why a jailed read was refused. */
export type JailReason = 'outside-folder' | 'not-found' | 'not-a-file' | 'too-large' | 'not-utf8'

/** A read that the jail refused. The message names no path of the machine. */
export class JailError extends Error {
  readonly reason: JailReason

  constructor(reason: JailReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'JailError'
    this.reason = reason
  }
}

/** Largest file that is read, in bytes. */
export const MAX_DOCUMENT_BYTES: number = 64 * 1024 * 1024

/**
 * Builds the only way in which documents reach the file system: regular files of at most 64 MiB that stand,
 * symbolic links resolved, inside `rootFolder` or are exactly one of `extraFiles` (overlays that live elsewhere).
 * @throws JailError when `rootFolder` does not exist.
 */
export function createJailedRead(
  rootFolder: string,
  extraFiles: readonly string[] = [],
): JailedRead {
  const root = realPath(resolve(rootFolder))
  const prefix = root.endsWith(sep) ? root : root + sep
  const extras = new Set(extraFiles.map((file) => resolve(file)))
  return (absolutePath) => {
    if (!isAbsolute(absolutePath) || absolutePath.includes('\0')) {
      throw new JailError('outside-folder', 'the path is not absolute')
    }
    const asked = resolve(absolutePath)
    const isExtra = extras.has(asked)
    // Checked before the disk is touched, so that no answer tells whether a file outside exists.
    if (!isExtra && !asked.startsWith(prefix) && !isInsideByLink(asked, prefix)) {
      throw new JailError('outside-folder', 'the file stands outside the folder of the document')
    }
    const real = realPath(asked)
    if (!isExtra && !real.startsWith(prefix)) {
      throw new JailError('outside-folder', 'the file stands outside the folder of the document')
    }
    return readText(real)
  }
}

/** The folder may itself be reached through a link: what counts is where the asked file's folder really is. */
function isInsideByLink(asked: string, prefix: string): boolean {
  try {
    return (realpathSync(dirname(asked)) + sep).startsWith(prefix)
  } catch {
    // A folder that does not exist is not inside.
    return false
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch (cause) {
    throw new JailError('not-found', 'the file does not exist or cannot be read', { cause })
  }
}

function readText(realFile: string): string {
  // Before opening: a device may act on being opened at all.
  if (!statSync(realFile).isFile()) throw new JailError('not-a-file', 'it is not a regular file')
  return decode(readBytes(realFile))
}

function readBytes(realFile: string): Buffer {
  let descriptor: number
  try {
    // The link was resolved; one that appeared since is refused. A pipe must not block the start.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
    descriptor = openSync(realFile, flags)
  } catch (cause) {
    throw new JailError('not-found', 'the file does not exist or cannot be read', { cause })
  }
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) throw new JailError('not-a-file', 'it is not a regular file')
    if (stat.size > MAX_DOCUMENT_BYTES) {
      throw new JailError('too-large', `the file has ${stat.size} bytes, at most 64 MiB are read`)
    }
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new JailError('not-utf8', 'the file is not valid UTF-8', { cause })
  }
}
