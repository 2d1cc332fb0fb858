import { AdminUnreachable } from '../src/admin/client.ts'
import { ConfigError, formatFault } from '../src/base/config-error.ts'
import type { ConfigFault } from '../src/base/config-error.ts'
import { StoreError } from '../src/store/records.ts'
import { paintError, printJson, shown } from './output.ts'

/** What a command was asked cannot be done; the message is for the person who asked. */
export class CommandError extends Error {
  readonly cure: string | undefined

  constructor(message: string, cure?: string) {
    super(message)
    this.name = 'CommandError'
    this.cure = cure
  }
}

/** What the system's refusals mean to a person. */
const SYSTEM: ReadonlyMap<string, readonly [message: string, cure: string]> = new Map([
  ['EADDRINUSE', ['the port is taken', 'stop what listens there, or name another port']],
  ['EADDRNOTAVAIL', ['this machine has no such address', 'see listen.address']],
  ['EACCES', ['not allowed', 'check who owns it; ports below 1024 need a privilege']],
  ['EPERM', ['not allowed', 'check who owns it']],
  ['ENOENT', ['there is no such file', 'check the path']],
  ['EEXIST', ['something of that name is there already', 'remove it, or name another file']],
  ['ELOOP', ['the links lead in a circle', 'check the path']],
  ['ENAMETOOLONG', ['the name is too long', 'name another file']],
  ['EISDIR', ['that is a folder', 'name a file']],
  ['ENOTDIR', ['a part of the path is no folder', 'check the path']],
  ['ENOSPC', ['the disk is full', 'make room']],
  ['EROFS', ['the file system is read-only', 'name another folder']],
  ['EMFILE', ['too many open files', 'raise the limit (ulimit -n)']],
])

/**
 * Tells why a command failed and sets exit code 1: every fault with its place and cure on standard error, or with
 * `--json` an array of faults on standard output. Throws what is no expected failure: that is a defect.
 */
export function reportFailure(error: unknown, wantsJson: boolean): void {
  const faults = faultsOf(error)
  if (faults === undefined) throw error
  process.exitCode = 1
  if (wantsJson) printJson(faults)
  else for (const fault of faults) console.error(faultLine(fault))
}

/** A fault as standard error shows it: the place stands out. */
export function faultLine(fault: ConfigFault): string {
  return `${paintError('red', 'error')} ${shown(formatFault(fault), 2000)}`
}

function faultsOf(error: unknown): readonly ConfigFault[] | undefined {
  if (error instanceof ConfigError) return error.faults
  if (error instanceof CommandError) return [fault(error.message, error.cure)]
  if (error instanceof StoreError) return [fault(`the store: ${error.message}`, undefined)]
  if (error instanceof AdminUnreachable) return [fault(error.message, undefined)]
  if (!(error instanceof Error) || !('code' in error)) return undefined
  const known = SYSTEM.get(String(error.code))
  if (known === undefined) return undefined
  const [message, cure] = known
  return [fault(`${whatOf(error)}${message}`, cure)]
}

/** What a system error is about: the path, or address and port. */
function whatOf(error: Error): string {
  const { path, address, port } = error as Error & Readonly<Record<string, unknown>>
  if (typeof path === 'string') return `${path}: `
  if (typeof port === 'number') return `${typeof address === 'string' ? address : ''}:${port}: `
  return ''
}

function fault(message: string, cure: string | undefined): ConfigFault {
  return cure === undefined ? { path: '', message } : { path: '', message, cure }
}
