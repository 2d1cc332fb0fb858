// Writes docs/controls/ from the definitions and READMEs of src/controls/; --check only says whether it is current.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { controls } from '../src/controls/index.ts'
import { controlPages } from './control-pages.ts'
import { writeOrCheck } from './written-files.ts'

const root = join(import.meta.dirname, '..')
const pages = controlPages(controls, (name) =>
  readFileSync(join(root, 'src/controls', name, 'README.md'), 'utf8'),
)
process.exitCode = writeOrCheck(pages, {
  root,
  args: process.argv.slice(2),
  folder: 'docs/controls',
})
