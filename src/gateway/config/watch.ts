import { createHash } from 'node:crypto'
import type { FSWatcher } from 'node:fs'
import { watch } from 'node:fs'
import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What is watched and how patiently. */
export interface WatchOptions {
  /** Called with the absolute paths whose content changed, after things have been quiet for `debounceMs`. Must not throw. */
  readonly onChange: (changed: readonly string[]) => void
  /** Quiet time before the files are read again; default 150. */
  readonly debounceMs?: number
  /** How often the files are read even if the system reports nothing; default 5000. */
  readonly pollMs?: number
}

/** A running watch. */
export interface Watch {
  /** Replaces the list of files, such as after a reload that found other documents. */
  setFiles(files: readonly string[]): void
  close(): void
}

/** What a file that cannot be read counts as: going away is a change, staying away is none. */
const ABSENT = 'absent'

/** What is remembered of a file: `stamp` is cheap to read and tells when the content must be hashed again. */
interface Seen {
  readonly stamp: string
  readonly hash: string
}

async function lookAt(file: string, before: Seen | undefined): Promise<Seen> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(file)
    const stamp = [ino, size, mtimeMs, ctimeMs].join(' ')
    if (stamp === before?.stamp) return before
    const content = await readFile(file)
    return { stamp, hash: createHash('sha256').update(content).digest('hex') }
  } catch {
    return { stamp: ABSENT, hash: ABSENT } // being replaced, or gone: the reload that follows says so
  }
}

/** The folders whose events tell of a change: where the name stands, and where symbolic links lead. */
async function foldersOf(files: readonly string[]): Promise<ReadonlySet<string>> {
  const targets = await Promise.all(files.map((file) => realpath(file).catch(() => file)))
  return new Set([...files, ...targets].map((file) => dirname(file)))
}

/**
 * Watches files by their folders and compares contents, so that editors that write a new file and rename it,
 * symbolic links that are switched (Kubernetes' `..data`), and touches without change all count for what they are.
 * Where the system's events fail (network file systems, no watches left) the slow poll still finds the change.
 */
class FileWatch implements Watch {
  readonly #options: WatchOptions
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #seen = new Map<string, Seen>()
  readonly #poll: NodeJS.Timeout
  #files: readonly string[]
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(files: readonly string[], options: WatchOptions) {
    this.#files = files
    this.#options = options
    this.#poll = setInterval(() => this.#enqueue(), options.pollMs ?? 5000)
    this.#poll.unref()
    this.#enqueue()
  }

  /** Resolves when the first look at the files is over: changes from then on are reported. */
  ready(): Promise<void> {
    return this.#running
  }

  setFiles(files: readonly string[]): void {
    this.#files = files
    for (const known of this.#seen.keys()) if (!files.includes(known)) this.#seen.delete(known)
    this.#enqueue()
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#poll)
    clearTimeout(this.#timer)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  /** One look at a time, so that two never report the same change. */
  #enqueue(): void {
    this.#running = this.#running.then(() => this.#look())
  }

  async #look(): Promise<void> {
    if (this.#isClosed) return
    const files = this.#files
    await this.#watchFolders(files)
    const changed: string[] = []
    for (const file of files) {
      const before = this.#seen.get(file)
      const now = await lookAt(file, before)
      this.#seen.set(file, now)
      if (before !== undefined && before.hash !== now.hash) changed.push(file)
    }
    if (changed.length > 0 && !this.#isClosed) this.#options.onChange(changed)
  }

  async #watchFolders(files: readonly string[]): Promise<void> {
    const folders = await foldersOf(files)
    if (this.#isClosed) return
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#watchFolder(folder)
  }

  #watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#onEvent())
      watcher.on('error', () => this.#forget(folder))
      this.#watchers.set(folder, watcher)
    } catch {
      // No such folder, or no watches left: the poll goes on, and tries again each time.
    }
  }

  /** A folder that went away, or whose watch broke; the next look tries again. */
  #forget(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
    this.#onEvent()
  }

  #onEvent(): void {
    if (this.#isClosed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#enqueue(), this.#options.debounceMs ?? 150)
    this.#timer.unref()
  }
}

/** Starts to watch files (absolute paths). Resolves once their present content is known. */
export async function watchFiles(files: readonly string[], options: WatchOptions): Promise<Watch> {
  const running = new FileWatch(files, options)
  await running.ready()
  return running
}
