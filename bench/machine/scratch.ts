import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killAll } from './processes.ts'

/** A folder for one run that others may read. It goes when the run ends, also by a signal, and so do the programs it started. */
export function scratchFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `sallyport-${name}-`))
  // The workers of nginx are another user's.
  chmodSync(folder, 0o755)
  process.once('exit', () => {
    killAll()
    rmSync(folder, { recursive: true, force: true })
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  return folder
}
