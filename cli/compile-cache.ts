import { lstatSync, mkdirSync } from 'node:fs'
import { constants, enableCompileCache } from 'node:module'
import { dirname, join } from 'node:path'

/**
 * Lets the process and its threads keep compiled code in `.sallyport/code` beside the configuration file, so that the
 * next start need not compile again: it takes half as long. To be called before the rest of the program is loaded.
 * Nothing is kept without a configuration file, where the folder cannot be made, or where others could write into it:
 * what stands there is run. `NODE_COMPILE_CACHE` names another folder, `NODE_DISABLE_COMPILE_CACHE=1` says none.
 */
export function keepCompiledCode(args: readonly string[]): void {
  const file = configFile(args)
  if (file === undefined || process.env['NODE_COMPILE_CACHE'] !== undefined) return
  const folder = codeFolder(dirname(file))
  if (folder === undefined) return
  const { status } = enableCompileCache(folder)
  // Threads begin with what the environment says.
  if (status === constants.compileCacheStatus.ENABLED) process.env['NODE_COMPILE_CACHE'] = folder
}

/** The file that `serve` reads with these arguments, as `cli/serve.ts` declares them. */
export function configFile(args: readonly string[]): string | undefined {
  for (const [i, arg] of args.entries()) {
    if (arg === '--openapi' || arg.startsWith('--openapi=')) return undefined
    if (arg === '-c' || arg === '--config') return args[i + 1]
    if (arg.startsWith('--config=')) return arg.slice('--config='.length)
    if (arg.startsWith('-c')) return arg.slice('-c'.length)
  }
  return 'sallyport.yaml'
}

/** The folder for compiled code below `parent`, made if need be; `undefined` where it is not ours alone. */
export function codeFolder(parent: string): string | undefined {
  const state = join(parent, '.sallyport')
  const folder = join(state, 'code')
  try {
    return makeOwn(state) && makeOwn(folder) ? folder : undefined
  } catch {
    // A folder that may only be read, or none: then every start compiles.
    return undefined
  }
}

const WRITABLE_BY_OTHERS = 0o022

// One at a time: asked for a whole path below /dev/fd, where a shell puts files, Node does not come back.
function makeOwn(folder: string): boolean {
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) mkdirSync(folder, 0o700)
  const stat = lstatSync(folder)
  const isOwn = process.getuid === undefined || stat.uid === process.getuid()
  return stat.isDirectory() && isOwn && (stat.mode & WRITABLE_BY_OTHERS) === 0
}
