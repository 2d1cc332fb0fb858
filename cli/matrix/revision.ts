import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { CommandError } from '../failure.ts'

/** What a configuration and its documents consist of; programs of an old revision are not run. */
const READABLE = /\.(?:ya?ml|json|cidr|txt|pem|crt)$/i
const MAX_FILES = 2000
const MAX_FILE_BYTES = 16 * 1024 * 1024
const MAX_TOTAL_BYTES = 128 * 1024 * 1024

/** The files of a revision, in a folder of their own. */
export interface Revision {
  /** Absolute path of the configuration there. */
  readonly file: string
  dispose(): void
}

/**
 * Takes the configuration and what may belong to it out of a revision of the repository that holds it. Only regular
 * files that the revision itself has are read, so that no link leads out; files of the configuration that git does not
 * have, such as certificates, are those that stand here now. Throws `CommandError`.
 */
export function openRevision(revision: string, config: string): Revision {
  const file = realpathSync(config)
  if (!READABLE.test(file))
    throw new CommandError(
      `${config} is a program: that of a revision is not run`,
      'name a YAML file',
    )
  const root = rootOf(dirname(file))
  const commit = commitOf(revision, root)
  const path = toGit(relative(root, file))
  const entries = entriesOf(commit, root)
  if (!entries.some((entry) => entry.path === path))
    throw new CommandError(
      `${revision} has no ${path}`,
      'name a revision that has the configuration',
    )
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-matrix-')))
  const dispose = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    const contents = contentsOf(entries, root)
    for (const [index, entry] of entries.entries())
      write(entry.path, contents[index] ?? Buffer.alloc(0), folder)
    const text = contents[entries.findIndex((entry) => entry.path === path)]
    linkMissing(text?.toString('utf8') ?? '', { at: dirname(path), root, folder })
    return { file: join(folder, path), dispose }
  } catch (error) {
    dispose()
    throw error
  }
}

/** What git says. Throws where it fails. */
function git(root: string, args: readonly string[], input = ''): Buffer {
  const options = { cwd: root, input, maxBuffer: 2 * MAX_TOTAL_BYTES }
  const { status, stdout, stderr, error } = spawnSync('git', ['--no-pager', ...args], options)
  if (status === 0) return stdout
  throw error ?? new Error(stderr.toString('utf8').split('\n')[0])
}

function rootOf(folder: string): string {
  try {
    const top = git(folder, ['rev-parse', '--show-toplevel'])
    return realpathSync(top.toString('utf8').replace(/\r?\n$/, ''))
  } catch (error) {
    const why = error instanceof Error ? error.message : ''
    throw new CommandError(`no git repository holds ${folder}: ${why}`, 'name a file instead')
  }
}

/** The commit that a text names; a text that looks like an option is none. */
function commitOf(revision: string, root: string): string {
  try {
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]
    return git(root, args).toString('utf8').trim()
  } catch {
    throw new CommandError(
      `${revision.slice(0, 80)} is neither a file nor a revision`,
      'name a configuration, a saved matrix (--json), or a revision such as main or HEAD~1',
    )
  }
}

interface Entry {
  readonly path: string
  readonly object: string
}

/** Regular files (no links, no modules) that may belong to a configuration. */
function entriesOf(commit: string, root: string): readonly Entry[] {
  const listing = git(root, ['ls-tree', '-r', '-z', '-l', '--full-tree', commit])
  const found: Entry[] = []
  let total = 0
  for (const line of listing.toString('utf8').split('\0')) {
    const [, mode, object, size, path] = /^(\d+) blob ([\da-f]+) +(\d+)\t(.+)$/s.exec(line) ?? []
    if (path === undefined || object === undefined || !isReadable(mode, path)) continue
    if (Number(size) > MAX_FILE_BYTES) continue
    total += Number(size)
    found.push({ path, object })
  }
  if (found.length > MAX_FILES || total > MAX_TOTAL_BYTES)
    throw new CommandError('the revision has too many files', 'name a file instead')
  return found
}

function isReadable(mode: string | undefined, path: string): boolean {
  const isRegular = mode === '100644' || mode === '100755'
  return isRegular && READABLE.test(path) && !isAbsolute(path) && !path.split('/').includes('..')
}

/** The contents of all entries, in their order. */
function contentsOf(entries: readonly Entry[], root: string): readonly Buffer[] {
  const asked = entries.map(({ object }) => `${object}\n`).join('')
  const answer = git(root, ['cat-file', '--batch'], asked)
  let at = 0
  return entries.map(() => {
    const end = answer.indexOf(10, at)
    const size = Number(answer.toString('latin1', at, end).split(' ')[2])
    if (!Number.isSafeInteger(size)) throw new Error('git cat-file does not answer as it should')
    at = end + 1 + size + 1
    return answer.subarray(end + 1, end + 1 + size)
  })
}

interface Copying {
  readonly root: string
  readonly folder: string
}

function write(path: string, content: Buffer, folder: string): void {
  const target = join(folder, path)
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 })
  writeFileSync(target, content, { mode: 0o600, flag: 'wx' })
}

/** What `file:` names and git does not have: a certificate, a key. */
function linkMissing(text: string, { at, root, folder }: Copying & { readonly at: string }): void {
  for (const [, written = ''] of text.matchAll(/\bfile:([^\s"',}\]]{1,1000})/g)) {
    if (isAbsolute(written)) continue
    const path = join(at, written)
    const [here, there] = [resolve(root, path), resolve(folder, path)]
    const isInside = there.startsWith(folder + sep) && here.startsWith(root + sep)
    if (!isInside || existsSync(there) || !existsSync(here)) continue
    mkdirSync(dirname(there), { recursive: true, mode: 0o700 })
    symlinkSync(here, there)
  }
}

function toGit(path: string): string {
  return path.split(sep).join('/')
}
