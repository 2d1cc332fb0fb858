// Writes CHANGELOG.md from changes/<section>/<slug>.md; with --check it only says whether that is current.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { changelog, SECTIONS } from './changelog-text.ts'
import type { Change } from './changelog-text.ts'
import { writeOrCheck } from './written-files.ts'

const ROOT = join(import.meta.dirname, '..')

function readChanges(): Change[] {
  const folder = join(ROOT, 'changes')
  const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : []
  const sections = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return sections.flatMap((section) =>
    readdirSync(join(folder, section)).map((file) => ({
      section,
      file,
      text: readFileSync(join(folder, section, file), 'utf8'),
    })),
  )
}

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  version: string
}
const { text, faults } = changelog(version, readChanges())
for (const fault of faults) console.error(fault)
if (faults.length > 0)
  console.error(`sections are ${SECTIONS.join(', ')}; a change is one sentence`)
const code = faults.length > 0 ? 1 : 0
process.exitCode = Math.max(
  code,
  writeOrCheck(new Map([['CHANGELOG.md', text]]), { root: ROOT, args: process.argv.slice(2) }),
)
