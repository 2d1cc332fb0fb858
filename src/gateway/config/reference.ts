import type { SchemaNode } from './json-schema.ts'
import { configJsonSchema } from './json-schema.ts'
import { NOT_AVAILABLE } from './not-available.ts'

const INTRO = `# Configuration reference

Generated from the schema by \`node scripts/write-schema.ts\`; do not edit.

The file is YAML 1.2, JSON, or a TypeScript module whose default export is \`defineConfig({ … })\`. Relative paths start at
the folder of the file. Unknown keys stop the start. Secrets are written as references: \`env:NAME\` or \`file:PATH\`.

- **Durations**: a whole number and \`ms\`, \`s\`, \`m\` or \`min\`, \`h\`, \`d\`, \`w\`, \`y\`: \`15m\`.
- **Sizes**: a whole number and \`b\`, \`kb\`, \`mb\`, \`gb\` (powers of 1024): \`1mb\`.
- **Rates**: \`COUNT/WINDOW\`, with or without a burst: \`20/s burst 100\`, \`10/5min\`.
- **off** switches a limit or a check off; in TypeScript also \`false\`.
- **Dates**: a day ends the thing when that day begins (UTC); a full date-time is taken as it stands.
- **Rules** lay their keys over the blocks, wider ones first: operation beats path, path beats tag, tag beats method; among
  equals the longer path, then the later rule. \`relax\` ends by itself at \`until\`.
`

const REPEATED = new Set(['rules[].validate', 'rules[].data'])

interface Row {
  readonly key: string
  readonly type: string
  readonly fallback: string
  readonly meaning: string
}

function word(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

/** What may stand there, in words; `false` is not shown, since `off` is its spelling in the file. */
function typeText(node: SchemaNode): string {
  if (node.anyOf !== undefined) {
    const kinds = node.anyOf.filter((branch) => branch.const !== false).map(typeText)
    const single = kinds.find((kind) => kinds.includes(listOf(kind)))
    if (single !== undefined) return `${single}, or a list`
    return [...new Set(kinds)].join(' or ')
  }
  if (node.enum !== undefined) return [...new Set(node.enum.map(word))].join(', ')
  if (node.const !== undefined) return word(node.const)
  if (node.type === 'array') return listOf(typeText(node.items ?? {}))
  if (node.type === 'object') return node.properties === undefined ? 'entries by name' : 'block'
  if (node.title !== undefined) return node.title
  return node.type === 'string' ? 'text' : (node.type ?? 'anything')
}

function listOf(kind: string): string {
  return `list of: ${kind}`
}

function fallbackText(node: SchemaNode, isRequired: boolean): string {
  if (isRequired) return 'required'
  if (node.default === undefined) return ''
  if (Array.isArray(node.default)) return node.default.map(word).join(', ') || 'none'
  return word(node.default)
}

function rowsBelow(node: SchemaNode, path: string): readonly Row[] {
  const required = new Set(node.required ?? [])
  const keys = Object.entries(node.properties ?? {}).flatMap(([name, child]): readonly Row[] => {
    const key = path === '' ? name : `${path}.${name}`
    const row: Row = {
      key,
      type: typeText(child),
      // What a rule does not say stays as it is.
      fallback: path.startsWith('rules[]') ? '' : fallbackText(child, required.has(name)),
      meaning: child.description ?? '',
    }
    // Two blocks of a rule are as those at the top, and say so: their keys are not listed twice.
    if (REPEATED.has(key)) return [row]
    return [row, ...rowsBelow(child, key)]
  })
  const entries = node.additionalProperties
  const named = typeof entries === 'object' ? rowsBelow(entries, `${path}.NAME`) : []
  const items = node.items === undefined ? [] : rowsBelow(node.items, `${path}[]`)
  const branches = (node.anyOf ?? []).flatMap((branch) => rowsBelow(branch, path))
  return [...keys, ...named, ...items, ...branches]
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ key, type, fallback, meaning }) =>
    ['', ` \`${key}\` `, ` ${cell(type)} `, ` ${cell(fallback)} `, ` ${cell(meaning)} `, ''].join(
      '|',
    ),
  )
  return ['| Key | Type | Default | Meaning |', '| --- | --- | --- | --- |', ...lines].join('\n')
}

/** The reference documentation of the configuration, as Markdown. */
export function configReference(): string {
  const missing = NOT_AVAILABLE.map(({ key, values }) => {
    const name = `\`${key.replaceAll('*', 'NAME').replace('rules.NAME', 'rules[]')}\``
    return `- ${values === undefined ? name : `${name}: ${values}`}`
  })
  const sections = [
    INTRO,
    table(rowsBelow(configJsonSchema(), '')),
    '\n## Not available yet\n',
    'These keys are reserved. A file that uses one does not load: nothing is accepted in silence.\n',
    missing.join('\n'),
  ]
  return `${sections.join('\n')}\n`
}
