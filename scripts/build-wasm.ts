// Writes the WebAssembly modules of assembly/ into src/, as text that needs no file at run time; --check only says
// whether they are current: the compiler is pinned, so the same source gives the same bytes.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeOrCheck } from './written-files.ts'

const ROOT = join(import.meta.dirname, '..')
const COMPILER = join(ROOT, 'node_modules/assemblyscript/bin/asc.js')
const SOURCE = 'assembly/response-kernel.ts'
const TARGET = 'src/openapi/kernel/response-kernel-wasm.ts'

/** No run time: no objects are made, so there is nothing to collect. */
const OPTIONS =
  '--runtime stub --optimizeLevel 3 --shrinkLevel 0 --noAssert --enable simd --initialMemory 16 --memoryBase 64'

function compile(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-wasm-'))
  try {
    const output = join(folder, 'module.wasm')
    const args = [COMPILER, SOURCE, '--outFile', output, ...OPTIONS.split(' ')]
    const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' })
    if (status !== 0) throw new Error(`the compiler ended with ${status}`)
    return readFileSync(output)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const text = `/** Written by \`npm run build:wasm\` from ${SOURCE}: a WebAssembly module in base64. */
export const RESPONSE_KERNEL: string =
  '${compile().toString('base64')}'
`
process.exitCode = writeOrCheck(new Map([[TARGET, text]]), {
  root: ROOT,
  args: process.argv.slice(2),
})
