import { existsSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

const SCHEMA = join('schema', 'sallyport.schema.json')

/** The published schema of this installation, whether it runs from `src/` or from `dist/`. */
function schemaFile(): string | undefined {
  let folder = import.meta.dirname
  for (let i = 0; i < 6; i++) {
    if (existsSync(join(folder, SCHEMA))) return join(folder, SCHEMA)
    folder = dirname(folder)
  }
  return undefined
}

/**
 * The first line of a YAML configuration, by which editors find the schema; relative to the folder of the file.
 * Empty where the installation has no schema.
 */
export function schemaComment(folder: string): string {
  const file = schemaFile()
  if (file === undefined) return ''
  const path = relative(folder, file).split(sep).join('/')
  return `# yaml-language-server: $schema=${path.startsWith('.') ? path : `./${path}`}`
}
