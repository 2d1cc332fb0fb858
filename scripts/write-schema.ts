// Writes schema/sallyport.schema.json (for editors) and docs/configuration.md from the schema of the configuration;
// --check only says whether they are current.
import { join } from 'node:path'
import { configJsonSchema } from '../src/gateway/config/json-schema.ts'
import { configReference } from '../src/gateway/config/reference.ts'
import { writeOrCheck } from './written-files.ts'

const files = new Map([
  ['schema/sallyport.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`],
  ['docs/configuration.md', configReference()],
])
process.exitCode = writeOrCheck(files, {
  root: join(import.meta.dirname, '..'),
  args: process.argv.slice(2),
})
