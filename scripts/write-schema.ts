// Writes schema/sallyport.schema.json (for editors) and docs/configuration.md from the schema of the configuration.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configJsonSchema } from '../src/gateway/config/json-schema.ts'
import { configReference } from '../src/gateway/config/reference.ts'

const root = join(import.meta.dirname, '..')
const files: readonly [path: string, text: string][] = [
  ['schema/sallyport.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`],
  ['docs/configuration.md', configReference()],
]
for (const [path, text] of files) {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), text)
  console.log(`wrote ${path}`)
}
