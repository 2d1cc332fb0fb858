import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Debian package of each program that a bench may need. */
const PACKAGES: Readonly<Record<string, string>> = {
  nginx: 'nginx-light',
  haproxy: 'haproxy',
  wrk: 'wrk',
  h2load: 'nghttp2-client',
  openssl: 'openssl',
  taskset: 'util-linux',
  slowhttptest: 'slowhttptest',
  testssl: 'testssl.sh',
}

/** Stops the process with exit code 2 and the command to type, when a program of Debian is missing. */
export function needPrograms(names: readonly (keyof typeof PACKAGES)[]): void {
  const missing = names.filter((name) => !isInstalled(name))
  if (missing.length === 0) return
  const packages = missing.map((name) => PACKAGES[name] ?? name)
  console.error(`missing: ${missing.join(', ')}\n  apt-get install ${packages.join(' ')}`)
  process.exit(2)
}

function isInstalled(name: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => canRun(join(folder, name)))
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
