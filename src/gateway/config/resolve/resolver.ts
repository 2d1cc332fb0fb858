import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Mode } from '../../../pipeline/policy.ts'
import type { ModeInput, OffInput } from '../input.ts'
import type { ConfigPath } from '../paths.ts'
import type { Report } from '../report.ts'
import { parseReference } from '../values/text.ts'

const MAX_SECRET_BYTES = 1024 * 1024
/** Some million addresses. */
const MAX_LIST_BYTES = 64 * 1024 * 1024

/** Whether a setting is switched off. */
export function isOff(value: unknown): value is OffInput {
  return value === 'off' || value === false
}

/** The mode that an operator wrote; `undefined` where nothing is written. */
export function toMode(input: ModeInput | undefined): Mode | undefined {
  return isOff(input) ? 'off' : input
}

/** One text or several, as a list. */
export function toList(input: string | readonly string[] | undefined): readonly string[] {
  if (input === undefined) return []
  return typeof input === 'string' ? [input] : input
}

/** What turning input into settings needs: where relative paths start, the environment, and where faults go. */
export class Resolver {
  readonly report: Report
  /** Absolute paths of the files that were read or will be. */
  readonly files: Set<string> = new Set<string>()
  readonly #folder: string
  readonly #env: Readonly<Record<string, string | undefined>>

  readonly #held: ReadonlySet<string>

  /** `held`: absolute paths of files that need not be there, as their texts are. */
  constructor(
    folder: string,
    env: Readonly<Record<string, string | undefined>>,
    { report, held = new Set() }: { readonly report: Report; readonly held?: ReadonlySet<string> },
  ) {
    this.#folder = folder
    this.#env = env
    this.#held = held
    this.report = report
  }

  /** The absolute form of a path of the configuration. */
  path(written: string): string {
    return resolve(this.#folder, written)
  }

  /** The absolute path of a file that must exist; a fault at `at` where it does not. */
  file(at: ConfigPath, written: string): string {
    const path = this.path(written)
    this.files.add(path)
    if (this.#held.has(path)) return path
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined) this.report.fault(at, `file not found: ${path}`)
    else if (!found.isFile()) this.report.fault(at, `not a file: ${path}`)
    return path
  }

  /** As `file`, for a file that decides about security: nobody else may write it [ADM-04]. */
  guardedFile(at: ConfigPath, written: string): string {
    const path = this.file(at, written)
    const found = statSync(path, { throwIfNoEntry: false })
    if (process.platform !== 'win32' && found?.isFile() === true && (found.mode & 0o022) !== 0) {
      this.report.fault(at, `${path} may be written by others`, `chmod go-w ${path}`)
    }
    return path
  }

  /** What a reference (`env:NAME`, `file:PATH`) holds; a fault at `at` and an empty text where there is nothing. */
  referenced(at: ConfigPath, text: string): string {
    const reference = parseReference(text, '')
    if (reference.kind === 'file') return this.#content(at, this.guardedFile(at, reference.path))
    const value = this.#env[reference.name]
    if (value !== undefined && value !== '') return value
    this.report.fault(at, `the environment variable ${reference.name} is not set`)
    return ''
  }

  /** The text of a list that decides who may come; empty, with a fault at `at`, where it cannot be read. */
  list(at: ConfigPath, written: string): { readonly path: string; readonly text: string } {
    const path = this.guardedFile(at, written)
    return { path, text: this.#content(at, path, MAX_LIST_BYTES) }
  }

  #content(at: ConfigPath, path: string, maxBytes = MAX_SECRET_BYTES): string {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isFile() !== true) return ''
    if (found.size > maxBytes) {
      this.report.fault(at, `${path} is larger than ${maxBytes / 1024 / 1024} MB`)
      return ''
    }
    try {
      return readFileSync(path, 'utf8')
    } catch (error) {
      this.report.fault(at, `${path} cannot be read: ${String(error)}`)
      return ''
    }
  }
}
