// Builds what users get into dist/package: compiled sources, the launcher, the schema, a package.json of its own.
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { packageManifest } from './package-manifest.ts'
import type { RootManifest } from './package-manifest.ts'

const ROOT = join(import.meta.dirname, '..')
const TARGET = join(ROOT, 'dist/package')

/** Files beside the sources that the compiler does not carry over. */
const ASSETS: readonly string[] = [
  'src/**/*.{json,yaml,html,css,wasm}',
  'cli/**/*.{mjs,json,yaml}',
  // `sallyport demo` runs the shop.
  'examples/shop/*.yaml',
]
const TEXTS: readonly string[] = [
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'schema/sallyport.schema.json',
]

function copy(from: string, to: string): void {
  mkdirSync(dirname(join(TARGET, to)), { recursive: true })
  copyFileSync(join(ROOT, from), join(TARGET, to))
}

function compile(): void {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const args = [tsc, '-p', 'tsconfig.build.json', '--outDir', join(TARGET, 'dist')]
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

rmSync(TARGET, { recursive: true, force: true })
compile()
for (const file of globSync([...ASSETS], { cwd: ROOT })) copy(file, join('dist', file))
for (const file of TEXTS) if (existsSync(join(ROOT, file))) copy(file, file)
const root = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as RootManifest
writeFileSync(join(TARGET, 'package.json'), `${JSON.stringify(packageManifest(root), null, 2)}\n`)
