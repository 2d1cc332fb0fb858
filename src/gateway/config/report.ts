import type { ConfigFault } from '../../base/config-error.ts'
import type { ConfigPath } from './paths.ts'
import { formatPath, isWithin } from './paths.ts'

/** A fault before its place in the file is known. */
export interface PathFault {
  readonly at: ConfigPath
  readonly message: string
  readonly cure?: string
  /** The key itself is at fault, not its value. */
  readonly isKey?: true
}

/** Collects faults, so that one run shows them all. */
export class Report {
  readonly faults: PathFault[] = []
  #pruned: readonly ConfigPath[] = []

  /** Notes a mistake that stops the start. */
  fault(at: ConfigPath, message: string, cure?: string): void {
    if (this.isPruned(at)) return
    this.faults.push(cure === undefined ? { at, message } : { at, message, cure })
  }

  /** As `fault`, for a key that must not stand there. */
  keyFault(at: ConfigPath, message: string, cure: string): void {
    this.faults.push({ at, message, cure, isKey: true })
  }

  /** Tells that the values at these paths were faulty and taken away. */
  prune(paths: readonly ConfigPath[]): void {
    this.#pruned = paths
  }

  /** Whether something was taken away at or below a path: what is missing there is no second mistake. */
  isPruned(at: ConfigPath): boolean {
    return this.#pruned.some((path) => isWithin(path, at))
  }
}

/** Where something stands in the file. */
export interface Place {
  readonly file?: string
  readonly line?: number
  readonly column?: number
}

/** A fault with its path as text and its place. */
export function toConfigFault(fault: PathFault, place: Place): ConfigFault {
  const { at, isKey: _, ...rest } = fault
  return { path: formatPath(at), ...rest, ...place }
}

/** A value as a message may show it: quoted, cut at 60 characters. Never for secrets. */
export function showValue(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
