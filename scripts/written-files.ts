import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Generated files: path from the root of the repository -> text. */
export type WrittenFiles = ReadonlyMap<string, string>

/**
 * Brings generated files up to date, or with `--check` among `args` only says which are not.
 * `folder` holds nothing but generated files, so others in it are stale and go.
 * @returns the exit code: 1 when `--check` found a difference.
 */
export function writeOrCheck(
  files: WrittenFiles,
  { root, args, folder }: { root: string; args: readonly string[]; folder?: string },
): 0 | 1 {
  const current = (path: string): string | undefined =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined
  const changed = [...files].filter(([path, text]) => current(path) !== text)
  const stale = folder === undefined ? [] : filesIn(root, folder).filter((path) => !files.has(path))
  if (args.includes('--check')) {
    for (const path of [...changed.map(([path]) => path), ...stale])
      console.error(`${path} is not current`)
    return changed.length + stale.length === 0 ? 0 : 1
  }
  for (const [path, text] of changed) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
    console.log(`wrote ${path}`)
  }
  for (const path of stale) {
    rmSync(join(root, path))
    console.log(`removed ${path}`)
  }
  return 0
}

function filesIn(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)
}
