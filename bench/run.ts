// npm run bench -- NAME [flags]: runs bench/NAME/run.ts; without a name, lists what there is.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'

const HERE = import.meta.dirname
const names = readdirSync(HERE, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() && existsSync(join(HERE, entry.name, 'run.ts')) ? [entry.name] : [],
)
const [name, ...flags] = process.argv.slice(2)
if (name === undefined || !names.includes(name)) {
  console.log(`npm run bench -- NAME, one of: ${names.join(', ')}`)
  process.exitCode = name === undefined ? 0 : 1
} else {
  process.exitCode =
    spawnSync(process.execPath, [join(HERE, name, 'run.ts'), ...flags], { stdio: 'inherit' })
      .status ?? 1
}
