/** In the order in which a reader needs them. */
export const SECTIONS = ['breaking', 'security', 'feature', 'fix'] as const

const TITLES: Readonly<Record<(typeof SECTIONS)[number], string>> = {
  breaking: 'Breaking',
  security: 'Security',
  feature: 'New',
  fix: 'Fixed',
}

/** One file of `changes/`. */
export interface Change {
  readonly section: string
  readonly file: string
  readonly text: string
}

/** The text of CHANGELOG.md, and what is wrong with single changes; those are left out. */
export function changelog(
  version: string,
  changes: readonly Change[],
): { readonly text: string; readonly faults: readonly string[] } {
  const faults = changes.flatMap((change) => {
    const fault = faultOf(change)
    return fault === undefined ? [] : [`changes/${change.section}/${change.file} ${fault}`]
  })
  const good = changes.filter((change) => faultOf(change) === undefined)
  const sections = SECTIONS.map((section) => sectionText(section, good))
  const head =
    '# Changes\n\nWritten by `node scripts/changelog.ts` from `changes/`; one file is one change.\n'
  return {
    text: [head, `## ${version}\n`, ...sections.filter((text) => text !== '')].join('\n'),
    faults,
  }
}

function sectionText(section: (typeof SECTIONS)[number], changes: readonly Change[]): string {
  const lines = changes
    .filter((change) => change.section === section)
    .toSorted((a, b) => (a.file < b.file ? -1 : 1))
    .map(({ text }) => `- ${oneLine(text)}\n`)
  return lines.length === 0 ? '' : `### ${TITLES[section]}\n\n${lines.join('')}`
}

function faultOf({ section, file, text }: Change): string | undefined {
  if (!SECTIONS.some((known) => known === section)) return 'is in no known section'
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*\.md$/.test(file)) return 'is not named like kebab-case.md'
  const line = oneLine(text)
  if (!line.endsWith('.') || /\.\s+[A-Z]/.test(line)) return 'is not one sentence'
  return undefined
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ')
}
