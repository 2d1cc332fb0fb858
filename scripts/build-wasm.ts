// Writes the WebAssembly modules of assembly/ into src/, as text that needs no file at run time; --check only says
// whether they are current: the compiler is pinned, so the same source gives the same bytes.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeOrCheck } from './written-files.ts'

const ROOT = join(import.meta.dirname, '..')
const COMPILER = join(ROOT, 'node_modules/assemblyscript/bin/asc.js')

/** What is compiled from which source, and where it goes. */
const MODULES: readonly {
  readonly name: string
  readonly source: string
  readonly target: string
}[] = [
  {
    name: 'RESPONSE_KERNEL',
    source: 'assembly/response-kernel.ts',
    target: 'src/openapi/kernel/response-kernel-wasm.ts',
  },
  {
    name: 'LITERAL_SCAN',
    source: 'assembly/literal-scan.ts',
    target: 'src/controls/errors/literal-scan-wasm.ts',
  },
  {
    name: 'SECRET_SCAN',
    source: 'assembly/secret-scan.ts',
    target: 'src/controls/secrets/secret-scan-wasm.ts',
  },
  {
    name: 'JSON_SCAN',
    source: 'assembly/json-scan.ts',
    target: 'src/http/json-scan-wasm.ts',
  },
  {
    name: 'FORM_TEXT',
    source: 'assembly/form-text.ts',
    target: 'src/http/form-text-wasm.ts',
  },
  {
    name: 'REQUEST_HEAD',
    source: 'assembly/request-head.ts',
    target: 'src/edges/fast/request-head-wasm.ts',
  },
  {
    name: 'ACCEPT',
    source: 'assembly/accept.ts',
    target: 'src/openapi/accept/accept-wasm.ts',
  },
]

/** No run time: no objects are made, so there is nothing to collect. */
const OPTIONS =
  '--runtime stub --optimizeLevel 3 --shrinkLevel 0 --noAssert --enable simd --enable relaxed-simd --initialMemory 16 --memoryBase 64'

function compile(source: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-wasm-'))
  try {
    const output = join(folder, 'module.wasm')
    const args = [COMPILER, source, '--outFile', output, ...OPTIONS.split(' ')]
    const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' })
    if (status !== 0) throw new Error(`the compiler ended with ${status}`)
    return readFileSync(output)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const texts = MODULES.map(({ name, source, target }): [string, string] => [
  target,
  `/** Written by \`npm run build:wasm\` from ${source}: a WebAssembly module in base64. */
export const ${name}: string =
  '${compile(source).toString('base64')}'
`,
])
process.exitCode = writeOrCheck(new Map(texts), { root: ROOT, args: process.argv.slice(2) })
