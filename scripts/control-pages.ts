import type { Control } from '../src/pipeline/control.ts'

/** What a page says of a control: all but what makes it run. */
export type ControlFacts = Pick<
  Control<never, never>,
  'name' | 'ids' | 'stage' | 'scope' | 'block' | 'adopt' | 'onFault' | 'reasons'
>

const NOTE = 'Written by `node scripts/write-controls.ts` from the definitions in `src/controls/`.'

const COLUMNS = ['Control', 'Ids', 'Stage', 'Mode', 'Under `adopt`', 'On a fault', 'Refuses with']

/**
 * The pages of `docs/controls/`: a table of all controls in pipeline order and one page each.
 * `readmeOf` gives the README of a control's folder; its first paragraph is the control's sentence.
 */
export function controlPages(
  controls: readonly ControlFacts[],
  readmeOf: (name: string) => string,
): ReadonlyMap<string, string> {
  const pages = new Map([['docs/controls/README.md', tablePage(controls)]])
  for (const control of controls) {
    pages.set(`docs/controls/${control.name}.md`, controlPage(control, readmeOf(control.name)))
  }
  return pages
}

function tablePage(controls: readonly ControlFacts[]): string {
  const rows = controls.map((control) => [
    `[${control.name}](${control.name}.md)`,
    control.ids.join(', '),
    control.stage,
    modeText(control),
    adoptText(control),
    faultText(control),
    reasonsText(control),
  ])
  return `# Controls

In the order in which a request meets them. Ids stay the same in tests, logs and metrics. ${NOTE}

${table(COLUMNS, rows)}`
}

function controlPage(control: ControlFacts, readme: string): string {
  const facts = [
    `- Stage: ${control.stage}, for ${control.scope === 'gateway' ? 'every request' : 'each operation'}`,
    `- Ids: ${control.ids.length === 0 ? 'none' : control.ids.join(', ')}`,
    `- Mode: ${modeText(control)}`,
    `- Under the profile \`adopt\`: ${adoptText(control)}`,
    `- On a fault of its own: ${faultText(control)}`,
  ]
  return `# ${control.name}

${readme.trim()}

${facts.join('\n')}

${reasonsTable(control)}
${NOTE}
`
}

function modeText({ block }: ControlFacts): string {
  return block === undefined ? 'always enforced' : `\`${block}\``
}

function adoptText({ adopt }: ControlFacts): string {
  return adopt === 'enforce' ? 'enforced at once' : 'observed'
}

function faultText({ onFault }: ControlFacts): string {
  return onFault === 'deny' ? 'the request is refused' : 'the request goes on'
}

function reasonsText({ reasons }: ControlFacts): string {
  return Object.entries(reasons)
    .map(([reason, { status }]) => `\`${reason}\` ${status}`)
    .join(', ')
}

function reasonsTable({ reasons }: ControlFacts): string {
  const rows = Object.entries(reasons).map(([reason, spec]) => [
    `\`${reason}\``,
    String(spec.status),
    `\`${spec.problem}\``,
    spec.title,
    spec.event === undefined ? '' : `\`${spec.event}\``,
  ])
  if (rows.length === 0) return 'It refuses nothing.\n'
  return table(['Reason (log)', 'Status', 'Problem (client)', 'Title', 'Event'], rows)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map((row) => line(row)).join('')
}
